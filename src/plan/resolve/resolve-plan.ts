// Follows every reference of a plan: shared properties, groups, per-source differences. Pure; mistakes are hits, and the rest goes on.
import { didYouMean, type DocumentPath } from "../files/located-document.ts";
import type { Presence, ValueType } from "../lock.ts";
import type { RawEvent, RawPerson, RawPlan, RawProperty, RawPropertyUse } from "../raw-plan.ts";
import type { RuleHit } from "../rules/rule-context.ts";
import { isWithin, readType } from "./value-type.ts";

export interface ResolvedProperty {
  /** Wire name. */
  readonly name: string;
  readonly presence: Presence;
  readonly type: ValueType;
  readonly raw: RawProperty;
  readonly sources: Readonly<Record<string, Presence | "omitted">>;
  /** Where it was defined, and where it is used. */
  readonly definedAt: DocumentPath;
  readonly usedAt: DocumentPath;
}

export interface ResolvedEvent {
  readonly id: string;
  readonly raw: RawEvent;
  /** Source ids with the first release. */
  readonly sources: Readonly<Record<string, { readonly since?: string }>>;
  /** By wire name. */
  readonly properties: ReadonlyMap<string, ResolvedProperty>;
}

export interface ResolvedPerson {
  readonly id: string;
  readonly name: string;
  readonly raw: RawPerson;
  readonly type: ValueType;
  readonly path: DocumentPath;
}

export interface ResolvedPlan {
  readonly events: readonly ResolvedEvent[];
  readonly people: readonly ResolvedPerson[];
  /** Group key → properties. */
  readonly groups: ReadonlyMap<string, readonly ResolvedPerson[]>;
  readonly hits: readonly RuleHit[];
}

interface SharedProperty {
  readonly id: string;
  readonly name: string;
  readonly raw: RawProperty;
  readonly type: ValueType;
}

type SourceDifferences = Exclude<NonNullable<RawEvent["sources"]>, readonly string[]>;

function isList(sources: readonly string[] | SourceDifferences): sources is readonly string[] {
  return Array.isArray(sources);
}

class Resolver {
  readonly hits: RuleHit[] = [];
  readonly #plan: RawPlan;
  readonly #shared = new Map<string, SharedProperty>();
  readonly #sharedByName = new Map<string, SharedProperty>();

  constructor(plan: RawPlan) {
    this.#plan = plan;
    for (const [id, raw] of Object.entries(plan.properties)) {
      const { type, hits } = readType(raw, ["properties", id]);
      this.hits.push(...hits);
      const shared = { id, name: raw.name ?? id, raw, type };
      this.#shared.set(id, shared);
      this.#sharedByName.set(shared.name, shared);
    }
  }

  dangling(path: DocumentPath, what: string, [name, known]: readonly [string, readonly string[]]): void {
    const meant = didYouMean(name, known);
    this.hits.push({
      id: "dangling-reference",
      path,
      message: `The plan has no ${what} \`${name}\``,
      fix: meant === undefined ? `Define it, or correct the reference.` : `Did you mean \`${meant}\`?`,
    });
  }

  /** Resolves one entry of `properties`; undefined for one that is omitted or dangling. */
  #use(id: string, use: RawPropertyUse, path: DocumentPath): ResolvedProperty | undefined {
    if (use === "omitted") return undefined;
    const shared = this.#shared.get(id);
    if (typeof use === "string" || use.type === undefined) {
      if (shared === undefined) {
        this.dangling(path, "shared property", [id, [...this.#shared.keys()]]);
        return undefined;
      }
      const over = typeof use === "string" ? { presence: use } : use;
      return this.#reference(shared, over, path);
    }
    const name = use.name ?? id;
    const { type, hits } = readType(use, path);
    this.hits.push(...hits);
    const same = shared ?? this.#sharedByName.get(name);
    if (same !== undefined && same.name === name) this.#checkWithin(type, same, path);
    return {
      name,
      presence: use.presence ?? "optional",
      type,
      raw:
        same === undefined || same.name !== name
          ? use
          : { ...same.raw, ...use, was: [...(same.raw.was ?? []), ...(use.was ?? [])] },
      sources: use.sources ?? {},
      definedAt: path,
      usedAt: path,
    };
  }

  /** A reference may narrow: fewer values, tighter limits. */
  #reference(shared: SharedProperty, over: RawProperty, path: DocumentPath): ResolvedProperty {
    const raw: RawProperty = { ...shared.raw, ...over };
    const narrowed = readType(raw, path);
    const changesType =
      narrowed.hits.length > 0 || JSON.stringify(narrowed.type) !== JSON.stringify(shared.type);
    if (changesType) {
      this.hits.push(...narrowed.hits);
      this.#checkWithin(narrowed.type, shared, path);
    }
    return {
      name: shared.name,
      presence: over.presence ?? "optional",
      type: narrowed.type,
      raw,
      sources: over.sources ?? {},
      definedAt: ["properties", shared.id],
      usedAt: path,
    };
  }

  #checkWithin(type: ValueType, shared: SharedProperty, path: DocumentPath): void {
    if (isWithin(type, shared.type)) return;
    this.hits.push({
      id: "widened-property",
      path,
      message: `It allows what the shared property \`${shared.id}\` does not`,
      fix: "Narrow it, or widen the shared property: one name means one thing in the whole plan.",
    });
  }

  #groupProperties(event: RawEvent, at: DocumentPath): Map<string, ResolvedProperty> {
    const properties = new Map<string, ResolvedProperty>();
    const from = new Map<string, string>();
    for (const [index, group] of (event.use ?? []).entries()) {
      const members = this.#plan.groups_of_properties[group];
      if (members === undefined) {
        this.dangling([...at, "use", index], "group of properties", [
          group,
          Object.keys(this.#plan.groups_of_properties),
        ]);
        continue;
      }
      for (const [id, use] of Object.entries(members)) {
        const resolved = this.#use(id, use, ["groups_of_properties", group, id]);
        if (!resolved) continue;
        const before = properties.get(resolved.name);
        const same =
          before &&
          before.presence === resolved.presence &&
          JSON.stringify(before.type) === JSON.stringify(resolved.type);
        const isOwn = event.properties !== undefined && Object.hasOwn(event.properties, id);
        if (before && !same && !isOwn)
          this.hits.push({
            id: "group-collision",
            path: [...at, "use", index],
            message: `Groups \`${from.get(resolved.name) ?? ""}\` and \`${group}\` both bring \`${id}\`, each in its own way`,
            fix: `Say it in the event itself: \`properties: { ${id}: … }\`.`,
          });
        properties.set(resolved.name, resolved);
        from.set(resolved.name, group);
      }
    }
    return properties;
  }

  event(id: string, raw: RawEvent): ResolvedEvent {
    const at = ["events", id];
    const properties = this.#groupProperties(raw, at);
    for (const [key, use] of Object.entries(raw.properties ?? {})) {
      const path = [...at, "properties", key];
      const name = this.#shared.get(key)?.name ?? (typeof use === "string" ? key : (use.name ?? key));
      if (use === "omitted") {
        if (!properties.delete(name))
          this.dangling(path, "property from a group", [key, [...properties.keys()]]);
        continue;
      }
      const resolved = this.#use(key, use, path);
      if (resolved) properties.set(resolved.name, resolved);
    }
    const sources = this.#sources(raw, at, properties);
    return { id, raw, sources, properties };
  }

  /** Source ids of an event; differences by source are written into its properties. */
  #sources(
    raw: RawEvent,
    at: DocumentPath,
    properties: Map<string, ResolvedProperty>,
  ): Readonly<Record<string, { readonly since?: string }>> {
    const known = Object.keys(this.#plan.sources);
    const given: NonNullable<RawEvent["sources"]> = raw.sources ?? {};
    const map: SourceDifferences = isList(given) ? Object.fromEntries(given.map((id) => [id, {}])) : given;
    const out: Record<string, { since?: string }> = {};
    for (const [index, [source, difference]] of Object.entries(map).entries()) {
      const path = [...at, "sources", isList(given) ? index : source];
      if (!known.includes(source)) this.dangling(path, "source", [source, known]);
      out[source] = difference.since === undefined ? {} : { since: difference.since };
      for (const [key, presence] of Object.entries(difference.properties ?? {})) {
        const name = this.#shared.get(key)?.name ?? key;
        const property = properties.get(name);
        if (property === undefined)
          this.dangling([...path, "properties", key], "property of this event", [
            key,
            [...properties.keys()],
          ]);
        else properties.set(name, { ...property, sources: { ...property.sources, [source]: presence } });
      }
    }
    for (const property of properties.values())
      for (const source of Object.keys(property.sources))
        if (!known.includes(source))
          this.dangling([...property.usedAt, "sources", source], "source", [source, known]);
    return out;
  }

  person(id: string, raw: RawPerson, path: DocumentPath): ResolvedPerson {
    const { type, hits } = readType(raw, path);
    this.hits.push(...hits);
    const known = Object.keys(this.#plan.sources);
    for (const [index, source] of (raw.sources ?? []).entries())
      if (!known.includes(source)) this.dangling([...path, "sources", index], "source", [source, known]);
    return { id, name: raw.name ?? id, raw, type, path };
  }

  references(): void {
    const ids = Object.keys(this.#plan.events);
    for (const [index, id] of (this.#plan.identity?.reset_on ?? []).entries())
      if (!ids.includes(id)) this.dangling(["identity", "reset_on", index], "event", [id, ids]);
    for (const [id, { deprecated }] of Object.entries(this.#plan.events))
      if (deprecated?.to !== undefined && !ids.includes(deprecated.to))
        this.dangling(["events", id, "deprecated", "to"], "event", [deprecated.to, ids]);
  }
}

/** Resolves a plan. */
export function resolvePlan(plan: RawPlan): ResolvedPlan {
  const resolver = new Resolver(plan);
  const events = Object.entries(plan.events).map(([id, raw]) => resolver.event(id, raw));
  const people = Object.entries(plan.people).map(([id, raw]) => resolver.person(id, raw, ["people", id]));
  const groups = new Map(
    Object.entries(plan.groups).map(([key, properties]) => [
      key,
      Object.entries(properties).map(([id, raw]) => resolver.person(id, raw, ["groups", key, id])),
    ]),
  );
  resolver.references();
  return { events, people, groups, hits: resolver.hits };
}

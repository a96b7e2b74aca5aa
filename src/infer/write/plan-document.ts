// A draft as a plan document: ids given, what several events share put together, evidence as comments. Stable order: by id.
import { type Finding, isObject, type PlanLimits } from "../../core/index.ts";
import { checkPlan, type ValueType } from "../../plan/index.ts";
import { Document, isMap, isPair, isScalar, type Node, visit } from "yaml";
import { CREDENTIAL } from "../propose/choose-data-class.ts";
import type { DraftEvent, DraftProperty, DraftUse, PlanDraft } from "../propose/plan-draft.ts";
import { shown } from "../propose/words.ts";
import { assignIds, camelId, propertyId } from "./plan-ids.ts";

type Entry = Record<string, unknown>;

/** Comment of each entry, by its path joined with a NUL. */
type Comments = Map<string, string>;

interface Ids {
  readonly events: ReadonlyMap<string, string>;
  readonly properties: ReadonlyMap<string, string>;
}

const SEPARATOR = "\0";
/** Rules that traffic can break and a plan of it cannot mend: they are warnings in the proposed plan. */
const BENDABLE: ReadonlySet<string> = new Set(["similar-names", "reserved-name", "provider-limit"]);

function typeEntry(type: ValueType): Entry {
  if (type.type !== "list" || type.items === undefined) return { ...type };
  return { ...type, items: typeEntry(type.items) };
}

function propertyEntry(property: DraftProperty, id: string): Entry {
  return {
    ...(property.name === id ? {} : { name: property.name }),
    ...typeEntry(property.type),
    ...(property.was.length === 0 ? {} : { was: property.was }),
    ...(property.data === undefined ? {} : { data: property.data }),
    ...(property.description === undefined ? {} : { description: property.description }),
  };
}

function useEntry(use: DraftUse, property: DraftProperty | undefined, id: string): unknown {
  const hasSources = Object.keys(use.sources).length > 0;
  const more = {
    ...(use.presence === "required" || property === undefined ? { presence: use.presence } : {}),
    ...(hasSources ? { sources: use.sources } : {}),
  };
  if (property !== undefined) return { ...propertyEntry(property, id), ...more };
  return hasSources ? more : use.presence;
}

class Writer {
  readonly comments: Comments = new Map();
  readonly #draft: PlanDraft;
  readonly #ids: Ids;
  readonly #shared: ReadonlySet<string>;

  constructor(draft: PlanDraft) {
    this.#draft = draft;
    this.#ids = {
      events: assignIds(
        [...draft.events].map(([key, { name }]) => [key, name]),
        camelId,
        "event",
      ),
      properties: assignIds(
        [...draft.properties].map(([key, { name }]) => [key, name]),
        propertyId,
        "property",
      ),
    };
    const uses = new Map<string, number>();
    for (const { properties } of draft.events.values())
      for (const key of properties.keys()) uses.set(key, (uses.get(key) ?? 0) + 1);
    this.#shared = new Set([...uses].filter(([, count]) => count > 1).map(([key]) => key));
  }

  #note(path: readonly string[], parts: readonly string[]): void {
    if (parts.length > 0) this.comments.set(path.join(SEPARATOR), parts.join(", "));
  }

  #event(key: string, event: DraftEvent): Entry {
    const id = this.#ids.events.get(key) ?? key;
    this.#note(["events", id], event.evidence);
    const properties: Entry = {};
    for (const [propertyKey, use] of event.properties) {
      const property = this.#draft.properties.get(propertyKey);
      const propertyId = this.#ids.properties.get(propertyKey) ?? propertyKey;
      const own = this.#shared.has(propertyKey) ? undefined : property;
      properties[propertyId] = useEntry(use, own, propertyId);
      if (own !== undefined) this.#note(["events", id, "properties", propertyId], own.evidence);
    }
    const { deprecated } = event;
    const to = deprecated?.to === undefined ? undefined : this.#ids.events.get(deprecated.to);
    return {
      name: event.name,
      ...(event.description === undefined ? {} : { description: event.description }),
      ...(event.owner === undefined ? {} : { owner: event.owner }),
      ...(event.tags === undefined || event.tags.length === 0 ? {} : { tags: event.tags }),
      ...(event.sources.length === 0 ? {} : { sources: event.sources }),
      ...(event.was.length === 0 ? {} : { was: event.was }),
      ...(event.acceptsMisfits ? { invalid_property: "accept" } : {}),
      ...(event.acceptsUnknown ? { unknown_property: "accept" } : {}),
      ...(deprecated === undefined
        ? {}
        : {
            deprecated: {
              ...(to === undefined ? {} : { to }),
              remove_after: deprecated.removeAfter,
              gateway: "accept",
            },
          }),
      ...(event.properties.size === 0 ? {} : { properties: sorted(properties) }),
    };
  }

  #properties(): Entry {
    const entries: Entry = {};
    for (const key of this.#shared) {
      const property = this.#draft.properties.get(key);
      const id = this.#ids.properties.get(key);
      if (property === undefined || id === undefined) continue;
      entries[id] = propertyEntry(property, id);
      this.#note(["properties", id], property.evidence);
    }
    return sorted(entries);
  }

  #people(): Entry {
    const people = [...this.#draft.people.values()];
    const ids = assignIds(
      people.map(({ name }) => [name, name]),
      propertyId,
      "property",
    );
    return sorted(
      Object.fromEntries(
        people.map(({ name, type, data, description }) => [
          ids.get(name) ?? name,
          {
            ...(ids.get(name) === name ? {} : { name }),
            ...typeEntry(type),
            ...(data === undefined ? {} : { data }),
            owner: "state",
            ...(description === undefined ? {} : { description }),
          },
        ]),
      ),
    );
  }

  plan(rules: Readonly<Record<string, string>>): Entry {
    const draft = this.#draft;
    const { sources, identity, acceptsUnknownEvents, acceptsUnknownProperties } = draft;
    for (const { id, evidence } of sources) this.#note(["sources", id], [evidence]);
    this.#note(["identity", "user_id"], [identity.evidence]);
    const properties = this.#properties();
    const people = this.#people();
    const hasCredential = [...draft.properties.values(), ...draft.people.values()].some(
      ({ data }) => data === CREDENTIAL,
    );
    const { missing, user_id } = identity;
    return {
      plumbline: 1,
      name: draft.name,
      defaults: {
        unknown_event: acceptsUnknownEvents ? "accept" : "quarantine",
        unknown_property: acceptsUnknownProperties ? "accept" : "strip",
      },
      sources: Object.fromEntries(sources.map(({ id, trust }) => [id, { trust }])),
      identity: { user_id, ...(missing === "accept" ? { missing } : {}) },
      ...(hasCredential
        ? { data_classes: { [CREDENTIAL]: { gateway: "drop", description: "Tokens and passwords" } } }
        : {}),
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      events: sorted(
        Object.fromEntries(
          [...draft.events].map(([key, event]) => [
            this.#ids.events.get(key) ?? key,
            this.#event(key, event),
          ]),
        ),
      ),
      ...(Object.keys(people).length === 0 ? {} : { people }),
      ...(Object.keys(rules).length === 0 ? {} : { lint: { rules } }),
    };
  }
}

function sorted(entries: Entry): Entry {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Maps that hold entries, one a line or more; all other maps and lists are written on one line. */
const BLOCK_DEPTHS: Readonly<Record<string, number>> = { events: 3, properties: 1, people: 1, sources: 1 };

function isBlock(path: readonly string[]): boolean {
  const [section = ""] = path;
  if (path.length <= 1) return true;
  if (section === "events") return path.length === 2 || (path.length === 3 && path[2] === "properties");
  return path.length < (BLOCK_DEPTHS[section] ?? 1);
}

function writeYaml(plan: Entry, head: readonly string[], comments: Comments): string {
  const document = new Document(plan, { aliasDuplicateObjects: false });
  const walk = (node: unknown, path: readonly string[]): void => {
    if (!isMap(node)) return;
    if (!isBlock(path)) node.flow = true;
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const at = [...path, key];
      const comment = comments.get(at.join(SEPARATOR));
      if (comment !== undefined && isScalar(pair.key)) {
        const text = ` ${shown(comment).length < comment.length ? comment.replaceAll(/\s+/g, " ") : comment}`;
        const value = pair.value as Node | null;
        if (isMap(value) && isBlock(at)) pair.key.commentBefore = text;
        else if (value !== null) value.comment = text;
      }
      walk(pair.value, at);
    }
  };
  walk(document.contents, []);
  visit(document, {
    Seq: (_, node) => {
      node.flow = true;
    },
    Pair: (_, pair) => {
      if (
        isPair(pair) &&
        isScalar(pair.key) &&
        isMap(document.contents) &&
        document.contents.items.includes(pair)
      )
        pair.key.spaceBefore = !["plumbline", "name"].includes(String(pair.key.value));
    },
  });
  document.commentBefore = head.map((line) => ` ${line}`).join("\n");
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

export interface WrittenPlan {
  /** The file. */
  readonly text: string;
  /** Of `check`; none is an error, unless this is a bug. */
  readonly findings: readonly Finding[];
}

function check(text: string, limits: readonly PlanLimits[]): readonly Finding[] {
  const files = { read: () => text, expand: () => [] };
  // Dates do not matter to a plan that was made a moment ago; without a clock the same data gives the same bytes.
  return checkPlan("plan.yaml", files, { limits, today: "1970-01-01" }).findings;
}

/** Writes a draft as one YAML file, and checks it. */
export function writePlan(draft: PlanDraft, limits: readonly PlanLimits[]): WrittenPlan {
  const write = (rules: Readonly<Record<string, string>>): string => {
    const writer = new Writer(draft);
    const plan = writer.plan(rules);
    return isObject(plan) ? writeYaml(plan, draft.head, writer.comments) : "";
  };
  const text = write({});
  const findings = check(text, limits);
  const bent = new Set(
    findings.filter(({ id, level }) => level === "error" && BENDABLE.has(id)).map(({ id }) => id),
  );
  if (bent.size === 0) return { text, findings };
  const again = write(Object.fromEntries([...bent].sort().map((id) => [id, "warn"])));
  return { text: again, findings: check(again, limits) };
}

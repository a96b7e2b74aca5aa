// Rules about names: unique, spelled alike, not taken by the provider.
import type { PlanLimits } from "../../core/index.ts";
import type { DocumentPath } from "../files/located-document.ts";
import type { NamingStyle } from "../raw-plan.ts";
import type { ResolvedPerson } from "../resolve/resolve-plan.ts";
import type { RuleContext, RuleHit } from "./rule-context.ts";
import { similarName } from "./similar-name.ts";

interface Named {
  readonly name: string;
  readonly path: DocumentPath;
  /** The same subject may use a name twice. */
  readonly subject: string;
}

function eventNames({ resolved }: RuleContext): Named[] {
  return resolved.events.flatMap(({ id, raw }) => [
    { name: raw.name, path: ["events", id, "name"], subject: id },
    ...(raw.was ?? []).map((name, index) => ({ name, path: ["events", id, "was", index], subject: id })),
  ]);
}

function duplicates(names: readonly Named[], what: string): RuleHit[] {
  const first = new Map<string, Named>();
  const hits: RuleHit[] = [];
  for (const named of names) {
    const before = first.get(named.name);
    if (before === undefined) first.set(named.name, named);
    else
      hits.push({
        id: "duplicate-name",
        path: named.path,
        message: `The wire name \`${named.name}\` also belongs to ${before.path.join(".")}`,
        fix: `A ${what} on the wire must mean one thing; choose another name, or remove it from \`was\`.`,
      });
  }
  return hits;
}

function similar(names: readonly Named[]): RuleHit[] {
  const first = new Map<string, Named>();
  const hits: RuleHit[] = [];
  for (const named of names) {
    const key = similarName(named.name);
    const before = first.get(key);
    if (before === undefined) first.set(key, named);
    else if (before.name !== named.name && before.subject !== named.subject)
      hits.push({
        id: "similar-names",
        path: named.path,
        message: `\`${named.name}\` and \`${before.name}\` (${before.path.join(".")}) differ only in case, spaces or punctuation`,
        fix: "Make it one name, with the other spelling in `was`.",
      });
  }
  return hits;
}

const STYLES: Readonly<Record<NamingStyle, RegExp>> = {
  "Sentence case": /^[\p{Lu}\p{N}][^\s_]*(?: [^\s_]+)*$/u,
  "Title Case": /^[\p{Lu}\p{N}][^\s_]*(?: [\p{Lu}\p{N}][^\s_]*)*$/u,
  snake_case: /^[\p{Ll}\p{N}]+(?:_[\p{Ll}\p{N}]+)*$/u,
  camelCase: /^\p{Ll}[\p{L}\p{N}]*$/u,
  "kebab-case": /^[\p{Ll}\p{N}]+(?:-[\p{Ll}\p{N}]+)*$/u,
};

/** In sentence case only the first word begins with a capital; words all in capitals are abbreviations. */
function fitsStyle(name: string, style: NamingStyle): boolean {
  if (!STYLES[style].test(name)) return false;
  if (style !== "Sentence case") return true;
  return name
    .split(" ")
    .slice(1)
    .every((word) => /^[^\p{Lu}]/u.test(word) || word === word.toUpperCase());
}

function styleHits(names: readonly Named[], style: NamingStyle | undefined): RuleHit[] {
  if (style === undefined) return [];
  return names
    .filter(({ name }) => !name.startsWith("$") && !fitsStyle(name, style))
    .map(({ name, path }) => ({
      id: "naming-style",
      path,
      message: `\`${name}\` is not in ${style}`,
      fix: "Rename it, and keep the old spelling in `was`.",
    }));
}

function isReserved(name: string, limit: PlanLimits, names: readonly string[]): boolean {
  return limit.reservedPrefixes.some((prefix) => name.startsWith(prefix)) || names.includes(name);
}

function reserved(
  names: readonly Named[],
  context: RuleContext,
  kind: "event" | "property" | "profile",
): RuleHit[] {
  const hits: RuleHit[] = [];
  for (const limit of context.limits) {
    const list = kind === "event" ? limit.reservedEventNames : limit.reservedPropertyNames;
    for (const { name, path } of names) {
      if (!isReserved(name, limit, list)) continue;
      if (kind === "profile" && limit.writableProfileNames.includes(name)) continue;
      hits.push({
        id: "reserved-name",
        path,
        message: `\`${name}\` has a meaning of its own in ${limit.provider}`,
        fix: "Choose a name without a reserved prefix.",
      });
    }
  }
  return hits;
}

function profileNames(people: readonly ResolvedPerson[]): Named[] {
  return people.flatMap(({ name, raw, path, id }) => [
    { name, path: raw.name === undefined ? path : [...path, "name"], subject: id },
    ...(raw.was ?? []).map((was, index) => ({ name: was, path: [...path, "was", index], subject: id })),
  ]);
}

/** Names of properties in events, each definition once. */
function propertyNames({ resolved }: RuleContext): Named[] {
  const seen = new Set<string>();
  const names: Named[] = [];
  for (const { properties } of resolved.events)
    for (const { name, definedAt } of properties.values()) {
      const key = `${definedAt.join(".")} ${name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      names.push({ name, path: definedAt, subject: name });
    }
  return names;
}

function propertyDuplicates({ resolved }: RuleContext): RuleHit[] {
  return resolved.events.flatMap(({ properties }) => {
    const names = [...properties.values()].flatMap(({ name, raw, definedAt }) => [
      { name, path: definedAt, subject: name },
      ...(raw.was ?? []).map((was, index) => ({
        name: was,
        path: [...definedAt, "was", index],
        subject: name,
      })),
    ]);
    return duplicates(names, "property");
  });
}

/** Every mistake once, however many events share it. */
function once(hits: readonly RuleHit[]): RuleHit[] {
  const seen = new Set<string>();
  return hits.filter(({ id, path, message }) => {
    const key = `${id} ${path.join(".")} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function typesByName({ resolved }: RuleContext): RuleHit[] {
  const first = new Map<string, { readonly type: string; readonly path: DocumentPath }>();
  const hits: RuleHit[] = [];
  for (const { properties } of resolved.events)
    for (const { name, type, definedAt } of properties.values()) {
      const items = type.type === "list" ? (type.items?.type ?? "") : "";
      const shown = items === "" ? type.type : `${type.type} of ${items}`;
      const before = first.get(name);
      if (before === undefined) first.set(name, { type: shown, path: definedAt });
      else if (before.type !== shown)
        hits.push({
          id: "one-name-two-types",
          path: definedAt,
          message: `\`${name}\` is ${shown} here and ${before.type} in ${before.path.join(".")}`,
          fix: "Define it once under `properties` and refer to it, or give one of them another name.",
        });
    }
  return hits;
}

/** All rules about names. */
export function nameRules(context: RuleContext): readonly RuleHit[] {
  const { raw, resolved } = context;
  const events = eventNames(context);
  const current = events.filter(({ path }) => path.at(-1) === "name");
  const properties = propertyNames(context);
  const sets = [resolved.people, ...resolved.groups.values()];
  const { naming } = raw.defaults;
  return once([
    ...duplicates(events, "name"),
    ...similar(events),
    ...styleHits(current, naming?.event),
    ...reserved(current, context, "event"),
    ...propertyDuplicates(context),
    ...typesByName(context),
    ...similar(properties),
    ...styleHits(properties, naming?.property),
    ...reserved(properties, context, "property"),
    ...sets.flatMap((people) => {
      const names = profileNames(people);
      const own = names.filter(({ path }) => path.at(-2) !== "was");
      return [
        ...duplicates(names, "profile property"),
        ...similar(names),
        ...styleHits(own, naming?.property),
        ...reserved(own, context, "profile"),
      ];
    }),
  ]);
}

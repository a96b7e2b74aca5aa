// What Lexicon has, beside what the plan says: only what the plan owns is compared. Pure.
import { isObject } from "../../../core/index.ts";
import type { LexiconEntity } from "./entity.ts";

/** An entity as Lexicon gives it back. */
export interface StoredEntity {
  readonly entityType: string;
  readonly name: string;
  readonly schemaJson: Readonly<Record<string, unknown>>;
}

export interface LexiconChange {
  readonly entityType: string;
  readonly name: string;
  /** What differs, for example `description` or `properties.plan_tier.type`; `entity` when it is not there at all. */
  readonly at: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface LexiconComparison {
  readonly changes: readonly LexiconChange[];
  /** Entities that have to be sent. */
  readonly stale: readonly LexiconEntity[];
  /** Names in Lexicon that the plan does not have: told, never touched. */
  readonly foreign: readonly { readonly entityType: string; readonly name: string }[];
}

/** Nothing, an empty text and an empty list are the same there. */
function settled(value: unknown): unknown {
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return null;
  return value;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(settled(a)) === JSON.stringify(settled(b));
}

function metadataOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metadata = schema["metadata"];
  const own = isObject(metadata) ? metadata["com.mixpanel"] : undefined;
  return isObject(own) ? own : {};
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

type Difference = readonly [at: string, before: unknown, after: unknown];

function schemaDifferences(entity: LexiconEntity, stored: StoredEntity): readonly Difference[] {
  const { schemaJson: wanted } = entity;
  const found: Difference[] = [];
  const compare = (at: string, before: unknown, after: unknown): void => {
    if (!isSame(before, after)) found.push([at, settled(before), settled(after)]);
  };
  compare("description", stored.schemaJson["description"], wanted.description);
  const required = stored.schemaJson["required"];
  compare(
    "required",
    Array.isArray(required) ? (required as unknown[]).map(String).sort() : undefined,
    wanted.required,
  );
  const before = metadataOf(stored.schemaJson);
  // A flag that was never set is off.
  for (const [key, value] of Object.entries(wanted.metadata?.["com.mixpanel"] ?? {}))
    compare(key, key === "hidden" ? (before[key] ?? false) : before[key], value);
  const old = membersOf(stored.schemaJson["properties"]);
  for (const [name, property] of Object.entries(wanted.properties)) {
    if (!Object.hasOwn(old, name)) {
      found.push([`properties.${name}`, null, property.type]);
      continue;
    }
    const its = membersOf(old[name]);
    compare(`properties.${name}.type`, its["type"], property.type);
    compare(`properties.${name}.description`, its["description"], property.description);
  }
  for (const name of Object.keys(old))
    if (!Object.hasOwn(wanted.properties, name))
      found.push([`properties.${name}`, membersOf(old[name])["type"] ?? "?", null]);
  return found;
}

/** Compares. */
export function compareLexicon(
  wanted: readonly LexiconEntity[],
  stored: readonly StoredEntity[],
): LexiconComparison {
  const byKey = new Map(stored.map((entity) => [`${entity.entityType}/${entity.name}`, entity]));
  const own = new Set(wanted.map(({ entityType, name }) => `${entityType}/${name}`));
  const changes: LexiconChange[] = [];
  const stale: LexiconEntity[] = [];
  for (const entity of wanted) {
    const { entityType, name } = entity;
    const there = byKey.get(`${entityType}/${name}`);
    const differences: readonly Difference[] = there
      ? schemaDifferences(entity, there)
      : [["entity", null, `${Object.keys(entity.schemaJson.properties).length} properties`]];
    if (differences.length === 0) continue;
    stale.push(entity);
    changes.push(...differences.map(([at, before, after]) => ({ entityType, name, at, before, after })));
  }
  const foreign = stored
    .filter(({ entityType, name }) => !own.has(`${entityType}/${name}`))
    .map(({ entityType, name }) => ({ entityType, name }));
  return { changes, stale, foreign };
}

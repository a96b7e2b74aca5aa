// Lexicon as the dictionary that cleanup changes: single values of events and properties, everything else of an entity sent as it stands there.
// Source (read 2026-11): Mixpanel "Lexicon Schemas API": an absent metadata key keeps its value, `null` clears it.
import {
  AppError,
  type DictionaryEntry,
  type DictionaryName,
  isObject,
  type JsonValue,
  type ProfileAnswer,
  type ProviderDictionary,
} from "../../../core/index.ts";
import { createLexiconClient, lexiconBatches, type LexiconOptions, type SentEntity } from "./client.ts";
import type { StoredEntity } from "./compare.ts";
import { LEXICON_LIMITS, LEXICON_WINDOW_MS } from "./pace.ts";

type Schema = Readonly<Record<string, unknown>>;

const OWNER = "com.mixpanel";
/** Values that stand in the metadata; the description stands beside it. */
const METADATA = ["hidden", "dropped", "displayName", "tags"] as const;

function objectOf(value: unknown): Schema {
  return isObject(value) ? value : {};
}

/** The schema of an entity, or of one of its properties. */
function schemaOf(stored: Schema, property: string | undefined): Schema {
  if (property === undefined) return stored;
  const properties = objectOf(stored["properties"]);
  return Object.hasOwn(properties, property) ? objectOf(properties[property]) : {};
}

function valuesOf(schema: Schema): Readonly<Record<string, JsonValue>> {
  const own = objectOf(objectOf(schema["metadata"])[OWNER]);
  const value = (given: unknown): JsonValue => (given === undefined ? null : (given as JsonValue));
  return {
    description: value(schema["description"]),
    ...Object.fromEntries(METADATA.map((key) => [key, value(own[key])])),
  };
}

/** A schema with some values other than before. */
function changed(schema: Schema, values: DictionaryEntry["values"]): Schema {
  const { description, ...metadata } = values;
  const before = objectOf(schema["metadata"]);
  return {
    ...schema,
    ...(description === undefined ? {} : { description }),
    ...(Object.keys(metadata).length === 0
      ? {}
      : { metadata: { ...before, [OWNER]: { ...objectOf(before[OWNER]), ...metadata } } }),
  };
}

function withEntry(schema: Schema, { property, values }: DictionaryEntry): Schema {
  if (property === undefined) return changed(schema, values);
  const properties = objectOf(schema["properties"]);
  const own = { [property]: changed(schemaOf(schema, property), values) };
  return { ...schema, properties: { ...properties, ...own } };
}

function keyOf(entityType: string, name: string): string {
  return `${entityType}/${name}`;
}

/** Every entity that the entries concern, whole, with their values. */
function entitiesWith(
  entries: readonly DictionaryEntry[],
  stored: readonly StoredEntity[],
): readonly SentEntity[] {
  const known = new Map(stored.map((one) => [keyOf(one.entityType, one.name), one.schemaJson]));
  const touched = new Map<string, { readonly entityType: string; readonly name: string; schema: Schema }>();
  for (const entry of entries) {
    const key = keyOf(entry.entity, entry.name);
    const one = touched.get(key) ?? {
      entityType: entry.entity,
      name: entry.name,
      schema: known.get(key) ?? {},
    };
    one.schema = withEntry(one.schema, entry);
    touched.set(key, one);
  }
  return [...touched.values()].map(({ entityType, name, schema }) => ({
    entityType,
    name,
    schemaJson: schema,
  }));
}

/** What the client throws, as the answer that it means. */
function answerOf(error: unknown): ProfileAnswer<never> {
  if (!(error instanceof AppError)) throw error;
  const { message, code } = error;
  if (code === "LEXICON_BUSY") return { kind: "busy", message, retryAfterMs: LEXICON_WINDOW_MS };
  // Entries are absolute: sending them again does no harm.
  if (code === "LEXICON_UNREACHABLE") return { kind: "busy", message };
  if (code === "LEXICON_REFUSED") return { kind: "refused", message };
  throw error;
}

/** Opens the dictionary of one project. */
export function createMixpanelDictionary(options: LexiconOptions): ProviderDictionary {
  const client = createLexiconClient(options);
  return {
    limits: LEXICON_LIMITS,
    async read(names: readonly DictionaryName[]) {
      try {
        const stored = await client.list();
        const known = new Map(stored.map((one) => [keyOf(one.entityType, one.name), one.schemaJson]));
        const value = names.map(
          (name): DictionaryEntry => ({
            ...name,
            values: valuesOf(schemaOf(known.get(keyOf(name.entity, name.name)) ?? {}, name.property)),
          }),
        );
        return { kind: "answer", value };
      } catch (error) {
        return answerOf(error);
      }
    },
    async write(entries) {
      try {
        const entities = entitiesWith(entries, await client.list());
        await client.upload(entities, { truncate: false, onProgress: () => undefined });
        return { kind: "answer", value: 1 + lexiconBatches(entities).length };
      } catch (error) {
        return answerOf(error);
      }
    },
  };
}

// A plan as Lexicon entities: only what the plan says, so that what people write in Lexicon beside it stays. Pure.
// Source (read 2026-11): Mixpanel "Lexicon Schemas API".
import type { Lock, LockEvent, ValueType } from "../../plan/index.ts";
import type { LexiconEntity, LexiconProperty } from "../../providers/index.ts";

export interface EntityOptions {
  /** Hide deprecated events, and show all others. */
  readonly hideDeprecated: boolean;
}

/** The user profile is one entity of this name. */
const USER_PROFILE = "$user";
const DRAFT = "http://json-schema.org/draft-07/schema";
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

const TYPES: Readonly<Record<ValueType["type"], string>> = {
  string: "string",
  integer: "integer",
  number: "number",
  boolean: "boolean",
  datetime: "string",
  list: "array",
  object: "object",
};

function propertiesOf(
  properties: readonly (readonly [string, { readonly type: ValueType; readonly description?: string }])[],
): Readonly<Record<string, LexiconProperty>> {
  return Object.fromEntries(
    properties.map(([name, { type, description }]) => [
      name,
      { type: TYPES[type.type], description: description ?? null },
    ]),
  );
}

function metadataOf(event: LockEvent, { hideDeprecated }: EntityOptions): Readonly<Record<string, unknown>> {
  const { owner, tags, deprecated } = event;
  return {
    tags: tags.length === 0 ? null : [...tags],
    // Lexicon takes addresses only; an owner that is a team's name is nobody's business there.
    ...(owner !== undefined && EMAIL.test(owner) ? { contacts: [owner] } : {}),
    ...(hideDeprecated ? { hidden: deprecated !== undefined } : {}),
  };
}

/** Every entity that the plan owns, by name. */
export function lexiconEntities(lock: Lock, options: EntityOptions): readonly LexiconEntity[] {
  const events = Object.values(lock.events).map(
    (event): LexiconEntity => ({
      entityType: "event",
      name: event.name,
      schemaJson: {
        $schema: DRAFT,
        description: event.description ?? null,
        properties: propertiesOf(Object.entries(event.properties)),
        required: Object.entries(event.properties)
          .filter(([, { presence }]) => presence === "required")
          .map(([name]) => name)
          .sort(),
        metadata: { "com.mixpanel": metadataOf(event, options) },
      },
    }),
  );
  const people = Object.values(lock.people).map((property) => [property.name, property] as const);
  const profile: LexiconEntity = {
    entityType: "profile",
    name: USER_PROFILE,
    schemaJson: { $schema: DRAFT, description: null, properties: propertiesOf(people), required: [] },
  };
  return [...events, ...(people.length === 0 ? [] : [profile])].sort((a, b) => (a.name < b.name ? -1 : 1));
}

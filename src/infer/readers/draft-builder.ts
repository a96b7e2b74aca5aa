// Puts events and properties of another tool's plan into a draft: one entry a name, whatever tool it came from.
import {
  isBuiltInEvent,
  isGatewayProperty,
  isSdkEventProperty,
  isUnsafeKey,
  similarName,
  type Presence,
  type ValueType,
} from "../../plan/index.ts";
import {
  type DraftEvent,
  type DraftPerson,
  type DraftProperty,
  type DraftUse,
  EMPTY_DRAFT,
  type PlanDraft,
} from "../propose/plan-draft.ts";
import { schemaDescription, schemaType } from "./schema-property.ts";

/** A property as another tool plans it. */
export interface PlannedProperty {
  readonly name: string;
  readonly type: ValueType;
  readonly presence: Presence;
  readonly description?: string;
}

export interface PlannedEvent {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly properties: readonly PlannedProperty[];
}

const keyOf = (name: string): string => similarName(name) || name;

const isPlannable = (name: string): boolean =>
  name.trim() !== "" && !isSdkEventProperty(name) && !isGatewayProperty(name) && !isUnsafeKey(name);

/** Properties of an object schema, with their presence. */
export function schemaProperties(schema: unknown): readonly PlannedProperty[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties, required } = schema as { readonly properties?: unknown; readonly required?: unknown };
  if (typeof properties !== "object" || properties === null) return [];
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.entries(properties).map(([name, property]: [string, unknown]) => {
    const own =
      typeof property === "object" && property !== null ? (property as Record<string, unknown>) : {};
    return {
      name,
      type: schemaType(own),
      presence: names.includes(name) ? "required" : "optional",
      ...schemaDescription(own),
    };
  });
}

export class DraftBuilder {
  readonly #events = new Map<string, DraftEvent>();
  readonly #properties = new Map<string, DraftProperty>();
  readonly #people = new Map<string, DraftPerson>();

  event(event: PlannedEvent): void {
    const key = keyOf(event.name);
    if (event.name.trim() === "" || isBuiltInEvent(event.name) || this.#events.has(key)) return;
    const properties = new Map<string, DraftUse>();
    for (const property of event.properties) {
      if (!isPlannable(property.name)) continue;
      properties.set(this.#property(property), { presence: property.presence, sources: {} });
    }
    const { name, description, tags } = event;
    this.#events.set(key, {
      name,
      was: [],
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags }),
      sources: [],
      properties,
      acceptsMisfits: false,
      acceptsUnknown: false,
      evidence: [],
    });
  }

  /** A property of the user's profile. */
  person({ name, type, description }: PlannedProperty): void {
    const isTaken = this.#people.has(keyOf(name));
    if (!isTaken && name.trim() !== "" && !isUnsafeKey(name))
      this.#people.set(keyOf(name), { name, type, ...(description === undefined ? {} : { description }) });
  }

  draft(name: string, tool: string): PlanDraft {
    return {
      ...EMPTY_DRAFT,
      name,
      identity: { ...EMPTY_DRAFT.identity, evidence: "a plan does not say it; decide on a form" },
      properties: this.#properties,
      events: this.#events,
      people: this.#people,
      head: [
        `Taken over from a plan of ${tool}: ${this.#events.size} events, ${this.#properties.size} properties.`,
      ],
    };
  }

  /** One name, one type: where two events disagree, the first wins and the comment says so. */
  #property({ name, type, description }: PlannedProperty): string {
    const key = keyOf(name);
    const known = this.#properties.get(key);
    if (known === undefined) {
      this.#properties.set(key, {
        name,
        was: [],
        type,
        ...(description === undefined ? {} : { description }),
        evidence: [],
      });
      return key;
    }
    const was = known.name === name || known.was.includes(name) ? known.was : [...known.was, name];
    this.#properties.set(key, { ...known, was, ...widened(known, type) });
    return key;
  }
}

function widened(known: DraftProperty, type: ValueType): Pick<DraftProperty, "type" | "evidence"> {
  if (JSON.stringify(known.type) === JSON.stringify(type)) return known;
  const { type: before } = known;
  if (before.type === "string" && type.type === "string") {
    const values =
      before.enum === undefined || type.enum === undefined
        ? undefined
        : [...new Set([...before.enum, ...type.enum])];
    return {
      type: { type: "string", ...(values === undefined ? {} : { enum: values }) },
      evidence: known.evidence,
    };
  }
  const isNumber = (one: ValueType): boolean => one.type === "integer" || one.type === "number";
  if (isNumber(before) && isNumber(type)) return { type: { type: "number" }, evidence: known.evidence };
  if (before.type === type.type)
    return { type: before.type === "list" ? { type: "list" } : before, evidence: known.evidence };
  return { type: before, evidence: [...known.evidence, `also planned as ${type.type}`] };
}

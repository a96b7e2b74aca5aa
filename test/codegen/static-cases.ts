// Golden vectors as source code of languages whose compilers refuse what does not fit a type: each value is spelled as a literal, and what
// has no literal cannot be expressed.
import {
  eventShape,
  type MemberShape,
  type RecordShape,
  type EnumShape,
  type Shape,
  type EventShape,
} from "../../src/codegen/model/shape.ts";
import { makeClientModel } from "../../src/codegen/model/client-model.ts";
import { TakenNames } from "../../src/codegen/names/taken-names.ts";
import type { Lock } from "../../src/plan/index.ts";
import type { Expressed } from "./golden-run.ts";
import { goldenCases, type GoldenCase } from "./golden-cases.ts";

export interface SpelledMember {
  readonly member: MemberShape;
  readonly text: string;
}

/** How a language writes values; `undefined`: it cannot. */
export interface Speller {
  string(value: string): string | undefined;
  integer(value: number): string;
  number(value: number): string;
  boolean(value: boolean): string;
  /** An ISO 8601 moment. */
  datetime(value: string): string;
  enum(shape: EnumShape, value: string): string | undefined;
  list(shape: Shape & { readonly kind: "list" }, items: readonly string[]): string;
  record(shape: RecordShape, members: readonly SpelledMember[]): string;
  /** Any JSON value where the language takes anything. */
  any(value: unknown): string | undefined;
  readonly nothing: string;
}

function isMoment(value: unknown): value is string {
  return (
    typeof value === "string" && !Number.isNaN(Date.parse(value)) && new Date(value).toISOString() === value
  );
}

function spellMembers(
  members: readonly MemberShape[],
  value: Readonly<Record<string, unknown>>,
  speller: Speller,
): readonly SpelledMember[] | undefined {
  const known = new Set(members.map(({ name }) => name));
  if (Object.keys(value).some((name) => !known.has(name))) return undefined;
  const spelled: SpelledMember[] = [];
  for (const member of members) {
    const its = value[member.name];
    if (its === undefined) {
      if (member.required) return undefined;
      continue;
    }
    // Nothing for an optional property means "leave it out".
    if (its === null && !(member.required && member.nullable)) return undefined;
    const text = its === null ? speller.nothing : spell(member.shape, its, speller);
    if (text === undefined) return undefined;
    spelled.push({ member, text });
  }
  return spelled;
}

function spellList(
  shape: Shape & { readonly kind: "list" },
  value: unknown,
  speller: Speller,
): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: string[] = [];
  for (const item of value as readonly unknown[]) {
    const text =
      item === null && shape.nullableItems && shape.item.kind !== "any"
        ? undefined
        : spell(shape.item, item, speller);
    if (text === undefined) return undefined;
    items.push(text);
  }
  return speller.list(shape, items);
}

/** A value as a literal of a shape. */
export function spell(shape: Shape, value: unknown, speller: Speller): string | undefined {
  switch (shape.kind) {
    case "string":
      return typeof value === "string" ? speller.string(value) : undefined;
    case "integer":
      return Number.isSafeInteger(value) ? speller.integer(Number(value)) : undefined;
    case "number":
      return typeof value === "number" ? speller.number(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? speller.boolean(value) : undefined;
    case "datetime":
      return isMoment(value) ? speller.datetime(value) : undefined;
    case "enum":
      return typeof value === "string" ? speller.enum(shape, value) : undefined;
    case "map":
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? speller.any(value)
        : undefined;
    case "any":
      return speller.any(value);
    case "list":
      return spellList(shape, value, speller);
    case "record": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      const members = spellMembers(shape.members, value as Readonly<Record<string, unknown>>, speller);
      return members && speller.record(shape, members);
    }
  }
}

export interface StaticCase extends Expressed {
  readonly golden: GoldenCase;
  readonly event: EventShape;
  readonly members: readonly SpelledMember[];
}

/** Every vector that a language can write down. */
export function staticCases(
  lock: Lock,
  speller: Speller,
  reserved: readonly string[] = [],
): readonly StaticCase[] {
  const model = makeClientModel(lock, "web", { language: "", out: "" });
  const names = new TakenNames(reserved);
  const shapes = new Map(
    model.domains.flatMap(({ events }) =>
      events.map((event) => [event.id, eventShape(event, names)] as const),
    ),
  );
  return goldenCases(lock).flatMap((golden): StaticCase[] => {
    const event = shapes.get(golden.event);
    const members = event && spellMembers(event.members, golden.properties, speller);
    return event && members ? [{ golden, values: golden.properties, event, members }] : [];
  });
}

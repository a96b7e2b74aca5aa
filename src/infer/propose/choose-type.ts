// The type that a property's values ask for: one that takes every value seen, by itself or after the gateway's repair. Where none does,
// the most frequent kind, and the proposal says so.
import type { ValueType } from "../../plan/index.ts";
import { KIND } from "../profile/property-profile.ts";
import { TEXT } from "../profile/text-class.ts";
import type { FactValues, PropertyFacts } from "./property-facts.ts";

/** Fewer texts than this narrow nothing but a clash of kinds. */
export const NARROW_MIN_TEXTS = 20;
/** An enum's values come back this often, on average. */
const ENUM_MIN_REPEATS = 5;
/** From this on, what was never seen is taken for wrong: the enum is closed. */
const CLOSED_MIN_REPEATS = 100;
/** Named values must cover this share of the texts. */
const ENUM_MIN_SHARE = 0.9;
const MIN_ZERO_FROM = 100;
/** 1971 and the end of 2286, in seconds and milliseconds: numbers that can be a moment. */
const SECONDS = { from: 31_536_000, to: 9_999_999_999 } as const;
const MS = { from: 31_536_000_000, to: 9_999_999_999_999 } as const;

/** Rule by which the gateway repairs the values that are not of the type already. */
export type ProposedRepair = "boolean-from-string" | "number-from-string" | "datetime-from-epoch";

export interface ChosenType {
  readonly type: ValueType;
  /** Every value seen fits, or is repaired. */
  readonly fitsAll: boolean;
  /** Kinds of values beside `null` that were seen. */
  readonly mixed: boolean;
  readonly repair?: ProposedRepair;
}

interface Seen {
  readonly text: number;
  readonly number: number;
  readonly decimal: number;
  readonly boolean: number;
  readonly list: number;
  readonly object: number;
}

function seenKinds({ kinds }: PropertyFacts): Seen {
  const at = (kind: number): number => kinds[kind] ?? 0;
  const decimal = at(KIND.number);
  return {
    text: at(KIND.text),
    number: at(KIND.integer) + decimal,
    decimal,
    boolean: at(KIND.boolean),
    list: at(KIND.list),
    object: at(KIND.object),
  };
}

const within = (mask: number, allowed: number): boolean => (mask & ~allowed) === 0;

function isEpoch({ min, max, kinds }: PropertyFacts): boolean {
  if ((kinds[KIND.number] ?? 0) > 0) return false;
  return (min >= SECONDS.from && max <= SECONDS.to) || (min >= MS.from && max <= MS.to);
}

function enumOf(facts: PropertyFacts, values: FactValues | undefined): ValueType | undefined {
  if (values === undefined || values.size === 0 || facts.texts < NARROW_MIN_TEXTS) return undefined;
  if (facts.texts < values.size * ENUM_MIN_REPEATS || facts.personal.some((count) => count > 0))
    return undefined;
  const named = [...values].filter(([, { isShared }]) => isShared);
  const covered = named.reduce((total, [, { count }]) => total + count, 0);
  if (named.length === 0 || covered < facts.texts * ENUM_MIN_SHARE) return undefined;
  const isClosed = named.length === values.size && facts.texts >= values.size * CLOSED_MIN_REPEATS;
  const list = named.map(([value]) => value).sort();
  return { type: "string", enum: list, ...(isClosed ? {} : { open: true }) };
}

function textType(facts: PropertyFacts): ValueType {
  const { textMask, texts } = facts;
  if (texts < NARROW_MIN_TEXTS) return { type: "string" };
  if (textMask === TEXT.uuid) return { type: "string", format: "uuid" };
  if (textMask === TEXT.email) return { type: "string", format: "email" };
  if (textMask === TEXT.url) return { type: "string", format: "url" };
  if (textMask === TEXT.date) return { type: "string", format: "date" };
  return enumOf(facts, facts.values) ?? { type: "string" };
}

function numberType(facts: PropertyFacts, whole: boolean): ValueType {
  const isNeverNegative = facts.min >= 0 && facts.total >= MIN_ZERO_FROM;
  return { type: whole ? "integer" : "number", ...(isNeverNegative ? { min: 0 } : {}) };
}

const ITEM_TYPES: ReadonlyMap<number, ValueType> = new Map<number, ValueType>([
  [1 << KIND.text, { type: "string" }],
  [1 << KIND.integer, { type: "integer" }],
  [1 << KIND.number, { type: "number" }],
  [(1 << KIND.integer) | (1 << KIND.number), { type: "number" }],
  [1 << KIND.boolean, { type: "boolean" }],
]);

function listType(facts: PropertyFacts): ValueType {
  const items = ITEM_TYPES.get(facts.itemKinds);
  return items === undefined ? { type: "list" } : { type: "list", items };
}

/** The most frequent kind, where no type takes them all. */
function mostFrequent(facts: PropertyFacts, seen: Seen): ValueType {
  const order: readonly (readonly [number, ValueType])[] = [
    [seen.text, { type: "string" }],
    [seen.number, { type: seen.decimal === 0 ? "integer" : "number" }],
    [seen.boolean, { type: "boolean" }],
    [seen.list, listType(facts)],
    [seen.object, { type: "object" }],
  ];
  const most = Math.max(...order.map(([count]) => count));
  return order.find(([count]) => count === most)?.[1] ?? { type: "string" };
}

function chooseBare(facts: PropertyFacts): ChosenType {
  const seen = seenKinds(facts);
  const { text, number, boolean, list, object, decimal } = seen;
  const mixed = [text, number, boolean, list, object].filter((count) => count > 0).length > 1;
  const { textMask } = facts;
  if (list + object === 0) {
    const isFlag = text > 0 && within(textMask, TEXT.flag);
    if (number === 0 && boolean > 0 && (text === 0 || isFlag))
      return {
        type: { type: "boolean" },
        fitsAll: true,
        mixed,
        ...(mixed ? { repair: "boolean-from-string" } : {}),
      };
    if (number + boolean === 0 && isFlag && text >= NARROW_MIN_TEXTS)
      return { type: { type: "boolean" }, fitsAll: true, mixed, repair: "boolean-from-string" };
    if (boolean === 0 && number > 0 && within(textMask, TEXT.integer | TEXT.decimal)) {
      const whole = decimal === 0 && (textMask & TEXT.decimal) === 0;
      const repair = mixed ? ({ repair: "number-from-string" } as const) : {};
      return { type: numberType(facts, whole), fitsAll: true, mixed, ...repair };
    }
    const isMoment = (textMask & TEXT.datetime) !== 0 && within(textMask, TEXT.datetime | TEXT.date);
    if (boolean === 0 && isMoment && (number === 0 || isEpoch(facts)))
      return {
        type: { type: "datetime" },
        fitsAll: true,
        mixed,
        ...(mixed ? { repair: "datetime-from-epoch" } : {}),
      };
    if (number + boolean === 0) return { type: textType(facts), fitsAll: true, mixed };
  }
  if (!mixed) return { type: list > 0 ? listType(facts) : { type: "object" }, fitsAll: true, mixed };
  return { type: mostFrequent(facts, seen), fitsAll: false, mixed };
}

/** Chooses the type of a property. */
export function chooseType(facts: PropertyFacts): ChosenType {
  const chosen = chooseBare(facts);
  return (facts.kinds[KIND.null] ?? 0) === 0
    ? chosen
    : { ...chosen, type: { ...chosen.type, nullable: true } };
}

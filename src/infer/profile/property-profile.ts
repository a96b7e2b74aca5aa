// What was seen of one property of one event name, as spelled. Only counts, masks and a short list of values; texts that look
// personal are counted and never kept. `add` runs some twenty times an event: it does one switch, one look-up and a few additions.
import { numberFromText } from "../../plan/index.ts";
import { VALUE_MAX_CHARACTERS, VALUE_MIN_USERS } from "./caps.ts";
import { PERSONAL, personalText } from "./personal-text.ts";
import { classifyText, TEXT } from "./text-class.ts";

/** Kinds of JSON values; the index counts them. */
export const KIND = { text: 0, integer: 1, number: 2, boolean: 3, null: 4, list: 5, object: 6 } as const;
/** Room for each source in {@link PropertyProfile.counts}. */
export const KINDS = 8;

/** The first texts of a property are all looked at for personal data, later ones now and then. */
const LOOK_AT_FIRST = 2000;
const LOOK_AT_EVERY = 16;
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/u;

/** A value, how often it was seen, and the first users who sent it until there are enough. */
interface SeenValue {
  count: number;
  readonly bit: number;
  users: string[] | undefined;
}

/** How many more values the whole profile may remember. */
export interface ValueBudget {
  left: number;
  /** 0: nobody asks for values, and texts are not told apart by what they are written as. */
  readonly perProperty: number;
}

/** Two spellings of one name in one event: counted, so that "in every event" stays true. */
export interface SpellingOverlap {
  events: number;
  lastEvent: number;
}

export class PropertyProfile {
  readonly name: string;
  /** By source, then by {@link KIND}. */
  counts = new Uint32Array(KINDS);
  /** Days since 1970, of the event times. */
  firstDay = Number.POSITIVE_INFINITY;
  lastDay = Number.NEGATIVE_INFINITY;
  /** Day of the last event, to see a change of day with one comparison. */
  day = Number.NaN;
  /** Bits of {@link TEXT}: exact until a plain text was seen, which decides the type. */
  textMask = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Texts looked at for personal data, and what they looked like, by {@link PERSONAL}. */
  looked = 0;
  readonly personal: number[] = PERSONAL.map(() => 0);
  texts = 0;
  textsLong = 0;
  /** Undefined once there are too many for an enum. */
  values: Map<string, SeenValue> | undefined = new Map();
  /** Bits of 1 << {@link KIND} of list items, and of their texts. */
  itemKinds = 0;
  overlap: SpellingOverlap | undefined;
  readonly #budget: ValueBudget;

  constructor(name: string, budget: ValueBudget) {
    this.name = name;
    this.#budget = budget;
    if (budget.perProperty === 0) this.values = undefined;
  }

  /** Counts one value from a source. `user` is who sent it. */
  add(value: unknown, source: number, user: string): void {
    const kind = this.#addValue(value, user);
    const at = source * KINDS + kind;
    if (at >= this.counts.length) this.#grow((source + 1) * KINDS);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  /** Only counts: for properties whose values say nothing that a plan needs. */
  seenOn(day: number): void {
    this.day = day;
    if (day < this.firstDay) this.firstDay = day;
    if (day > this.lastDay) this.lastDay = day;
  }

  #grow(length: number): void {
    const grown = new Uint32Array(length);
    grown.set(this.counts);
    this.counts = grown;
  }

  #addValue(value: unknown, user: string): number {
    if (typeof value === "string") {
      this.#addText(value, user);
      return KIND.text;
    }
    if (typeof value === "number") {
      this.#addNumber(value);
      return Number.isInteger(value) ? KIND.integer : KIND.number;
    }
    if (typeof value === "boolean") return KIND.boolean;
    if (value === null || value === undefined) return KIND.null;
    if (!Array.isArray(value)) {
      this.#lookInside(Object.values(value));
      return KIND.object;
    }
    this.#addItems(value);
    return KIND.list;
  }

  #addNumber(value: number): void {
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  #addText(text: string, user: string): void {
    this.texts += 1;
    if (this.values !== undefined) {
      const seen = this.values.get(text);
      if (seen === undefined) this.#addNewValue(text, user);
      else {
        seen.count += 1;
        if (seen.users !== undefined) noteUser(seen, user);
      }
      return;
    }
    const mustClassify = this.#budget.perProperty > 0 && (this.textMask & TEXT.plain) === 0;
    if (mustClassify) this.#classify(text);
    if (this.texts <= LOOK_AT_FIRST || this.texts % LOOK_AT_EVERY === 0) this.#look(text, 1);
  }

  #classify(text: string): number {
    const bit = classifyText(text);
    this.textMask |= bit;
    if ((bit & (TEXT.integer | TEXT.decimal)) !== 0) this.#addNumber(numberFromText(text) ?? 0);
    return bit;
  }

  #look(text: string, times: number): boolean {
    this.looked += times;
    if (text.length > VALUE_MAX_CHARACTERS) this.textsLong += times;
    const found = personalText(text);
    if (found >= 0) this.personal[found] = (this.personal[found] ?? 0) + times;
    return found >= 0;
  }

  #addNewValue(text: string, user: string): void {
    const bit = this.#classify(text);
    const isPersonal = this.#look(text, 1);
    const { values } = this;
    if (values === undefined) return;
    const canBeNamed = text.length <= VALUE_MAX_CHARACTERS && !isPersonal && !NOT_PRINTABLE.test(text);
    if (!canBeNamed || values.size >= this.#budget.perProperty || this.#budget.left <= 0) {
      this.#budget.left += values.size;
      this.values = undefined;
      return;
    }
    this.#budget.left -= 1;
    values.set(text, { count: 1, bit, users: [user] });
  }

  #addItems(items: readonly unknown[]): void {
    for (const item of items) this.itemKinds |= 1 << kindOf(item);
    this.#lookInside(items);
  }

  #lookInside(items: readonly unknown[]): void {
    if (this.looked > LOOK_AT_FIRST && this.looked % LOOK_AT_EVERY !== 0) {
      this.looked += 1;
      return;
    }
    const text = items.find((item) => typeof item === "string" && personalText(item) >= 0);
    if (typeof text === "string") this.#look(text, 1);
    else this.looked += 1;
  }
}

function noteUser(seen: SeenValue, user: string): void {
  if (seen.users === undefined || seen.users.includes(user)) return;
  seen.users.push(user);
  if (seen.users.length >= VALUE_MIN_USERS) seen.users = undefined;
}

function kindOf(value: unknown): number {
  if (typeof value === "string") return KIND.text;
  if (typeof value === "number") return Number.isInteger(value) ? KIND.integer : KIND.number;
  if (typeof value === "boolean") return KIND.boolean;
  if (value === null || value === undefined) return KIND.null;
  return Array.isArray(value) ? KIND.list : KIND.object;
}

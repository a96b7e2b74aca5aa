// Ids that old releases still send, by the forms and dates of a plan. Whose they are is somebody else's to know: it is asked by the one
// spelling that an old id has, however it was written.
import { assertNever, type EpochMs } from "../../core/index.ts";
import type { LockIdentity, OldIdForm } from "../lock.ts";
import type { OldIdLookup, OldIdOwner } from "../judgement.ts";
import { checkFormat } from "./formats.ts";
import { compilePattern } from "./linear-pattern.ts";

const EMAIL_LIKE = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PHONE_CHARACTERS = /^\+?[\d ().-]+$/;
const PHONE_DIGITS_MIN = 7;
const PHONE_DIGITS_MAX = 15;
const DAY_MS = 86_400_000;

/** Looks like an e-mail address. */
export function looksLikeEmail(text: string): boolean {
  return text.includes("@") && EMAIL_LIKE.test(text);
}

/** Looks like a phone number: 7 to 15 digits with a leading `+` or with separators. Digits alone are an ordinary id. */
export function looksLikePhone(text: string): boolean {
  if (text.length > 2 * PHONE_DIGITS_MAX || !PHONE_CHARACTERS.test(text) || /^\d+$/.test(text)) return false;
  const digits = text.replace(/\D/g, "").length;
  return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

/**
 * The one spelling in which old ids of a form are kept and looked up: without spaces around, in lower case; a phone number without its
 * separators. Two ids that differ by nothing else are one.
 */
export function oldIdSpelling(form: OldIdForm, text: string): string {
  const plain = text.trim().toLowerCase();
  return "format" in form && form.format === "phone" ? plain.replace(/[ ().-]/g, "") : plain;
}

function matcherOf(form: OldIdForm): (text: string) => boolean {
  if ("pattern" in form) return compilePattern(form.pattern);
  const { format } = form;
  switch (format) {
    case "email":
      return looksLikeEmail;
    case "phone":
      return looksLikePhone;
    case "integer":
      return (text) => /^\d{1,19}$/.test(text);
    case "uuid":
    case "ulid":
      return checkFormat(format);
    case "any":
      return (text) => text !== "";
    default:
      return assertNever(format);
  }
}

interface Translation {
  readonly form: OldIdForm;
  readonly matches: (text: string) => boolean;
  /** First moment that is too late. */
  readonly endsAt: EpochMs;
}

/** Whose an id is; `undefined`: it is none of the old ids that are translated. */
export type FoundOwner = OldIdOwner | undefined;

/** The old ids that one plan translates. */
export class OldIds {
  readonly #translations: readonly Translation[];

  constructor(translate: LockIdentity["translate"]) {
    this.#translations = Object.values(translate ?? {}).map(({ form, until }) => ({
      form,
      matches: matcherOf(form),
      endsAt: Date.parse(`${until}T00:00:00Z`) + DAY_MS,
    }));
  }

  /** Asks whose an id is, in every form that it may have. Two users for one id are nobody. */
  ownerOf(id: string, lookup: OldIdLookup | undefined): FoundOwner {
    if (lookup === undefined || this.#translations.length === 0) return undefined;
    const text = id.trim();
    const spellings = new Set<string>();
    for (const { form, matches, endsAt } of this.#translations)
      if (lookup.receivedAt < endsAt && matches(text)) spellings.add(oldIdSpelling(form, text));
    let found: FoundOwner;
    for (const spelling of spellings) {
      const owner = lookup.ownerOf(spelling);
      if (owner.kind === "ambiguous" || owner.kind === "held") return owner;
      if (owner.kind === "user" && found?.kind === "user" && found.id !== owner.id)
        return { kind: "ambiguous" };
      if (found?.kind !== "user") found = owner;
    }
    return found;
  }
}

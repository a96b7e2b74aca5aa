// One profile as a provider keeps it, held against what it should be, property by property. Pure.
import { canonicalJson, isObject, type JsonValue } from "../../core/index.ts";

/** How a kept value stands to the one that was meant. `form`: the same value, spelled as the provider spells it. */
export type ValueVerdict = "same" | "form" | "other";

/** A cut text shorter than this is no cut text: providers keep at least so many characters. */
const CUT_TEXT_MIN = 200;
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** A text that stands for a time, a number or a truth value, as that; times to the second, in UTC where no zone is named. */
function plain(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(plain);
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value as Readonly<Record<string, JsonValue>>).map(([name, one]) => [name, plain(one)]),
    );
  if (typeof value !== "string") return value;
  const text = value.trim().normalize("NFC");
  if (text === "true" || text === "false") return text === "true";
  if (NUMBER.test(text)) return Number(text);
  if (!ISO_TIME.test(text)) return text;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const ms = Date.parse(zoned.replace(" ", "T"));
  return Number.isNaN(ms) ? text : `time:${Math.floor(ms / 1000)}`;
}

function isCut(meant: JsonValue, kept: JsonValue): boolean {
  if (typeof meant === "string" && typeof kept === "string")
    return kept.length >= CUT_TEXT_MIN && meant.startsWith(kept);
  if (Array.isArray(meant) && Array.isArray(kept))
    return kept.length > 0 && canonicalJson(meant.slice(0, kept.length)) === canonicalJson(kept);
  return false;
}

/** Compares one value; `undefined` is "not there", and so is null. */
export function compareValue(meant: JsonValue | undefined, kept: JsonValue | undefined): ValueVerdict {
  const [a, b] = [meant ?? null, kept ?? null];
  if (canonicalJson(a) === canonicalJson(b)) return "same";
  if (a === null || b === null) return "other";
  const [plainA, plainB] = [plain(a), plain(b)];
  return canonicalJson(plainA) === canonicalJson(plainB) || isCut(plainA, plainB) ? "form" : "other";
}

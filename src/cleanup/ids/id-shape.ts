// What an id looks like, and whether the plan lets it be a user's id. Pure; remembers nothing.
import { isFormat, type Lock, looksLikePhone, makeValidator } from "../../plan/index.ts";

/** Shapes of ids. `device`: anonymous. `other`: none of them. */
export const ID_SHAPES = [
  "device",
  "forbidden",
  "email",
  "phone",
  "uuid",
  "ulid",
  "integer",
  "other",
] as const;
export type IdShape = (typeof ID_SHAPES)[number];

/** What one plan says of ids. */
export interface IdRules {
  /** The plan's form tells ids of people from other texts; `any` does not. */
  readonly tellsPeople: boolean;
  shape(id: string): IdShape;
  /** The id as the gateway would let it out; undefined for one that the plan refuses for a user. */
  canonical(id: string): string | undefined;
}

const DEVICE_PREFIX = "$device:";
const EMAIL_LIKE = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const INTEGER = /^(?:0|[1-9]\d{0,18})$/;

function shapeOf(id: string, forbidden: ReadonlySet<string>): IdShape {
  if (id.startsWith(DEVICE_PREFIX)) return "device";
  if (id.trim() === "" || forbidden.has(id.toLowerCase())) return "forbidden";
  if (isFormat("uuid", id)) return "uuid";
  if (EMAIL_LIKE.test(id.trim())) return "email";
  if (looksLikePhone(id)) return "phone";
  if (isFormat("ulid", id)) return "ulid";
  return INTEGER.test(id) ? "integer" : "other";
}

/**
 * Makes the rules of a plan: ids are judged as the gateway judges the id of a known user.
 *
 * @throws {AppError} `PLAN_PATTERN_UNSUPPORTED` for a pattern that RE2 cannot compile.
 */
export function makeIdRules(lock: Lock): IdRules {
  const forbidden = new Set(lock.identity.forbidden);
  const validator = makeValidator(lock);
  const source = Object.keys(lock.sources)[0] ?? "";
  const { user_id: form } = lock.identity;
  const canonical: IdRules["canonical"] = (id) => {
    const judged = validator.judgeProfile({
      source,
      groupKey: undefined,
      id,
      operation: "$unset",
      value: [],
      asState: true,
    });
    return judged.verdict === "accepted" || judged.verdict === "repaired" ? judged.id : undefined;
  };
  return {
    tellsPeople: !("format" in form && form.format === "any"),
    shape: (id) => shapeOf(id, forbidden),
    canonical,
  };
}

/** An old id as it is compared: addresses are written with capitals and spaces by people and forms. */
export function foldedId(id: string): string {
  const trimmed = id.trim();
  return trimmed.includes("@") ? trimmed.toLowerCase() : trimmed;
}

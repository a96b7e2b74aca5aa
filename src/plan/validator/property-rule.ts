// What happens to one property from one source: removed outright, or fitted, hashed, withheld. Compiled once, then only run.
import { assertNever } from "../../core/index.ts";
import type { InvalidPropertyPolicy, LockDataClass, Trust, ValueType } from "../lock.ts";
import { type Call, RANK } from "./call.ts";
import type { RuntimeFindingId } from "./finding-ids.ts";
import { INVALID, type Fit } from "./fit-result.ts";
import { truncateText } from "./fit-string.ts";

/** Marks a value that the gateway hashed; such a value passes unchanged, so that judging twice changes nothing. */
const HASHED = /^hashed:[0-9a-f]{16,128}$/;

/** No value goes out. */
export const REMOVED: unique symbol = Symbol("removed");

/** Keyed hash of a text, as 16 to 128 lower-case hexadecimal digits. */
export type KeyedHash = (text: string) => string;

export interface PropertyRule {
  /** Name as it goes out. */
  readonly name: string;
  /** Path in findings and repairs. */
  readonly at: string;
  readonly required: boolean;
  /** Never goes out from this source, with this finding. */
  readonly removed: RuntimeFindingId | undefined;
  readonly fit: Fit;
  readonly invalid: InvalidPropertyPolicy;
  readonly truncate: number | undefined;
  readonly hash: KeyedHash | undefined;
  /** Kinds of providers that must not get it. */
  readonly withholdFrom: readonly string[] | undefined;
}

/** What a data class means for a property from a source of this trust. */
export interface ClassEffect {
  readonly removed: RuntimeFindingId | undefined;
  readonly truncate: number | undefined;
  readonly hash: KeyedHash | undefined;
  readonly withholdFrom: readonly string[] | undefined;
}

const NO_EFFECT: ClassEffect = {
  removed: undefined,
  truncate: undefined,
  hash: undefined,
  withholdFrom: undefined,
};

function isScalar(type: ValueType): boolean {
  return type.type !== "list" && type.type !== "object";
}

/** Compiles a data class. Without a key, or for a list or object, `hash` removes: an unkeyed hash hides nothing. */
export function classEffect(
  dataClass: LockDataClass | undefined,
  property: { readonly type: ValueType; readonly trust: Trust; readonly hash: KeyedHash | undefined },
): ClassEffect {
  if (dataClass === undefined) return NO_EFFECT;
  const kinds = Object.entries(dataClass.providers)
    .filter(([, rule]) => rule === "drop")
    .map(([kind]) => kind);
  const hashes = dataClass.gateway === "hash";
  const cannotHash = hashes && (property.hash === undefined || !isScalar(property.type));
  const forbidden = property.trust === "client" && dataClass.client === "forbid";
  const dropped = dataClass.gateway === "drop" || cannotHash;
  return {
    removed: forbidden ? "data-class-forbidden" : dropped ? "data-class-dropped" : undefined,
    truncate: dataClass.gateway === "truncate" ? dataClass.max : undefined,
    hash: hashes ? property.hash : undefined,
    withholdFrom: kinds.length === 0 ? undefined : kinds,
  };
}

function hashed(value: unknown, hash: KeyedHash, call: Call): unknown {
  if (value === null) return null;
  if (typeof value === "object" || value === undefined) {
    call.find("data-class-dropped");
    return REMOVED;
  }
  call.repair("value-hashed");
  return `hashed:${hash(typeof value === "string" ? value : JSON.stringify(value))}`;
}

/** A value that does not fit, under a policy that lets it through: the data class still applies. */
function accepted(rule: PropertyRule, value: unknown, call: Call): unknown {
  if (rule.truncate === undefined) return value;
  if (typeof value === "string") {
    const text = truncateText(value, rule.truncate);
    if (text !== value) call.repair("text-truncated");
    return text;
  }
  if (typeof value !== "object" || value === null) return value;
  call.find("data-class-dropped");
  return REMOVED;
}

function misfit(rule: PropertyRule, value: unknown, call: Call): unknown {
  switch (rule.invalid) {
    case "accept":
      return accepted(rule, value, call);
    case "quarantine":
      call.atLeast(RANK.quarantined);
      return value;
    case "strip":
      return REMOVED;
    default:
      return assertNever(rule.invalid);
  }
}

/**
 * Runs one rule.
 *
 * @returns The value as it goes out, or {@link REMOVED}.
 */
export function applyRule(rule: PropertyRule, value: unknown, call: Call): unknown {
  if (rule.removed !== undefined) {
    call.find(rule.removed);
    return REMOVED;
  }
  if (rule.hash !== undefined && typeof value === "string" && HASHED.test(value)) return value;
  const repairs = call.repairCount;
  const rank = call.rank;
  call.lenient = rule.invalid === "accept";
  let kept = rule.fit(value, call);
  if (kept === INVALID) {
    call.rollBack(repairs, rank);
    kept = misfit(rule, value, call);
  }
  call.lenient = false;
  if (rule.hash !== undefined && kept !== REMOVED) kept = hashed(kept, rule.hash, call);
  return kept;
}

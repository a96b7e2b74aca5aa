// What one profile that was read back says: well, or drift with its cause by property. Pure.
import type { JsonValue, StoredProfile } from "../../core/index.ts";
import { compareValue } from "./compare-profile.ts";

/**
 * Why a property is not what it should be.
 * `missed-capture`: the state has moved and no mark was made. `foreign-writer`: what was acknowledged is the state, and the profile holds another
 * value: somebody else wrote it. `provider-form`: the provider keeps the value in another form. `missing-profile`: it was acknowledged, and
 * there is no profile.
 */
export type ExternalCause = "missed-capture" | "foreign-writer" | "provider-form" | "missing-profile";

export interface DriftingProperty {
  readonly name: string;
  readonly cause: ExternalCause;
}

export type ProfileVerdict =
  | { readonly kind: "well" }
  | {
      readonly kind: "drift";
      readonly properties: readonly DriftingProperty[];
      /** Sending again would change something. */
      readonly isRepairable: boolean;
    };

/** What a profile should hold, and what is known of it. */
export interface MeantProfile {
  readonly full: {
    readonly set: Readonly<Record<string, JsonValue>>;
    readonly unset: readonly string[];
  };
  /** Properties whose acknowledged value is not the state's. */
  readonly missed: readonly string[];
  /** Something of the user was ever acknowledged. */
  readonly wasAcknowledged: boolean;
}

const WELL: ProfileVerdict = { kind: "well" };

function causeOf(name: string, meant: MeantProfile, isForm: boolean): ExternalCause {
  if (meant.missed.includes(name)) return "missed-capture";
  return isForm ? "provider-form" : "foreign-writer";
}

/** Judges a profile; `undefined`: the provider has none. Only properties that the state owns are looked at. */
export function judgeProfile(meant: MeantProfile, profile: StoredProfile | undefined): ProfileVerdict {
  const { set, unset } = meant.full;
  const names = Object.keys(set);
  if (!profile) {
    if (names.length === 0) return WELL;
    const cause = meant.wasAcknowledged ? "missing-profile" : "missed-capture";
    return { kind: "drift", properties: names.map((name) => ({ name, cause })), isRepairable: true };
  }
  const properties = [...names, ...unset].flatMap((name): DriftingProperty[] => {
    const verdict = compareValue(set[name], profile.properties[name]);
    return verdict === "same" ? [] : [{ name, cause: causeOf(name, meant, verdict === "form") }];
  });
  if (properties.length === 0) return WELL;
  return {
    kind: "drift",
    properties,
    isRepairable: properties.some(({ cause }) => cause !== "provider-form"),
  };
}

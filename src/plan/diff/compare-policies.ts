// What the gateway does with what does not fit, in one plan and in the other.
import type { Change } from "./change-table.ts";

const STRICTNESS: Readonly<Record<string, number>> = { accept: 0, strip: 1, quarantine: 2, drop: 3 };
const POLICIES = ["unknown_event", "unknown_property", "invalid_property", "missing_property"] as const;

type Policies = { readonly [P in (typeof POLICIES)[number]]?: string };

/** Policies that got stricter or more lenient. */
export function comparePolicy(before: Policies, after: Policies, at: string): readonly Change[] {
  return POLICIES.flatMap((policy): readonly Change[] => {
    const [was, is] = [before[policy], after[policy]];
    if (was === is || was === undefined || is === undefined) return [];
    const stricter = (STRICTNESS[is] ?? 0) > (STRICTNESS[was] ?? 0);
    return [
      { kind: stricter ? "policy-tightened" : "policy-loosened", at, detail: `\`${policy}\` ${was} → ${is}` },
    ];
  });
}

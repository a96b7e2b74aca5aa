// What the plan says about the id of one user that the application knows: by the same rules as everything else that is judged.
import type { PlanSnapshot } from "./snapshot.ts";

export type JudgedUserId =
  /** As it goes out: a UUID in upper case is respelled. */
  | { readonly kind: "fit"; readonly id: string }
  /** `finding`: id of the finding; its page says more. */
  | { readonly kind: "refused"; readonly finding: string; readonly message: string };

/** Judges a user id that a server names. */
export function judgeUserId(
  snapshot: PlanSnapshot,
  { source, id }: { readonly source: string; readonly id: string },
): JudgedUserId {
  const {
    verdict,
    findings,
    id: out,
  } = snapshot.validator.judgeProfile({
    source,
    groupKey: undefined,
    id,
    operation: "$unset",
    value: [],
    asState: true,
  });
  if (verdict === "accepted" || verdict === "repaired") return { kind: "fit", id: out };
  const [first] = findings;
  return {
    kind: "refused",
    finding: first?.id ?? "identity-format",
    message: first?.message ?? "The id is refused",
  };
}

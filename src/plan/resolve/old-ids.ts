// Ids that old releases still send, as the plan declares them under `identity.translate`: the form of each, and what cannot be.
import { type LockOldIds, OLD_ID_FORMATS, type OldIdForm, type OldIdFormat } from "../lock.ts";
import type { RawOldIds, RawPlan } from "../raw-plan.ts";
import type { RuleHit } from "../rules/rule-context.ts";
import { patternHits } from "./value-type.ts";

function isFormat(text: string): text is OldIdFormat {
  return OLD_ID_FORMATS.some((format) => format === text);
}

function formOf(id: string, { format, pattern }: RawOldIds): OldIdForm | undefined {
  if (pattern !== undefined) return { pattern };
  const named = format ?? (isFormat(id) ? id : undefined);
  return named === undefined ? undefined : { format: named };
}

/** The declared old ids of a plan that `check` let through; `undefined` where it declares none. */
export function oldIdsOf(
  translate: NonNullable<RawPlan["identity"]>["translate"],
): Readonly<Record<string, LockOldIds>> | undefined {
  const entries = Object.entries(translate ?? {}).flatMap(([id, raw]): [string, LockOldIds][] => {
    const form = formOf(id, raw);
    return form === undefined ? [] : [[id, { form, from: raw.from, until: raw.until }]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Old ids that could never be told from the user's own, that have no form, or whose date has passed. */
export function oldIdHits({ identity }: Pick<RawPlan, "identity">, today: string): readonly RuleHit[] {
  const user = identity?.user_id;
  return Object.entries(identity?.translate ?? {}).flatMap(([id, raw]): RuleHit[] => {
    const path = ["identity", "translate", id];
    const hit = (message: string, fix: string): RuleHit => ({ id: "identity-translate", path, message, fix });
    const hits: RuleHit[] =
      raw.pattern === undefined ? [] : [...patternHits(raw.pattern, [...path, "pattern"])];
    const form = formOf(id, raw);
    if (form === undefined)
      hits.push(
        hit(
          "Nothing says what these old ids look like",
          `Add \`format\`: ${OLD_ID_FORMATS.join(", ")}; or \`pattern\`.`,
        ),
      );
    else if (raw.format !== undefined && raw.pattern !== undefined)
      hits.push(hit("`format` and `pattern` both say what these old ids look like", "Keep one of them."));
    else if (user !== undefined && "format" in user && "format" in form && isSame(user.format, form.format))
      hits.push(
        hit(
          "Old ids of this form are taken for the user's own, and never translated",
          "Give `identity.user_id` the form of the new ids alone.",
        ),
      );
    if (raw.until < today)
      hits.push({
        id: "sunset-passed",
        path: [...path, "until"],
        message: `Old ids were to be translated until ${raw.until}, and are refused since`,
        fix: "Remove the entry, or set a new date.",
      });
    return hits;
  });
}

/** With `any`, only what looks like an address or a number is no id. */
function isSame(user: string, old: OldIdFormat): boolean {
  return user === "any" ? old !== "email" && old !== "phone" : user === old;
}

// Old names, data classes and descriptions: what events, properties and profile properties have in common.
import type { Lock } from "../lock.ts";
import type { Change } from "./change-table.ts";

/** Old names that came or went; `name` is what it is called now, which is no old name. */
export function compareOldNames(
  before: { readonly was: readonly string[]; readonly name: string },
  after: { readonly was: readonly string[]; readonly name: string },
  at: string,
): readonly Change[] {
  const gone = before.was.filter((name) => !after.was.includes(name) && name !== after.name);
  const added = after.was.filter((name) => !before.was.includes(name) && name !== before.name);
  return [
    ...gone.map((name): Change => ({ kind: "old-name-forgotten", at, detail: `\`${name}\`` })),
    ...added.map((name): Change => ({ kind: "old-name-added", at, detail: `\`${name}\`` })),
  ];
}

/** How much a data class lets through: higher is stricter. */
function strictness(lock: Lock, id: string): number {
  const found = lock.data_classes[id];
  if (found === undefined) return 0;
  const gateway = { accept: 0, truncate: 1, hash: 2, drop: 4 }[found.gateway];
  const dropped = Object.values(found.providers).filter((value) => value === "drop").length;
  return gateway * 10 + (found.client === "forbid" ? 5 : 0) + dropped;
}

/** A change of data class, judged by what each class does in its own plan. */
export function compareDataClass(
  [base, before]: readonly [Lock, string],
  [head, after]: readonly [Lock, string],
  at: string,
): readonly Change[] {
  const difference = strictness(head, after) - strictness(base, before);
  if (before === after && difference === 0) return [];
  const detail = before === after ? `\`${after}\` has other rules` : `\`${before}\` → \`${after}\``;
  const kind =
    difference > 0 ? "data-class-stricter" : difference < 0 ? "data-class-looser" : "data-class-changed";
  return [{ kind, at, detail }];
}

/** Texts for people. */
export function compareTexts(
  before: { readonly description?: string; readonly owner?: string; readonly tags?: readonly string[] },
  after: { readonly description?: string; readonly owner?: string; readonly tags?: readonly string[] },
  at: string,
): readonly Change[] {
  const what = [
    ...(before.description === after.description ? [] : ["description"]),
    ...(before.owner === after.owner ? [] : ["owner"]),
    ...((before.tags ?? []).join("\n") === (after.tags ?? []).join("\n") ? [] : ["tags"]),
  ];
  return what.length === 0 ? [] : [{ kind: "described-anew", at, detail: what.join(", ") }];
}

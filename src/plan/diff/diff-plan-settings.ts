// What holds for the whole plan: sources, identity, unknown events, the property that names the plan.
import type { LockIdentity, LockOldIds } from "../lock.ts";
import { addedTo, type ChangeList } from "./change-list.ts";

const STRICTNESS = { accept: 0, quarantine: 1, drop: 2 } as const;

function formOf(form: LockIdentity["user_id"]): string {
  return "pattern" in form ? `pattern ${form.pattern}` : form.format;
}

/** Compares the sources of two plans. */
export function diffSources(list: ChangeList): void {
  const { base, head } = list.plans;
  for (const [id, { trust }] of Object.entries(base.sources)) {
    const after = head.sources[id];
    const at = `sources.${id}`;
    if (after === undefined) list.add("source-removed", at, { before: trust, sources: [id] });
    else if (after.trust !== trust)
      list.add(after.trust === "server" ? "source-trust-raised" : "source-trust-lowered", at, {
        before: trust,
        after: after.trust,
        sources: [id],
      });
  }
  for (const [id, { trust }] of Object.entries(head.sources))
    if (base.sources[id] === undefined)
      list.add("source-added", `sources.${id}`, { after: trust, sources: [id] });
}

/** Compares what a user id is. */
export function diffIdentity(list: ChangeList): void {
  const [before, after] = [list.plans.base.identity, list.plans.head.identity];
  const [old, now] = [formOf(before.user_id), formOf(after.user_id)];
  if (old !== now)
    list.add(now === "any" ? "user-id-widened" : "user-id-narrowed", "identity.user_id", {
      before: old,
      after: now,
    });
  if (before.missing !== after.missing)
    list.add(
      STRICTNESS[after.missing] > STRICTNESS[before.missing]
        ? "identity-missing-stricter"
        : "identity-missing-looser",
      "identity.missing",
      { before: before.missing, after: after.missing },
    );
  for (const id of addedTo(before.reset_on, after.reset_on))
    list.add("reset-added", "identity.reset_on", { after: id });
  for (const id of addedTo(after.reset_on, before.reset_on))
    list.add("reset-removed", "identity.reset_on", { before: id });
  diffOldIds(list);
}

/** Compares which old ids are translated. */
function diffOldIds(list: ChangeList): void {
  const before = list.plans.base.identity.translate ?? {};
  const after = list.plans.head.identity.translate ?? {};
  for (const [id, old] of Object.entries(before)) {
    const at = `identity.translate.${id}`;
    const now = after[id];
    if (now === undefined) {
      list.add("translate-removed", at, { before: id });
      continue;
    }
    const what = ({ form, from }: LockOldIds): string => JSON.stringify([form, from]);
    if (what(old) !== what(now)) list.add("translate-changed", at);
    if (old.until !== now.until)
      list.add(now.until < old.until ? "translate-shortened" : "translate-extended", at, {
        before: old.until,
        after: now.until,
      });
  }
  for (const id of Object.keys(after))
    if (before[id] === undefined) list.add("translate-added", `identity.translate.${id}`, { after: id });
}

/** Compares defaults that the lock keeps for the whole plan. */
export function diffDefaults(list: ChangeList): void {
  const { base, head } = list.plans;
  if (base.unknown_event !== head.unknown_event)
    list.add(
      STRICTNESS[head.unknown_event] > STRICTNESS[base.unknown_event]
        ? "unknown-event-stricter"
        : "unknown-event-looser",
      "defaults.unknown_event",
      { before: base.unknown_event, after: head.unknown_event },
    );
  if (base.plan_property !== head.plan_property)
    list.add("plan-property-changed", "defaults.plan_property", {
      before: base.plan_property,
      after: head.plan_property,
    });
}

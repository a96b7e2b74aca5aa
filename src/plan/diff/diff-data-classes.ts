// Stricter or looser: what a data class does, compared, for a property with another class and for a class defined anew.
import type { Lock, LockDataClass } from "../lock.ts";
import { DATA_CLASSES } from "../resolve/data-classes.ts";
import type { ChangeKind } from "./change-kinds.ts";
import type { ChangeList } from "./change-list.ts";

const GATEWAY_RANK = { accept: 0, truncate: 1, hash: 2, drop: 3 } as const;

function dropped({ providers }: LockDataClass): readonly string[] {
  return Object.keys(providers).filter((kind) => providers[kind] === "drop");
}

function isStricter(before: LockDataClass, after: LockDataClass): boolean {
  return (
    GATEWAY_RANK[after.gateway] > GATEWAY_RANK[before.gateway] ||
    (after.gateway === "truncate" && before.gateway === "truncate" && (after.max ?? 0) < (before.max ?? 0)) ||
    dropped(after).some((kind) => !dropped(before).includes(kind))
  );
}

function isLooser(before: LockDataClass, after: LockDataClass): boolean {
  return (before.client === "forbid" && after.client === "allow") || isStricter(after, before);
}

function compare(before: LockDataClass, after: LockDataClass): readonly ChangeKind[] {
  const kinds: ChangeKind[] = [];
  if (before.client === "allow" && after.client === "forbid") kinds.push("data-class-forbidden");
  else if (isStricter(before, after)) kinds.push("data-class-stricter");
  if (isLooser(before, after)) kinds.push("data-class-looser");
  return kinds;
}

function classOf(lock: Lock, id: string): LockDataClass {
  return lock.data_classes[id] ?? { client: "allow", gateway: "accept", providers: {} };
}

/** Another class for one property; nothing where only the class itself was defined anew. */
export function classKinds(
  plans: { readonly base: Lock; readonly head: Lock },
  before: string,
  after: string,
): readonly ChangeKind[] {
  if (before === after) return [];
  const kinds = compare(classOf(plans.base, before), classOf(plans.head, after));
  if (kinds.length > 0) return kinds;
  return [after === "none" ? "data-class-looser" : "data-class-changed"];
}

function describeClass({ client, gateway, max, providers }: LockDataClass): string {
  const parts = [`client ${client}`, `gateway ${gateway}${max === undefined ? "" : ` ${max}`}`];
  return [...parts, ...Object.entries(providers).map(([kind, rule]) => `${kind} ${rule}`)].join(", ");
}

/** Classes that both plans have, defined otherwise. One change each, however many properties are in it. */
export function diffDataClasses(list: ChangeList): void {
  const { base, head } = list.plans;
  for (const [id, before] of Object.entries(base.data_classes)) {
    const after = head.data_classes[id] ?? (Object.hasOwn(DATA_CLASSES, id) ? DATA_CLASSES[id] : undefined);
    if (after === undefined) continue;
    for (const kind of compare(before, after))
      list.add(kind, `data_classes.${id}`, { before: describeClass(before), after: describeClass(after) });
  }
}

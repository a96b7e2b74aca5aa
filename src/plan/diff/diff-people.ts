// Profile properties of users and of groups, by id.
import { describeType } from "../export/describe-type.ts";
import type { LockProfileProperty, Owner } from "../lock.ts";
import type { ChangeKind } from "./change-kinds.ts";
import { addedTo, type ChangeList } from "./change-list.ts";
import { compareTypes } from "./compare-types.ts";
import { classKinds } from "./diff-data-classes.ts";
import { isSameMeaning } from "./same-meaning.ts";

type People = Readonly<Record<string, LockProfileProperty>>;

interface Pair {
  readonly before: LockProfileProperty;
  readonly after: LockProfileProperty;
}

function writersOf(list: ChangeList, { owner, sources }: LockProfileProperty): readonly string[] {
  if (owner === "state") return [];
  const all = list.plans.head.sources;
  return sources ?? Object.keys(all).filter((id) => owner === "client" || all[id]?.trust === "server");
}

function ownerKind(before: Owner, after: Owner): ChangeKind | undefined {
  if (before === after) return undefined;
  if (after === "state") return "owner-to-state";
  if (before === "state") return "owner-from-state";
  return after === "server" ? "owner-client-to-server" : "owner-server-to-client";
}

function diffOperations(list: ChangeList, at: string, { before, after }: Pair): void {
  const [old, now] = [before.operations, after.operations];
  const sources = writersOf(list, after);
  if (old === now || JSON.stringify(old) === JSON.stringify(now)) return;
  const found = { before: (old ?? ["any"]).join(", "), after: (now ?? ["any"]).join(", "), sources };
  const has = (operations: readonly string[] | undefined, one: string): boolean =>
    operations === undefined || operations.includes(one);
  const isOnce = has(old, "$set") && !has(now, "$set") && now?.includes("$set_once") === true;
  if (isOnce) list.add("operation-set-to-set-once", at, found);
  else if (now !== undefined && (old === undefined || addedTo(now, old).length > 0))
    list.add("operation-removed", at, found);
  if (!isOnce && old !== undefined && (now === undefined || addedTo(old, now).length > 0))
    list.add("operation-added", at, found);
}

function diffPair(list: ChangeList, at: string, pair: Pair): void {
  const { before, after } = pair;
  const sources = writersOf(list, after);
  if (before.name !== after.name)
    list.add(after.was.includes(before.name) ? "people-renamed" : "people-renamed-without-was", at, {
      before: before.name,
      after: after.name,
      sources,
    });
  for (const name of addedTo(before.was, after.was))
    if (name !== before.name) list.add("people-alias-added", at, { after: name, sources });
  for (const name of addedTo(after.was, before.was))
    if (name !== after.name) list.add("people-alias-removed", at, { before: name, sources });
  const owner = ownerKind(before.owner, after.owner);
  if (owner !== undefined)
    list.add(owner, at, { before: before.owner, after: after.owner, sources: writersOf(list, before) });
  else {
    const left = addedTo(sources, writersOf(list, before));
    const came = addedTo(writersOf(list, before), sources);
    if (left.length > 0) list.add("people-source-dropped", at, { before: left.join(", "), sources: left });
    if (came.length > 0) list.add("people-source-added", at, { after: came.join(", "), sources: came });
  }
  diffOperations(list, at, pair);
  for (const kind of compareTypes(before.type, after.type))
    list.add(kind, at, { before: describeType(before.type), after: describeType(after.type), sources });
  for (const kind of classKinds(list.plans, before.data, after.data))
    list.add(kind, at, { before: before.data, after: after.data, sources });
  if (before.description !== after.description) list.add("property-described", at, { sources });
}

function nameOwner(people: People, name: string, exceptId: string): string | undefined {
  const [id] =
    Object.entries(people).find(
      ([id, one]) => id !== exceptId && (one.name === name || one.was.includes(name)),
    ) ?? [];
  return id;
}

/** Reports a name that belonged to another property and was not handed on. */
function diffReuse(
  list: ChangeList,
  at: string,
  { id, before, after }: { id: string; before: People; after: People },
): void {
  const property = after[id];
  if (property === undefined || before[id]?.name === property.name) return;
  if (before[id]?.was.includes(property.name) === true) return;
  const owner = nameOwner(before, property.name, id);
  const former = owner === undefined ? undefined : before[owner];
  if (owner === undefined || former === undefined) return;
  if (after[owner] === undefined && isSameMeaning(former, property)) return;
  list.add("wire-name-reused", `${at}.${id}`, {
    before: `a name of ${owner}`,
    after: property.name,
    sources: writersOf(list, property),
  });
}

function diffSection(
  list: ChangeList,
  at: string,
  { before, after }: { readonly before: People; readonly after: People },
): void {
  const heirs = new Set<string>();
  for (const [id, property] of Object.entries(before)) {
    const same = after[id];
    if (
      same !== undefined &&
      same.name !== property.name &&
      !same.was.includes(property.name) &&
      !isSameMeaning(property, same)
    ) {
      list.add("id-reused", `${at}.${id}`, {
        before: property.name,
        after: same.name,
        sources: writersOf(list, same),
      });
      continue;
    }
    if (same !== undefined) {
      diffPair(list, `${at}.${id}`, { before: property, after: same });
      continue;
    }
    const [heir, next] =
      Object.entries(after).find(
        ([other, one]) =>
          before[other] === undefined &&
          (one.name === property.name || one.was.includes(property.name)) &&
          isSameMeaning(property, one),
      ) ?? [];
    if (heir !== undefined && next !== undefined) {
      heirs.add(heir);
      list.add("people-id-changed", `${at}.${heir}`, {
        before: id,
        after: heir,
        sources: writersOf(list, next),
      });
      diffPair(list, `${at}.${heir}`, { before: property, after: next });
    } else
      list.add("people-removed", `${at}.${id}`, {
        before: property.name,
        sources: writersOf(list, property),
      });
  }
  for (const [id, property] of Object.entries(after)) {
    diffReuse(list, at, { id, before, after });
    if (before[id] === undefined && !heirs.has(id))
      list.add("people-added", `${at}.${id}`, { after: property.name, sources: writersOf(list, property) });
  }
}

/** Compares profile properties of users and groups. */
export function diffPeople(list: ChangeList): void {
  const { base, head } = list.plans;
  diffSection(list, "people", { before: base.people, after: head.people });
  for (const key of new Set([...Object.keys(base.groups), ...Object.keys(head.groups)]))
    diffSection(list, `groups.${key}`, { before: base.groups[key] ?? {}, after: head.groups[key] ?? {} });
}

// Events, by id. An id that is gone and one that came with the same name, or with that name in `was`, belong together.
import type { LockEvent } from "../lock.ts";
import { addedTo, type ChangeList } from "./change-list.ts";
import { diffProperties } from "./diff-properties.ts";
import { isFit, judgedAs } from "./rewrite-fit.ts";
import { isSameEvent } from "./same-meaning.ts";

const STRICTNESS = { accept: 0, strip: 1, quarantine: 2, drop: 3 } as const;
const POLICIES = ["unknown_property", "invalid_property", "missing_property"] as const;

function sourcesOf(list: ChangeList, event: LockEvent): readonly string[] {
  const own = Object.keys(event.sources);
  return own.length > 0 ? own : Object.keys(list.plans.head.sources);
}

/** What is for people alone: first releases are told of sources that both plans have. */
function words(
  { description, owner, tags, sources, deprecated }: LockEvent,
  common: readonly string[],
): string {
  const { gateway: _gateway, to: _to, ...dates } = deprecated ?? { gateway: "accept" };
  return JSON.stringify([description, owner, tags, common.map((id) => sources[id]?.since), dates]);
}

function diffName(list: ChangeList, at: string, { before, after }: Pair): void {
  const sources = sourcesOf(list, after);
  const was = after.was.filter((name) => name !== before.name);
  if (before.name !== after.name) {
    const kind = after.was.includes(before.name)
      ? "event-renamed"
      : isSameEvent(before, after)
        ? "event-renamed-without-was"
        : "id-reused";
    list.add(kind, at, { before: before.name, after: after.name, sources });
  }
  for (const name of addedTo(before.was, was)) list.add("event-alias-added", at, { after: name, sources });
  for (const name of addedTo(after.was, before.was))
    if (name !== after.name && !isAccepted(list, name))
      list.add("event-alias-removed", at, { before: name, sources });
}

/** The new plan takes the name, as a name or as an old one. */
function isAccepted(list: ChangeList, name: string): boolean {
  return Object.values(list.plans.head.events).some(
    (event) => event.name === name || event.was.includes(name),
  );
}

function diffDeprecation(list: ChangeList, at: string, { before, after }: Pair): void {
  const [old, now] = [before.deprecated, after.deprecated];
  const sources = sourcesOf(list, after);
  if (old?.gateway === now?.gateway && old?.to === now?.to) return;
  if (old?.gateway === "rewrite" && now?.gateway !== "rewrite")
    list.add("event-rewrite-ended", at, { sources });
  if (now === undefined) {
    if (old?.gateway !== "rewrite") list.add("event-deprecation-lifted", at, { sources });
    return;
  }
  const { base, head } = list.plans;
  const kind = {
    accept: "event-deprecated",
    rewrite: isFit(list, judgedAs(before, base), judgedAs(after, head))
      ? "event-deprecated-rewritten"
      : "event-deprecated-rewritten-unfit",
    drop: "event-deprecated-dropped",
  } as const;
  list.add(kind[now.gateway], at, { ...(now.to === undefined ? {} : { after: `send ${now.to}` }), sources });
}

interface Pair {
  readonly before: LockEvent;
  readonly after: LockEvent;
}

function diffPair(list: ChangeList, id: string, pair: Pair): void {
  const { before, after } = pair;
  const at = `events.${id}`;
  const [old, now] = [sourcesOf(list, before), sourcesOf(list, after)];
  diffName(list, at, pair);
  diffDeprecation(list, at, pair);
  // A source that the whole plan has no more is one change, not one for each of its events.
  const left = addedTo(now, old).filter((source) => list.plans.head.sources[source] !== undefined);
  const came = addedTo(old, now).filter((source) => list.plans.base.sources[source] !== undefined);
  if (left.length > 0) list.add("event-source-dropped", at, { before: left.join(", "), sources: left });
  if (came.length > 0) list.add("event-source-added", at, { after: came.join(", "), sources: came });
  for (const policy of POLICIES) {
    const [was, is] = [before[policy], after[policy]];
    if (was !== is)
      list.add(
        STRICTNESS[is] > STRICTNESS[was] ? "event-policy-stricter" : "event-policy-looser",
        `${at}.${policy}`,
        { before: was, after: is, sources: now },
      );
  }
  const common = now.filter((source) => old.includes(source));
  if (words(before, common) !== words(after, common)) list.add("event-described", at, { sources: now });
  diffProperties(list, { id, before, after, sources: common });
}

/** Id of the event of the old plan that a name belonged to. */
function formerOwner(list: ChangeList, name: string, exceptId: string): string | undefined {
  const [id] =
    Object.entries(list.plans.base.events).find(
      ([id, event]) => id !== exceptId && (event.name === name || event.was.includes(name)),
    ) ?? [];
  return id;
}

/** A name that belonged to another event, and is not handed on by it. */
function diffReuse(list: ChangeList, id: string, after: LockEvent): boolean {
  const { base, head } = list.plans;
  if (base.events[id]?.name === after.name) return false;
  const owner = formerOwner(list, after.name, id);
  const before = owner === undefined ? undefined : base.events[owner];
  if (owner === undefined || before === undefined) return false;
  const handedOn =
    head.events[owner] === undefined && before.name === after.name && isSameEvent(before, after);
  if (handedOn || base.events[id]?.was.includes(after.name) === true) return false;
  list.add("wire-name-reused", `events.${id}`, {
    before: `a name of ${owner}`,
    after: after.name,
    sources: sourcesOf(list, after),
  });
  return true;
}

function mergeKind(
  list: ChangeList,
  event: LockEvent,
  heir: LockEvent,
): "event-merged" | "event-merged-unfit" {
  const { base, head } = list.plans;
  return isFit(list, judgedAs(event, base), judgedAs(heir, head)) ? "event-merged" : "event-merged-unfit";
}

function diffRemoved(list: ChangeList, id: string, event: LockEvent): void {
  const { head, base } = list.plans;
  const heirs = Object.entries(head.events);
  const sources = sourcesOf(list, event).filter((source) => head.sources[source] !== undefined);
  const [same, next] =
    heirs.find(([heir, { name }]) => name === event.name && base.events[heir] === undefined) ?? [];
  const [merged, heir] = heirs.find(([, { was }]) => was.includes(event.name)) ?? [];
  if (same !== undefined && next !== undefined && isSameEvent(event, next)) {
    list.add("event-id-changed", `events.${same}`, { before: id, after: same, sources });
    diffPair(list, same, { before: event, after: next });
  } else if (merged !== undefined && heir !== undefined)
    list.add(mergeKind(list, event, heir), `events.${id}`, {
      before: event.name,
      after: `was of ${merged}`,
      sources,
    });
  else
    list.add(head.unknown_event === "accept" ? "event-removed-accepted" : "event-removed", `events.${id}`, {
      before: event.name,
      sources,
    });
}

/** Compares the events of two plans. */
export function diffEvents(list: ChangeList): void {
  const { base, head } = list.plans;
  for (const [id, before] of Object.entries(base.events)) {
    const after = head.events[id];
    if (after === undefined) diffRemoved(list, id, before);
    else diffPair(list, id, { before, after });
  }
  const heirs = new Set(list.changes.filter(({ kind }) => kind === "event-id-changed").map(({ at }) => at));
  for (const [id, after] of Object.entries(head.events)) {
    const isReused = diffReuse(list, id, after);
    if (base.events[id] === undefined && !isReused && !heirs.has(`events.${id}`))
      list.add(base.unknown_event === "accept" ? "event-added-judged" : "event-added", `events.${id}`, {
        after: after.name,
        sources: sourcesOf(list, after),
      });
  }
}

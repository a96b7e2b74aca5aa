// Drift against what was acknowledged: recomputes the state of a slice of users, and says how many differ without an update on its way.
// Anything it finds was missed by a capture. The next run goes on where this one stopped.
import type { PeopleContext, PeopleDestination } from "../people-context.ts";
import { type NewMark, writeMarks } from "../state/marks.ts";
import { untilCaptured } from "./captured.ts";
import { comparePage, type DifferenceKind, type DifferingUser } from "./compare.ts";
import { type Share, shareOf } from "./share.ts";
import { readPlace, writePlace } from "./meta.ts";

/** Why a user differs. `capture-behind`: the change may still be noted; nothing is known to be missed. */
export type DriftCause = DifferenceKind | "capture-behind";

export interface InternalDrift extends Share {
  readonly destination: string;
  /** Users of the slice, and profiles whose user is gone. */
  readonly checked: number;
  /** Of them: an update is on its way. Not drift. */
  readonly pending: number;
  /** Of them: in quarantine, or on the list of erasures. Not drift, and no part of the rate. */
  readonly excluded: number;
  readonly differing: number;
  readonly byProperty: Readonly<Record<string, number>>;
  readonly byCause: Readonly<Partial<Record<DriftCause, number>>>;
  /** Some of the users that differ. */
  readonly examples: readonly string[];
  /** Everybody was looked at: the rate is exact. */
  readonly isEverybody: boolean;
  /** Users marked so that they are sent again. */
  readonly repaired: number;
}

export interface InternalDriftOptions {
  /** Users to look at; absent: everybody. */
  readonly limit?: number;
  /** Where to begin: users after this id; absent: where the last run stopped. */
  readonly after?: string;
  readonly signal: AbortSignal;
  /** Marks those that differ. */
  readonly repair?: boolean;
  readonly onProgress?: (checked: number) => void;
  /** Longest wait for captures that lag, before differences count as `capture-behind`. */
  readonly captureWaitMs?: number;
}

const PAGE_USERS = 2000;
/** Pages under way at once: while one is read, another is compared. */
const PAGES_AT_ONCE = 2;
const EXAMPLES_MAX = 20;
/** Users that are looked at a second time together. */
const SUSPECTS_MAX = 10_000;

const KNOWN_PROFILES = `
select user_id from plumbline.profiles where destination = $1 and user_id > $2 and (prints <> '{}' or unsure) order by user_id limit $3`;

class DriftWalk {
  readonly #context: PeopleContext;
  readonly #destination: PeopleDestination;
  readonly #options: InternalDriftOptions;
  readonly #byProperty = new Map<string, number>();
  readonly #byCause = new Map<DriftCause, number>();
  readonly #examples: string[] = [];
  #suspects: string[] = [];
  #checked = 0;
  #pending = 0;
  #excluded = 0;
  #differing = 0;
  #repaired = 0;

  constructor(context: PeopleContext, destination: PeopleDestination, options: InternalDriftOptions) {
    this.#context = context;
    this.#destination = destination;
    this.#options = options;
  }

  get checked(): number {
    return this.#checked;
  }

  async page(ids: readonly string[]): Promise<void> {
    const found = await comparePage(this.#context, this.#destination, ids);
    this.#checked += found.checked;
    this.#pending += found.pending;
    this.#excluded += found.excluded;
    this.#suspects.push(...found.differing.map(({ userId }) => userId));
    this.#options.onProgress?.(this.#checked);
  }

  async confirmIfMany(): Promise<void> {
    if (this.#suspects.length >= SUSPECTS_MAX) await this.confirm();
  }

  /** Looks again once the captures have noted what was committed: who differs then has been missed. */
  async confirm(): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = [];
    if (suspects.length === 0) return;
    const { signal, captureWaitMs } = this.#options;
    const isCaptured = await untilCaptured(this.#context, {
      signal,
      ...(captureWaitMs === undefined ? {} : { withinMs: captureWaitMs }),
    });
    for (let at = 0; at < suspects.length; at += PAGE_USERS) {
      const again = await comparePage(this.#context, this.#destination, suspects.slice(at, at + PAGE_USERS));
      this.#pending += again.pending;
      this.#excluded += again.excluded;
      for (const user of again.differing) this.#count(user, isCaptured);
      if (this.#options.repair === true) await this.#repair(again.differing);
    }
  }

  #count({ userId, names, kind }: DifferingUser, isCaptured: boolean): void {
    this.#differing += 1;
    const cause = isCaptured ? kind : "capture-behind";
    this.#byCause.set(cause, (this.#byCause.get(cause) ?? 0) + 1);
    for (const name of names) this.#byProperty.set(name, (this.#byProperty.get(name) ?? 0) + 1);
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(userId);
  }

  async #repair(users: readonly DifferingUser[]): Promise<void> {
    const marks = users
      .filter(({ kind }) => kind !== "unsendable")
      .map(({ userId, sets }): NewMark => ({ userId, sets }));
    const options = { destinations: [this.#destination.name], lane: "bulk", cause: "drift: repair" } as const;
    await this.#context.state.transaction((tx) => writeMarks(tx, marks, options));
    this.#repaired += marks.length;
  }

  report(isEverybody: boolean): InternalDrift {
    const byCount = [...this.#byProperty].sort((a, b) => b[1] - a[1]);
    return {
      destination: this.#destination.name,
      checked: this.#checked,
      pending: this.#pending,
      excluded: this.#excluded,
      differing: this.#differing,
      byProperty: Object.fromEntries(byCount),
      byCause: Object.fromEntries(this.#byCause),
      examples: this.#examples,
      isEverybody,
      repaired: this.#repaired,
      ...shareOf(this.#differing, this.#checked - this.#excluded, { isEverybody }),
    };
  }
}

interface Slice {
  readonly after: string | null;
  readonly limit: number;
}

/** Users in the order of their id from a place on. Answers the place to go on from; `null`: the end was reached. */
async function walkUsers(
  context: PeopleContext,
  walk: DriftWalk,
  slice: Slice & { readonly signal: AbortSignal },
): Promise<string | null> {
  const { source, mapping } = context;
  const running = new Set<Promise<void>>();
  let [after, left] = [slice.after, slice.limit];
  let isEnd = false;
  while (left > 0 && !isEnd && !slice.signal.aborted) {
    const most = Math.min(PAGE_USERS, left);
    const rows = await source.query(mapping.pageSql, [after, most]);
    isEnd = rows.length < most;
    if (rows.length === 0) break;
    const ids = rows.map(({ user_id: id }) => id ?? "");
    after = ids.at(-1) ?? after;
    left -= ids.length;
    const page = walk.page(ids).finally(() => void running.delete(page));
    // Whoever waits for it sees the failure; nobody may be waiting yet.
    page.catch(() => undefined);
    running.add(page);
    if (running.size >= PAGES_AT_ONCE) await Promise.race(running);
    await walk.confirmIfMany();
  }
  await Promise.all(running);
  return isEnd ? null : after;
}

/** Profiles that a destination holds of users who are not in the database any more. */
async function walkGone(
  context: PeopleContext,
  walk: DriftWalk,
  options: {
    readonly destination: string;
    readonly limit: number;
    readonly after: string;
    readonly signal: AbortSignal;
  },
): Promise<string | null> {
  const { source, state, mapping } = context;
  let [after, left] = [options.after, options.limit];
  while (left > 0 && !options.signal.aborted) {
    const most = Math.min(PAGE_USERS, left);
    const rows = await state.query(KNOWN_PROFILES, [options.destination, after, most]);
    const ids = rows.map(({ user_id: id }) => id ?? "");
    if (ids.length > 0) {
      const there = new Set((await source.query(mapping.existsSql, [ids])).map(({ user_id: id }) => id));
      const gone = ids.filter((id) => !there.has(id));
      if (gone.length > 0) await walk.page(gone);
    }
    await walk.confirmIfMany();
    if (rows.length < most) return null;
    after = ids.at(-1) ?? after;
    left -= ids.length;
  }
  return after;
}

/**
 * Measures drift against what a destination has acknowledged.
 *
 * With a limit it looks at a slice in the order of the ids, and the interval is that of a sample: sound where ids are random (UUIDs of version
 * 4), a hint where they grow with time. Without one it looks at everybody, and the rate is exact.
 */
export async function internalDrift(
  context: PeopleContext,
  destination: PeopleDestination,
  options: InternalDriftOptions,
): Promise<InternalDrift> {
  const { signal, limit = Number.POSITIVE_INFINITY } = options;
  const place = `drift:${destination.name}`;
  const walk = new DriftWalk(context, destination, options);
  const isWhole = limit === Number.POSITIVE_INFINITY;
  const start = options.after ?? (isWhole ? null : await readPlace(context.state, place));
  let next = await walkUsers(context, walk, { after: start, limit, signal });
  // The end was reached before the limit: from the beginning on.
  if (next === null && start !== null && options.after === undefined && walk.checked < limit)
    next = await walkUsers(context, walk, { after: null, limit: limit - walk.checked, signal });
  const gonePlace = `drift-gone:${destination.name}`;
  const goneAfter = isWhole ? "" : ((await readPlace(context.state, gonePlace)) ?? "");
  const goneNext = await walkGone(context, walk, {
    destination: destination.name,
    limit,
    after: goneAfter,
    signal,
  });
  await walk.confirm();
  await writePlace(context.state, place, next);
  await writePlace(context.state, gonePlace, goneNext);
  const isEverybody =
    !signal.aborted && next === null && goneNext === null && start === null && goneAfter === "";
  return walk.report(isEverybody);
}

// Weighs a difference with real events: each judged under both plans, counted by source, release and event. Bounded, whatever comes.
import type { Finding, Verdict } from "../../core/index.ts";
import type { EventToJudge, Validator } from "../judgement.ts";

/** What the new plan does to events that the old one let through as well or better. */
export interface TrafficRow {
  readonly source: string;
  readonly release: string;
  readonly event: string;
  /** Events of this kind that were looked at. */
  readonly count: number;
  /** Quarantined or dropped under the new plan alone. */
  readonly rejected: number;
  /** Lose properties under the new plan that the old one let through. */
  readonly stripped: number;
  /** Repaired under the new plan, and right as they were under the old one. */
  readonly repaired: number;
  /** Refused by the old plan, and let through by the new one. */
  readonly freed: number;
}

export interface TrafficWeight {
  readonly events: number;
  /** The last so many days of it; all of it where nothing was said. */
  readonly days?: number;
  /** Rows in which something changes, the most rejected first. */
  readonly rows: readonly TrafficRow[];
  readonly rejected: number;
  readonly stripped: number;
  readonly repaired: number;
  readonly freed: number;
  /** More kinds of events than are kept apart: the rest is counted together. */
  readonly truncated: boolean;
}

/** Kinds of events kept apart: names come from outside. */
export const TRAFFIC_ROWS_MAX = 20_000;
/** Rows printed; JSON has them all. */
const ROWS_SHOWN = 25;

interface Counts {
  readonly source: string;
  readonly release: string;
  readonly event: string;
  count: number;
  rejected: number;
  stripped: number;
  repaired: number;
  freed: number;
}

/** One event, with the release that sent it; empty where nothing says it. */
export interface WeighedEvent extends EventToJudge {
  readonly release: string;
}

/** How one plan judged one event, as far as it is weighed. */
export interface WeighedJudgement {
  readonly verdict: Verdict;
  /** Properties that go out, where that is known. */
  readonly kept?: number | undefined;
  readonly repairs: number;
}

const REJECTED: ReadonlySet<Verdict> = new Set(["quarantined", "dropped"]);

/** Fewer properties go out; where their number is not known, the verdict says it. */
function losesMore(before: WeighedJudgement, after: WeighedJudgement): boolean {
  if (before.kept !== undefined && after.kept !== undefined) return after.kept < before.kept;
  return after.verdict === "stripped" && before.verdict !== "stripped";
}

function judgementOf(validator: Validator, event: EventToJudge): WeighedJudgement {
  const { verdict, output, repairs } = validator.judgeEvent(event);
  const kept = output === undefined ? undefined : Object.keys(output.properties).length;
  return { verdict, kept, repairs: repairs.length };
}

/** Counts judgements by source, release and event. */
export class TrafficScale {
  readonly #rows = new Map<string, Counts>();
  #events = 0;
  #truncated = false;

  /** Adds what both plans said of one event. */
  add(
    kind: Pick<TrafficRow, "source" | "release" | "event">,
    before: WeighedJudgement,
    after: WeighedJudgement,
  ): void {
    this.#events += 1;
    const row = this.#rowOf(kind);
    row.count += 1;
    if (REJECTED.has(after.verdict)) {
      if (!REJECTED.has(before.verdict)) row.rejected += 1;
    } else if (REJECTED.has(before.verdict)) row.freed += 1;
    else if (losesMore(before, after)) row.stripped += 1;
    else if (after.repairs > before.repairs) row.repaired += 1;
  }

  #rowOf({ source, release, event }: Pick<TrafficRow, "source" | "release" | "event">): Counts {
    const key = JSON.stringify([source, release, event]);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const isFull = this.#rows.size >= TRAFFIC_ROWS_MAX;
    this.#truncated ||= isFull;
    const row = {
      source: isFull ? "…" : source,
      release: isFull ? "…" : release,
      event: isFull ? "…" : event,
      count: 0,
      rejected: 0,
      stripped: 0,
      repaired: 0,
      freed: 0,
    };
    const at = isFull ? "" : key;
    const rest = this.#rows.get(at);
    if (rest !== undefined) return rest;
    this.#rows.set(at, row);
    return row;
  }

  weight(days: number | undefined): TrafficWeight {
    const all = [...this.#rows.values()];
    const sum = (of: (row: Counts) => number): number => all.reduce((total, row) => total + of(row), 0);
    const rows = all.filter((row) => row.rejected + row.stripped + row.repaired + row.freed > 0);
    return {
      events: this.#events,
      ...(days === undefined ? {} : { days }),
      rows: rows.sort(byWeight).map((row) => ({ ...row })),
      rejected: sum((row) => row.rejected),
      stripped: sum((row) => row.stripped),
      repaired: sum((row) => row.repaired),
      freed: sum((row) => row.freed),
      truncated: this.#truncated,
    };
  }
}

function byWeight(a: Counts, b: Counts): number {
  const name = ({ source, release, event }: Counts): string => `${source} ${event} ${release}`;
  return (
    b.rejected - a.rejected ||
    b.stripped - a.stripped ||
    b.repaired - a.repaired ||
    b.freed - a.freed ||
    (name(a) < name(b) ? -1 : 1)
  );
}

/** Judges one event under both plans. Properties are never changed by judging. */
export function weighEvent(
  scale: TrafficScale,
  { base, head }: { readonly base: Validator; readonly head: Validator },
  { release, ...event }: WeighedEvent,
): void {
  scale.add(
    { source: event.source, release, event: event.event },
    judgementOf(base, event),
    judgementOf(head, event),
  );
}

const count = (value: number): string => value.toLocaleString("en-US");

function share(part: number, whole: number): string {
  if (part === 0 || whole === 0) return "";
  const percent = (part / whole) * 100;
  return ` (${percent < 0.1 ? "< 0.1" : percent.toFixed(1)} %)`;
}

/** The weight in one sentence. */
export function trafficFacts({
  events,
  days,
  rejected,
  stripped,
  repaired,
  freed,
  truncated,
}: TrafficWeight): string {
  const span = days === undefined ? "" : ` of the last ${days} days`;
  const freedText = freed === 0 ? "" : `; ${count(freed)} that were refused would pass`;
  return `Of ${count(events)} events${span} the new plan would reject ${count(rejected)}${share(rejected, events)}, strip ${count(stripped)}${share(stripped, events)} and repair ${count(repaired)}${share(repaired, events)} that pass today${freedText}.${truncated ? ` Only the first ${count(TRAFFIC_ROWS_MAX)} kinds were kept apart.` : ""}`;
}

/** The heaviest rows as texts. */
export function trafficTable({ rows }: TrafficWeight): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const shown = rows
    .slice(0, ROWS_SHOWN)
    .map((row) => [
      row.source,
      row.release === "" ? "-" : row.release,
      row.event,
      ...[row.count, row.rejected, row.stripped, row.repaired, row.freed].map(count),
    ]);
  const more = rows.length - shown.length;
  const rest = more > 0 ? [["…", "", `${more} more kinds`, "", "", "", "", ""]] : [];
  return {
    head: ["source", "release", "event", "events", "rejected", "stripped", "repaired", "freed"],
    rows: [...shown, ...rest],
  };
}

/** The finding that weighs, by the gate of the rollout axis. */
export function trafficFindings(
  traffic: TrafficWeight | undefined,
  level: Finding["level"],
): readonly Finding[] {
  if (traffic === undefined || traffic.rejected + traffic.stripped === 0) return [];
  return [
    {
      id: "traffic-lost",
      level,
      at: "events",
      count: traffic.rejected + traffic.stripped,
      message: trafficFacts(traffic),
      fix: "Look at the rows: each names a source and a release that still sends it.",
    },
  ];
}

// How the sync stands, as the state tells it: any process can ask, whether or not one is running. Plain data; no ids, no values.
import { CAPTURE_NAME } from "../capture/capture-plan.ts";
import { readSlot, type SlotState } from "../capture/wal/slot.ts";
import type { Queryable } from "../database/database.ts";
import { type Job, readJobs } from "../jobs/jobs.ts";
import type { PeopleContext } from "../people-context.ts";
import { type Lane, LANES } from "../state/marks.ts";

/** What waits in one lane. */
export interface LaneStatus {
  readonly marks: number;
  /** Age of the oldest mark. */
  readonly lagMs: number;
  /** Of them: waiting for a later moment, after a failure. */
  readonly delayed: number;
}

export interface QuarantineReason {
  readonly reason: string;
  /** Property that stays behind; `undefined`: the whole user. */
  readonly property: string | undefined;
  readonly users: number;
}

export interface WorkerStatus {
  readonly owner: string;
  readonly partitions: number;
  readonly seenAgoMs: number;
}

export interface DestinationStatus {
  readonly destination: string;
  readonly lanes: Readonly<Record<Lane, LaneStatus>>;
  /** Profiles that were ever acknowledged and hold something. */
  readonly profiles: number;
  /** Users of whom nobody knows what the destination holds. */
  readonly unsure: number;
  /** Most users first. */
  readonly quarantine: readonly QuarantineReason[];
  readonly requestsUnderWay: number;
  /** Alive: seen within twice the time of a lease. */
  readonly workers: readonly WorkerStatus[];
  /** Erasures by step. */
  readonly erasures: Readonly<Record<string, number>>;
}

export interface CapturePosition {
  readonly source: string;
  readonly position: string;
  readonly notedAgoMs: number;
}

export interface PeopleStatus {
  readonly destinations: readonly DestinationStatus[];
  readonly captures: readonly CapturePosition[];
  /** The replication slot in the application's database; `undefined`: there is none. */
  readonly slot: SlotState | undefined;
  readonly jobs: readonly Job[];
}

const MARKS = `
select lane, count(*) as marks, coalesce(extract(epoch from clock_timestamp() - min(first_at)) * 1000, 0)::bigint as lag,
  count(*) filter (where not_before > clock_timestamp()) as delayed
from plumbline.marks where destination = $1 group by lane`;
const PROFILES =
  "select count(*) filter (where prints <> '{}') as profiles, count(*) filter (where unsure) as unsure from plumbline.profiles where destination = $1";
/** Reasons that differ in more than this many ways are a sign that something else is wrong. */
const QUARANTINE =
  "select reason, property, count(*) as users from plumbline.quarantine where destination = $1 group by reason, property order by count(*) desc, reason limit 50";
const INTENTS = "select count(*) as requests from plumbline.intents where destination = $1";
const WORKERS = `
select w.owner::text as owner, (extract(epoch from clock_timestamp() - w.seen) * 1000)::bigint as seen_ago, count(l.part) as partitions
from plumbline.workers w
left join plumbline.leases l on l.destination = w.destination and l.owner = w.owner and l.until > clock_timestamp()
where w.destination = $1 and w.seen > clock_timestamp() - $2::interval group by w.owner, w.seen order by w.owner`;
const ERASURES =
  "select step, count(*) as erasures from plumbline.erasures where destination = $1 group by step order by step";
const POSITIONS =
  "select source, position, (extract(epoch from clock_timestamp() - at) * 1000)::bigint as noted_ago from plumbline.positions order by source";

const EMPTY_LANE: LaneStatus = { marks: 0, lagMs: 0, delayed: 0 };

async function readLanes(state: Queryable, destination: string): Promise<Readonly<Record<Lane, LaneStatus>>> {
  const rows = await state.query(MARKS, [destination]);
  const lane = (name: Lane): LaneStatus => {
    const row = rows.find(({ lane: number }) => Number(number) === LANES[name]);
    return row
      ? { marks: Number(row["marks"]), lagMs: Number(row["lag"]), delayed: Number(row["delayed"]) }
      : EMPTY_LANE;
  };
  return { live: lane("live"), bulk: lane("bulk") };
}

async function readDestination(context: PeopleContext, destination: string): Promise<DestinationStatus> {
  const { state, settings } = context;
  const [lanes, [profiles], quarantine, [intents], workers, erasures] = await Promise.all([
    readLanes(state, destination),
    state.query(PROFILES, [destination]),
    state.query(QUARANTINE, [destination]),
    state.query(INTENTS, [destination]),
    state.query(WORKERS, [destination, `${2 * settings.leaseMs} milliseconds`]),
    state.query(ERASURES, [destination]),
  ]);
  return {
    destination,
    lanes,
    profiles: Number(profiles?.["profiles"] ?? 0),
    unsure: Number(profiles?.["unsure"] ?? 0),
    quarantine: quarantine.map((row) => ({
      reason: row["reason"] ?? "",
      property: row["property"] ?? undefined,
      users: Number(row["users"]),
    })),
    requestsUnderWay: Number(intents?.["requests"] ?? 0),
    workers: workers.map((row) => ({
      owner: row["owner"] ?? "",
      partitions: Number(row["partitions"]),
      seenAgoMs: Number(row["seen_ago"]),
    })),
    erasures: Object.fromEntries(erasures.map((row) => [row["step"] ?? "", Number(row["erasures"])])),
  };
}

/** Reads how the sync stands, destination by destination. */
export async function peopleStatus(context: PeopleContext): Promise<PeopleStatus> {
  const { source, state, capture, destinations } = context;
  const [read, positions, slot, jobs] = await Promise.all([
    Promise.all(destinations.map(({ name }) => readDestination(context, name))),
    state.query(POSITIONS),
    readSlot(source, capture.slot ?? CAPTURE_NAME),
    readJobs(state),
  ]);
  return {
    destinations: read,
    captures: positions.map((row) => ({
      source: row["source"] ?? "",
      position: row["position"] ?? "",
      notedAgoMs: Number(row["noted_ago"]),
    })),
    slot,
    jobs,
  };
}

// The story of one user's profile: what marked it, what was read and where in the log, what was sent, what the destination said, and how the
// state stands to that now. Names, positions and times; values only where somebody asks for them.
import type { Row } from "../database/database.ts";
import { allSets } from "../mapping/mapping.ts";
import { canonicalUserId } from "../mapping/user-ids.ts";
import type { PeopleContext, PeopleDestination } from "../people-context.ts";
import { type Lane, LANES } from "../state/marks.ts";
import type { Story } from "../sync/acknowledge.ts";
import { hashId } from "../sync/fingerprint.ts";
import type { BatchRead } from "../sync/read-batch.ts";
import { readBatch } from "../sync/read-batch.ts";
import { keptRules } from "./compare.ts";
import { compareProperties, type ExplainedProperty } from "./explain-properties.ts";
import { readErasure } from "./erasure-rows.ts";
import { type KnownUser, readKnownUsers } from "./known-users.ts";

/** An update that is on its way. */
export interface ExplainedMark {
  readonly cause: string;
  readonly firstAt: string;
  readonly notBefore: string;
  readonly attempts: number;
  readonly lane: Lane;
}

export interface DestinationExplanation {
  readonly destination: string;
  /** `undefined`: nothing is on its way. */
  readonly mark: ExplainedMark | undefined;
  /** A request with this user is under way, since then. */
  readonly sendingSince: string | undefined;
  /** The last update that the destination took; `undefined`: none yet. */
  readonly story: Story | undefined;
  readonly acknowledgedAt: string | undefined;
  /** Nobody knows what the destination holds: the next update sends everything. */
  readonly isUnsure: boolean;
  readonly quarantine:
    | { readonly reason: string; readonly property: string | undefined; readonly at: string }
    | undefined;
  readonly erasure: { readonly step: string; readonly note: string; readonly at: string } | undefined;
  readonly properties: readonly ExplainedProperty[];
}

export interface UserExplanation {
  readonly userId: string;
  /** The user is in the database. */
  readonly exists: boolean;
  /** Position of the log at which the state was read. */
  readonly position: string;
  /** When the values change with no row changing, where the mapping knows. */
  readonly revisitAt: string | undefined;
  readonly destinations: readonly DestinationExplanation[];
}

const MARK = `
select cause, first_at::text as first_at, not_before::text as not_before, attempts, lane from plumbline.marks where destination = $1 and user_id = $2`;
const SENDING =
  "select min(at)::text as since from plumbline.intents where destination = $1 and user_ids @> array[$2::text]";
const STORY = "select story::text as story from plumbline.profiles where destination = $1 and user_id = $2";
const QUARANTINE =
  "select reason, property, at::text as at from plumbline.quarantine where destination = $1 and user_id = $2";

function readMark(row: Row): ExplainedMark {
  return {
    cause: row["cause"] ?? "",
    firstAt: row["first_at"] ?? "",
    notBefore: row["not_before"] ?? "",
    attempts: Number(row["attempts"]),
    lane: Number(row["lane"]) === LANES.live ? "live" : "bulk",
  };
}

function readStory(text: string | null | undefined): Story | undefined {
  if (text === null || text === undefined || text === "{}") return undefined;
  const story = JSON.parse(text) as Partial<Story>;
  // A doubt alone is no update that was taken.
  return story.answer === undefined ? undefined : (story as Story);
}

async function explainAt(
  context: PeopleContext,
  destination: PeopleDestination,
  ask: { readonly userId: string; readonly read: BatchRead; readonly values: boolean },
): Promise<DestinationExplanation> {
  const { state } = context;
  const { userId, read } = ask;
  const { name } = destination;
  const [known, [mark], [sending], [profile], [held], erasure] = await Promise.all([
    readKnownUsers(context, name, [userId]),
    state.query(MARK, [name, userId]),
    state.query(SENDING, [name, userId]),
    state.query(STORY, [name, userId]),
    state.query(QUARANTINE, [name, userId]),
    readErasure(state, { destination: name, idHash: hashId(context.key, userId) }),
  ]);
  const user: KnownUser | undefined = known.get(userId);
  const properties = compareProperties(
    { userId, state: read.users.get(userId), known: user },
    keptRules(context, destination),
    { values: ask.values },
  );
  return {
    destination: name,
    mark: mark && readMark(mark),
    sendingSince: sending?.["since"] ?? undefined,
    story: readStory(profile?.["story"]),
    acknowledgedAt: user?.acknowledgedAt,
    isUnsure: user?.unsure ?? false,
    quarantine: held && {
      reason: held["reason"] ?? "",
      property: held["property"] ?? undefined,
      at: held["at"] ?? "",
    },
    erasure: erasure && { step: erasure.step, note: erasure.note, at: erasure.at },
    properties,
  };
}

/** A user whom the database cannot even name. */
const NOBODY: BatchRead = { users: new Map(), position: "", unreadable: new Map() };

/**
 * Tells the story of a user at every destination.
 *
 * @param options `values`: the state's values come along, for a person at a terminal; never for a log.
 */
export async function explainUser(
  context: PeopleContext,
  given: string,
  options: { readonly values?: boolean } = {},
): Promise<UserExplanation> {
  const { mapping, source, destinations } = context;
  const canonical = canonicalUserId(mapping, given);
  const userId = canonical ?? given;
  const read =
    canonical === undefined
      ? NOBODY
      : await readBatch(source, mapping, [{ userId: canonical, sets: allSets(mapping) }]);
  const user = read.users.get(userId);
  const values = options.values ?? false;
  return {
    userId,
    exists: user?.exists ?? false,
    position: read.position,
    revisitAt: user?.revisitAt,
    destinations: await Promise.all(
      destinations.map((destination) => explainAt(context, destination, { userId, read, values })),
    ),
  };
}

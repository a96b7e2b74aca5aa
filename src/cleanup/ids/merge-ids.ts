// Original id merge: old and new id become one cluster. The provider shows the profile of an id of its own choice and hides the others without
// joining them; so the profiles are taken away first (they are in the backup), then the ids are joined, then the whole profile is written once.
// Irreversible: the provider parts nobody.
import { createHash } from "node:crypto";
import type { StepContext, StepExecutor, StepReport } from "../apply/executor.ts";
import { estimateIds } from "./estimate-ids.ts";
import { CLUSTER_IDS_MAX } from "./mapping.ts";
import {
  type MergeRule,
  mergeProfiles,
  type PersonRecord,
  type ProfileProperties,
  wholeProfile,
} from "./merged-profile.ts";
import { mergeOf, MOVED } from "./moved-people.ts";
import {
  fail,
  failRefused,
  openTally,
  peopleOf,
  readPeople,
  readProfiles,
  reportOf,
  runRounds,
  type Tally,
} from "./people-of-step.ts";
import { type PersonEvent, profileUpdate, requireImport, sendEvents, sendProfiles } from "./send-people.ts";

const INSERT_ID_CHARACTERS = 36;

interface Join {
  readonly person: PersonRecord;
  /** Undefined: nobody wrote a profile for any of the ids. */
  readonly whole: ProfileProperties | undefined;
}

/** `$merge` takes two ids; its insert id is made from them, so that a repeated one is the same event. */
function mergeEvents({ person }: Join, time: number): readonly PersonEvent<string>[] {
  return person.olds.map((old) => ({
    of: person.new,
    bytes: Buffer.from(
      JSON.stringify({
        event: "$merge",
        properties: {
          distinct_id: person.new,
          $distinct_ids: [person.new, old],
          time,
          $insert_id: createHash("sha256")
            .update(JSON.stringify(["$merge", person.new, old]))
            .digest("hex")
            .slice(0, INSERT_ID_CHARACTERS),
          ip: 0,
        },
      }),
    ),
  }));
}

/** Who can be joined; the others are counted with the reason. */
function joinable(people: readonly PersonRecord[], rule: MergeRule, tally: Tally): readonly Join[] {
  return people.flatMap((person) => {
    if (mergeProfiles(person, rule).kind === "left") {
      fail(tally, "both ids have a profile, and the rule leaves such people alone");
      return [];
    }
    if (person.olds.length + 1 > CLUSTER_IDS_MAX) {
      fail(tally, `a person with more than ${CLUSTER_IDS_MAX} ids cannot be joined`);
      return [];
    }
    return [{ person, whole: wholeProfile(person, rule) }];
  });
}

/**
 * Reads each person by the new id and by the old ones: of joined ids both answers are one profile. An id of the cluster that the mapping does
 * not name may stand for it, so answers are compared as sets.
 */
async function verify(context: StepContext, joins: readonly Join[], tally: Tally): Promise<void> {
  const withProfile = joins.filter(({ whole }) => whole !== undefined);
  const byNew = await readProfiles(
    context,
    withProfile.map(({ person }) => person.new),
  );
  const byOld = await readProfiles(
    context,
    withProfile.flatMap(({ person }) => person.olds),
  );
  const shown = new Set(byNew.profiles.map(({ id }) => id));
  const joined = new Set(byOld.profiles.map(({ id }) => id).filter((id) => shown.has(id))).size;
  tally.requests += byNew.requests + byOld.requests;
  tally.checked += withProfile.length;
  tally.wrong += Math.max(0, withProfile.length - joined);
}

/** How far the round is that an earlier run began: taking profiles away twice would take what was written since. */
async function once(context: StepContext, phase: string, work: () => Promise<void>): Promise<void> {
  if (context.journal.get(phase) === true) return;
  await work();
  await context.journal.put(phase, true);
}

async function joinRound(context: StepContext, joins: readonly Join[], tally: Tally): Promise<void> {
  const withProfile = joins.filter(({ whole }) => whole !== undefined);
  await once(context, `taken.${tally.done}`, async () => {
    const taken = await sendProfiles(
      context,
      withProfile.map(({ person }) => ({
        user: person.new,
        items: Object.keys(person.profiles).map((id) => profileUpdate(id, { $delete: "" })),
      })),
    );
    tally.requests += taken.requests;
  });
  const time = context.clock.now();
  const merges = await sendEvents(
    context,
    joins.flatMap((join) => mergeEvents(join, time)),
  );
  failRefused(tally, merges.refused);
  // What somebody wrote since the profiles were taken away is newer.
  const written = await sendProfiles(
    context,
    withProfile.map(({ person, whole }) => ({
      user: person.new,
      items: [profileUpdate(person.new, { $set_once: whole ?? {} })],
    })),
  );
  failRefused(tally, written.refused);
  await verify(context, joins, tally);
  tally.changed += joins.length - new Set([...merges.refused.keys(), ...written.refused.keys()]).size;
  tally.requests += merges.requests + written.requests;
}

async function apply(context: StepContext, stateOwned: MergeRule["stateOwned"]): Promise<StepReport> {
  const { onConflict } = mergeOf(context.step);
  requireImport(context);
  const people = await peopleOf(context, mergeOf(context.step).mapping);
  context.checkCount(people.length);
  const tally = await runRounds(context, { people, key: MOVED, phase: "join" }, (round, soFar) =>
    joinRound(context, joinable(round, { onConflict, stateOwned }, soFar), soFar),
  );
  return reportOf(context, people.length, {
    tally,
    notes:
      tally.wrong === 0
        ? []
        : [
            `${tally.wrong} people are not shown as one yet. The provider may need a day; else the cluster of the id is full (${CLUSTER_IDS_MAX}).`,
          ],
  });
}

/** Nothing is sent: the provider parts nobody. */
function undo(context: StepContext): Promise<StepReport> {
  const tally = { ...openTally(context, MOVED), changed: 0, skipped: 0, checked: 0, wrong: 0, requests: 0 };
  const joined = tally.done;
  return Promise.resolve(
    reportOf(context, joined, {
      tally: { ...tally, failed: joined === 0 ? {} : { "joined ids stay joined": joined } },
      notes: ["The profiles as they were stand in the backup of the step."],
    }),
  );
}

/** Makes the executor of `merge_ids`; `stateOwned`: what the people sync writes. */
export function makeMergeIds(stateOwned: MergeRule["stateOwned"]): StepExecutor {
  return {
    operations: ["merge_ids"],
    estimate: (step, limits) =>
      estimateIds(step, limits, {
        reads: 2,
        sends: 3,
        perRequest: Math.min(limits.provider.profilesPerRequest, limits.provider.eventsPerRequest),
        reversibility: { kind: "not", because: "the provider joins ids for ever" },
      }),
    count: ({ step }) => Promise.resolve(readPeople(mergeOf(step).mapping).people.length),
    apply: (context) => apply(context, stateOwned),
    undo,
  };
}

// Simplified id merge, where a user id cannot change: the profile is copied to the new id, read back, and only then is the old one deleted.
// Events stay where they are. Undo brings back what was there and is not changed since.
import type { StepContext, StepExecutor, StepReport } from "../apply/executor.ts";
import { estimateIds } from "./estimate-ids.ts";
import { type MergedProfile, type MergeRule, mergeProfiles, type PersonRecord } from "./merged-profile.ts";
import { MOVED, moveOf } from "./moved-people.ts";
import {
  fail,
  failRefused,
  peopleOf,
  readPeople,
  reportOf,
  runRounds,
  type Tally,
} from "./people-of-step.ts";
import { readBack } from "./read-back.ts";
import { profileUpdate, sendProfiles } from "./send-people.ts";
import { undoMoved } from "./undo-moved.ts";

type Merged = Extract<MergedProfile, { kind: "merged" }>;

interface Move {
  readonly person: PersonRecord;
  readonly merged: Merged;
}

interface Round {
  readonly people: readonly PersonRecord[];
  readonly stateOwned: MergeRule["stateOwned"];
}

async function moveRound(context: StepContext, { people, stateOwned }: Round, tally: Tally): Promise<void> {
  const { onConflict } = moveOf(context.step);
  const moves: Move[] = [];
  for (const person of people) {
    const merged = mergeProfiles(person, { onConflict, stateOwned });
    if (merged.kind === "merged") moves.push({ person, merged });
    else if (merged.kind === "none") tally.skipped += 1;
    else fail(tally, "both ids have a profile, and the rule leaves such people alone");
  }
  // Where the new profile's values win, that holds for those written this very moment too.
  const operator = onConflict === "keep_old" ? "$set" : "$set_once";
  const copies = await sendProfiles(
    context,
    moves
      // An empty profile is made too: else deleting the old one would lose that there was one.
      .filter(({ person, merged }) => Object.keys(merged.set).length > 0 || !person.profiles[person.new])
      .map(({ person, merged }) => ({
        user: person.new,
        items: [profileUpdate(person.new, { [operator]: merged.set })],
      })),
  );
  failRefused(tally, copies.refused);
  const copied = moves.filter(({ person }) => !copies.refused.has(person.new));
  const read = await readBack(context, {
    expected: new Map(copied.map(({ person, merged }) => [person.new, merged.set])),
    isExact: onConflict === "keep_old",
  });
  tally.checked += copied.length;
  tally.wrong += read.wrong.size;
  if (read.wrong.size > 0) fail(tally, "the copy is not visible, so the old profile stays", read.wrong.size);
  const whole = copied.filter(({ person }) => !read.wrong.has(person.new));
  const deletions = await sendProfiles(
    context,
    whole.map(({ person, merged }) => ({
      user: person.new,
      items: merged.olds.map((id) => profileUpdate(id, { $delete: "", $ignore_alias: true })),
    })),
  );
  failRefused(tally, deletions.refused);
  tally.changed += whole.length - deletions.refused.size;
  tally.requests += copies.requests + read.requests + deletions.requests;
}

async function apply(context: StepContext, stateOwned: MergeRule["stateOwned"]): Promise<StepReport> {
  const { mapping } = moveOf(context.step);
  const people = await peopleOf(context, mapping);
  context.checkCount(people.length);
  const tally = await runRounds(context, { people, key: MOVED, phase: "move" }, (round, soFar) =>
    moveRound(context, { people: round, stateOwned }, soFar),
  );
  return reportOf(context, people.length, {
    tally,
    notes: [
      "Events stay under the old ids: re-import them by a window, or let them be.",
      "A device that was seen with an old id belongs to it until the app resets it: what it sends before the next sign-in still goes there.",
    ],
  });
}

/** Makes the executor of `move_profiles`; `stateOwned`: what the people sync writes. */
export function makeMoveProfiles(stateOwned: MergeRule["stateOwned"]): StepExecutor {
  return {
    operations: ["move_profiles"],
    estimate: (step, limits) =>
      estimateIds(step, limits, {
        reads: 2,
        sends: 2,
        perRequest: limits.provider.profilesPerRequest,
        reversibility: { kind: "whole" },
      }),
    count: ({ step }) => Promise.resolve(readPeople(moveOf(step).mapping).people.length),
    apply: (context) => apply(context, stateOwned),
    undo: (context) => undoMoved(context, stateOwned),
  };
}

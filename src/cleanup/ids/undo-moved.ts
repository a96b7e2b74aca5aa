// Undoes `move_profiles`: old profiles come back as they were, and what the new one had before is restored where nobody changed it since.
import { stoppedError } from "../apply/ask-provider.ts";
import type { StepContext, StepReport } from "../apply/executor.ts";
import {
  type MergeRule,
  mergeProfiles,
  type PersonRecord,
  type ProfileProperties,
  sameValue,
} from "./merged-profile.ts";
import { MOVED, moveOf, rounds } from "./moved-people.ts";
import {
  fail,
  failRefused,
  keepTally,
  openTally,
  readProfiles,
  reportOf,
  type Tally,
} from "./people-of-step.ts";
import { profileUpdate, sendProfiles } from "./send-people.ts";

const UNDONE = "undo.moved";

interface Restored {
  readonly items: readonly Uint8Array[];
  /** Properties that somebody changed since: they stay. */
  readonly kept: number;
}

interface Restoring {
  readonly rule: MergeRule;
  readonly force: boolean;
}

/** The updates that take one person back; undefined when apply did not touch the person. */
function restore(
  person: PersonRecord,
  present: ProfileProperties | undefined,
  { rule, force }: Restoring,
): Restored | undefined {
  const merged = mergeProfiles(person, rule);
  if (merged.kind !== "merged") return undefined;
  // What an old release has written under the old id since is newer.
  const operator = force ? "$set" : "$set_once";
  const items = merged.olds.map((id) => profileUpdate(id, { [operator]: person.profiles[id] ?? {} }));
  if (present === undefined) return { items, kept: 0 };
  const before = person.profiles[person.new];
  const isOurs = (name: string): boolean => sameValue(present[name], merged.set[name]);
  const changed = Object.keys(merged.set).filter((name) => !isOurs(name) && present[name] !== undefined);
  const kept = force ? 0 : changed.length;
  const isAsWritten = Object.keys(present).every((name) => Object.hasOwn(merged.set, name));
  if (before === undefined && (force || (kept === 0 && isAsWritten)))
    return { items: [...items, profileUpdate(person.new, { $delete: "", $ignore_alias: true })], kept };
  const mine = Object.keys(merged.set).filter((name) => force || isOurs(name));
  const back = mine.filter((name) => before !== undefined && Object.hasOwn(before, name));
  const gone = mine.filter((name) => !back.includes(name));
  if (back.length > 0)
    items.push(
      profileUpdate(person.new, { $set: Object.fromEntries(back.map((name) => [name, before?.[name]])) }),
    );
  if (gone.length > 0) items.push(profileUpdate(person.new, { $unset: gone }));
  return { items, kept };
}

async function undoRound(
  context: StepContext,
  { people, restoring }: { readonly people: readonly PersonRecord[]; readonly restoring: Restoring },
  tally: Tally,
): Promise<void> {
  const read = await readProfiles(
    context,
    people.map((person) => person.new),
  );
  const present = new Map(read.profiles.map(({ id, properties }) => [id, properties]));
  const updates = people.flatMap((person) => {
    const restored = restore(person, present.get(person.new), restoring);
    if (restored === undefined) {
      tally.skipped += 1;
      return [];
    }
    if (restored.kept > 0)
      fail(tally, "somebody changed properties of the new profile since; they stay as they are now");
    return [{ user: person.new, items: restored.items }];
  });
  const sent = await sendProfiles(context, updates);
  failRefused(tally, sent.refused);
  tally.changed += updates.length - sent.refused.size;
  tally.requests += read.requests + sent.requests;
}

/** Undo of `move_profiles`, as far as apply came. */
export async function undoMoved(
  context: StepContext,
  stateOwned: MergeRule["stateOwned"],
): Promise<StepReport> {
  const { onConflict } = moveOf(context.step);
  const restoring = { rule: { onConflict, stateOwned }, force: context.settings.force };
  // A round that apply began and did not note may have copied already: its records are the next in the backup.
  const tally = openTally(context, UNDONE);
  const applied = openTally(context, MOVED).done;
  for await (const round of rounds(context, tally.done)) {
    if (context.signal.aborted) throw stoppedError();
    await undoRound(context, { people: round, restoring }, tally);
    tally.done += round.length;
    await keepTally(context, UNDONE, tally);
    context.onProgress({ phase: "undo", done: tally.done, total: context.backup.count });
    // One round beyond what was noted is all that apply can have touched.
    if (tally.done > applied) break;
  }
  return reportOf(context, tally.done, { tally });
}

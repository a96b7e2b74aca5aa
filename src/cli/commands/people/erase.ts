// `plumbline people erase <user-id>`: suppress, delete, ask for the deletion of everything, verify. A dry run until --apply; run again, it goes on.
import type { Command } from "commander";
import {
  type ErasureProgress,
  explainUser,
  type PeopleContext,
  pollErasures,
  runErasure,
  startErasure,
} from "../../../people/index.ts";
import { EXIT } from "../../terminal/exit-codes.ts";
import { table } from "../../terminal/output.ts";
import { durationText } from "../../terminal/time-left.ts";
import {
  interruptible,
  type PeopleCommand,
  type PeopleFlags,
  pickDestinations,
  readPeopleCommand,
  withPeople,
} from "./people-command.ts";

interface EraseFlags extends PeopleFlags {
  readonly profileOnly?: boolean;
  readonly again?: boolean;
}

function progressText(all: readonly ErasureProgress[]): string {
  const rows = all.map(({ destination, step, state, note, retryAfterMs }) => [
    destination,
    step,
    retryAfterMs === undefined ? state : `${state}, again in ${durationText(retryAfterMs / 1000)}`,
    note,
  ]);
  return table(["destination", "step", "state", ""], rows);
}

function setExitCode(all: readonly ErasureProgress[]): void {
  if (all.some(({ state }) => state === "refused")) process.exitCode = EXIT.failed;
  else if (all.some(({ state }) => state !== "done")) process.exitCode = EXIT.tryLater;
}

/** The plan's other databases have lists of their own: an id that is on one of them only would come back through the others. */
async function suppressInOthers(
  { config, people }: PeopleCommand,
  userId: string,
  flags: EraseFlags,
): Promise<readonly PeopleCommand[]> {
  if (flags.database !== undefined) return [];
  const others = people.others.flatMap(({ name }) =>
    name === undefined ? [] : [readPeopleCommand({ ...flags, database: name }, config.plan)],
  );
  for (const other of others)
    await withPeople(other, (context) =>
      startErasure(context, userId, {
        destinations: pickDestinations(context, flags.destination),
        again: flags.again === true,
      }),
    );
  return others;
}

async function erase(userId: string, flags: EraseFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { output } = command;
  await withPeople(command, async (context) => {
    const destinations = pickDestinations(context, flags.destination);
    const names = destinations.map(({ name }) => name);
    if (flags.apply !== true) {
      const { exists, destinations: told } = await explainUser(context, userId);
      const standing = told
        .filter(({ destination }) => names.includes(destination))
        .map(({ destination, story, erasure }) => ({
          destination,
          isKnown: story !== undefined,
          erasure: erasure?.step,
        }));
      const still = exists
        ? "\nThe user is still in the application's database: remove the row there first."
        : "";
      output.result(
        { applied: false, exists, destinations: standing },
        () =>
          `${table(
            ["destination", "profile", "erasure"],
            standing.map((one) => [
              one.destination,
              one.isKnown ? "known" : "never sent",
              one.erasure ?? "not begun",
            ]),
          )}${still}\nErasing cannot be undone, and the id stays on the list of those who never come back.\nA dry run: nothing was erased. Add --apply.`,
      );
      return;
    }
    const onStep = ({ destination, step, note }: ErasureProgress): void =>
      output.note(`people: ${destination}: ${step}${note === "" ? "" : `, ${note}`}`);
    await startErasure(context, userId, { destinations, again: flags.again === true });
    const others = await suppressInOthers(command, userId, flags);
    const [own, elsewhere] = await interruptible((signal) => {
      const run = (of: PeopleContext, isProfileOnly: boolean): Promise<readonly ErasureProgress[]> =>
        runErasure(of, userId, {
          destinations: pickDestinations(of, flags.destination),
          signal,
          isProfileOnly,
          onStep,
        });
      return Promise.all([
        run(context, flags.profileOnly === true),
        Promise.all(others.map((other) => withPeople(other, (of) => run(of, true)))),
      ]);
    });
    // What the other databases still wait for decides as well; what they have done is no news.
    const found = [...own, ...elsewhere.flat().filter(({ state }) => state !== "done")];
    output.result({ applied: true, destinations: found }, () => progressText(found));
    setExitCode(found);
  });
}

async function erasures(flags: PeopleFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  await withPeople(command, async (context) => {
    const found = await interruptible((signal) => pollErasures(context, { signal }));
    command.output.result({ destinations: found }, () =>
      found.length === 0 ? "No deletion is under way." : progressText(found),
    );
    setExitCode(found);
  });
}

export function addErase(people: Command): void {
  people
    .command("erase <user-id>")
    .description(
      "Erase a person at the destinations, for good; a dry run until --apply. Run it again to go on",
    )
    .option("--destination <name>", "at one destination only")
    .option("--profile-only", "only the profile: no deletion of events is asked for")
    .option("--again", "once more, for one that was done")
    .option("--apply", "do it")
    .action((userId: string, _: unknown, command: Command) =>
      erase(userId, command.optsWithGlobals<EraseFlags>()),
    );
  people
    .command("erasures")
    .description("How far the deletions under way are; ends with 75 while any is")
    .action((_: unknown, command: Command) => erasures(command.optsWithGlobals<PeopleFlags>()));
}

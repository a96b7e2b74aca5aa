// `plumbline people setup` and `teardown`: what capture needs in the databases, made and removed again. A dry run that prints its SQL until --apply.
import type { Command } from "commander";
import {
  captureStanding,
  applyTeardown,
  migrateState,
  readServerFacts,
  stateVersion,
  teardownSql,
} from "../../../people/index.ts";
import { setUpCapture } from "../../people/set-up-people.ts";
import { EXIT, FindingsError } from "../../terminal/exit-codes.ts";
import { findingLines } from "../../terminal/output.ts";
import { stateStep, stepsText } from "./doctor.ts";
import { type PeopleFlags, readPeopleCommand, withSource, withState } from "./people-command.ts";

const DRY_RUN = "A dry run: nothing was changed. Add --apply.";

async function setup(flags: PeopleFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { people, output } = command;
  await withSource(command, async ({ source, compiled: { mapping, findings } }) => {
    if (!mapping) throw new FindingsError(findings);
    const before = await captureStanding({ source, mapping, capture: people.capture });
    const steps = [...stateStep(await withState(people, stateVersion)), ...before.steps];
    if (flags.apply !== true) {
      output.result({ applied: false, steps, findings: before.findings }, () =>
        steps.length === 0 ? "Everything is in place." : `${stepsText(steps)}\n\n${DRY_RUN}`,
      );
      return;
    }
    // The slot is the last step, and set-up makes it once: with no place for it nothing is begun.
    const full = before.findings.filter(({ id }) => id === "capture-slots-full");
    if (full.length > 0 && !before.facts.slot && !before.facts.publication) throw new FindingsError(full);
    await withState(people, migrateState);
    const { after } = await setUpCapture({ source, mapping, capture: people.capture }, ({ what }, place) =>
      output.note(`people: ${place} ${what}`),
    );
    const errors = after.findings.filter(({ level }) => level === "error");
    const rest = errors.map(findingLines).join("\n");
    output.result({ applied: true, steps, isReady: after.isReady, findings: after.findings }, () =>
      after.isReady && errors.length === 0
        ? "Changes are captured from now on. Next: `plumbline up`, and `plumbline people backfill --apply` for those who are there already."
        : `What could be done is done; this stays:\n${rest}`,
    );
    if (!after.isReady || errors.length > 0) process.exitCode = EXIT.findings;
  });
}

/** The schema of the state, where it is kept in another database. */
async function dropState(url: string | undefined, own: string): Promise<boolean> {
  if (url === undefined || url === own) return false;
  return withState({ database: own, state: url }, async (state) => {
    if ((await stateVersion(state)) === 0) return false;
    await state.query("drop schema if exists plumbline cascade");
    return true;
  });
}

async function teardown(flags: PeopleFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { people, output } = command;
  await withSource(command, async ({ source }) => {
    const steps = teardownSql(await readServerFacts(source, undefined, people.capture));
    if (flags.apply !== true) {
      output.result({ applied: false, steps }, () =>
        steps.length === 0
          ? "There is nothing of Plumbline in the database."
          : `${stepsText(steps)}\n\nProfiles stay as they are; what is known of them is forgotten, also who was erased.\n${DRY_RUN}`,
      );
      return;
    }
    await applyTeardown(source, steps, {
      onStep: ({ what }, index) => output.note(`people: ${index + 1}/${steps.length} ${what}`),
    });
    const isStateGone = await dropState(people.state, people.database);
    output.result(
      { applied: true, steps, state: isStateGone },
      () => `Nothing of Plumbline is left in the database${isStateGone ? ", nor in that of the state" : ""}.`,
    );
  });
}

export function addSetup(people: Command): void {
  people
    .command("setup")
    .description("Make what capture needs: schema, publication, slot, triggers; a dry run until --apply")
    .option("--apply", "run it")
    .action((_: unknown, command: Command) => setup(command.optsWithGlobals<PeopleFlags>()));
  people
    .command("teardown")
    .description("Remove every trace from the database; a dry run until --apply")
    .option("--apply", "run it")
    .action((_: unknown, command: Command) => teardown(command.optsWithGlobals<PeopleFlags>()));
}

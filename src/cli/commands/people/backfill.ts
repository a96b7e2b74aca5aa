// `plumbline people backfill` and `reconcile`: everybody is read once. A backfill sends whatever is not acknowledged yet; a reconcile first
// compares, and marks only those who differ. A dry run until --apply.
import type { Command } from "commander";
import { internalDrift, type JobKind, type PeopleContext, quoteTable } from "../../../people/index.ts";
import { askForWalk, runWalk, type WalkResult } from "../../people/run-walk.ts";
import { EXIT } from "../../terminal/exit-codes.ts";
import { makeProgress, type Output } from "../../terminal/output.ts";
import { makeTimeLeft } from "../../terminal/time-left.ts";
import { driftText } from "./drift.ts";
import {
  interruptible,
  type PeopleFlags,
  pickDestinations,
  readPeopleCommand,
  withPeople,
} from "./people-command.ts";

interface WalkFlags extends PeopleFlags {
  readonly wait?: boolean;
  readonly restart?: boolean;
}

async function countUsers({ source, mapping }: PeopleContext): Promise<number> {
  const [row] = await source.query(`select count(*) as users from ${quoteTable(mapping.subject.table)}`);
  return Number(row?.["users"] ?? 0);
}

function walkText({ kind, isDone, users, marked, waiting, quarantined }: WalkResult): string {
  const seen = `${kind}: ${users} users looked at, ${marked} marked`;
  const held =
    quarantined === 0 ? "" : `; ${quarantined} in quarantine, \`plumbline people status\` says why`;
  if (!isDone) return `${seen}, ${waiting} still wait; a running sync goes on with it, or this command`;
  return `${seen}, nothing waits${held}`;
}

async function walk(
  context: PeopleContext,
  kind: JobKind,
  parts: { flags: WalkFlags; output: Output },
): Promise<void> {
  const { flags, output } = parts;
  const begun = await askForWalk(context, kind, flags.restart === true);
  if (begun) output.note(`${kind}: goes on after ${begun.done} users; --restart begins anew`);
  if (flags.wait === false) {
    output.result(
      { kind, applied: true, requested: true },
      () => `${kind}: asked for; the running sync does it`,
    );
    return;
  }
  const progress = makeProgress(output.json);
  const [left, leftToSend] = [makeTimeLeft(), makeTimeLeft()];
  let most = 0;
  const result = await interruptible((signal) =>
    runWalk(context, {
      kind,
      signal,
      onProgress: ({ job, waiting }) => {
        most = Math.max(most, waiting);
        const of = job.total === undefined ? "" : ` of ${job.total}`;
        progress.show(
          job.phase === "done"
            ? `${kind}: ${waiting} profiles still to send${leftToSend(most - waiting, most)}`
            : `${kind}: ${job.done}${of} users${left(job.done, job.total)}`,
        );
      },
    }),
  );
  progress.end();
  output.result({ applied: true, ...result }, () => walkText(result));
  if (!result.isDone) process.exitCode = EXIT.tryLater;
}

async function backfill(flags: WalkFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { output, people } = command;
  await withPeople(command, async (context) => {
    if (flags.apply === true) return walk(context, "backfill", { flags, output });
    const users = await countUsers(context);
    output.result(
      { kind: "backfill", applied: false, users, destinations: people.destinations },
      () =>
        `${users} users would be read and compared with what ${people.destinations.join(", ")} acknowledged; what differs would be sent.\nA dry run: nothing was marked. Add --apply.`,
    );
  });
}

async function reconcile(flags: WalkFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { output } = command;
  await withPeople(command, async (context) => {
    if (flags.apply === true) return walk(context, "reconcile", { flags, output });
    const total = await countUsers(context);
    const progress = makeProgress(output.json);
    const drifts = await interruptible(async (signal) => {
      const found = [];
      for (const destination of pickDestinations(context, flags.destination)) {
        const left = makeTimeLeft();
        const onProgress = (checked: number): void =>
          progress.show(`${destination.name}: ${checked} of ${total} users${left(checked, total)}`);
        found.push(await internalDrift(context, destination, { signal, onProgress }));
      }
      return found;
    });
    progress.end();
    output.result(
      { kind: "reconcile", applied: false, destinations: drifts },
      () => `${drifts.map(driftText).join("\n\n")}\nA dry run: nobody was marked. Add --apply.`,
    );
    if (drifts.some(({ differing }) => differing > 0)) process.exitCode = EXIT.findings;
  });
}

export function addBackfill(people: Command): void {
  people
    .command("backfill")
    .description("Read everybody and send what is not acknowledged yet; a dry run until --apply")
    .option("--apply", "do it: resumable, and safe beside a running sync")
    .option("--no-wait", "only ask for it; the running sync does it")
    .option("--restart", "begin anew where one was begun and is not done")
    .action((_: unknown, command: Command) => backfill(command.optsWithGlobals<WalkFlags>()));
  people
    .command("reconcile")
    .description(
      "Compare everybody with what was acknowledged, and send what differs; a dry run until --apply",
    )
    .option("--destination <name>", "compare with one destination only; a dry run")
    .option("--apply", "mark those who differ, and send them")
    .option("--no-wait", "only ask for it; the running sync does it")
    .option("--restart", "begin anew where one was begun and is not done")
    .action((_: unknown, command: Command) => reconcile(command.optsWithGlobals<WalkFlags>()));
}

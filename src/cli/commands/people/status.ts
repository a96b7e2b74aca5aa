// `plumbline people status`: what waits, what stays behind and why, who works, how far captures and walks are. Reads the state; a sync need not run.
import type { Command } from "commander";
import pc from "picocolors";
import { type DestinationStatus, type PeopleStatus, peopleStatus } from "../../../people/index.ts";
import { table } from "../../terminal/output.ts";
import { durationText } from "../../terminal/time-left.ts";
import { type PeopleFlags, readPeopleCommand, withPeople } from "./people-command.ts";

const ago = (ms: number): string => durationText(ms / 1000);

function destinationText(status: DestinationStatus): string {
  const { destination, lanes, profiles, unsure, quarantine, requestsUnderWay, workers, erasures } = status;
  const waiting = Object.entries(lanes).map(([lane, { marks, lagMs, delayed }]) => [
    lane,
    marks,
    marks === 0 ? "" : ago(lagMs),
    delayed,
  ]);
  const partitions = workers.reduce((sum, worker) => sum + worker.partitions, 0);
  const steps = Object.entries(erasures).map(([step, count]) => `${count} ${step}`);
  return [
    pc.bold(destination),
    table(["lane", "users waiting", "oldest", "put off"], waiting),
    `${profiles} profiles known, ${unsure} unsure; ${requestsUnderWay} requests under way`,
    `workers: ${workers.length}, with ${partitions} partitions`,
    ...(steps.length === 0 ? [] : [`erasures: ${steps.join(", ")}`]),
    ...(quarantine.length === 0
      ? []
      : [
          table(
            ["in quarantine", "property", "because"],
            quarantine.map(({ users, property, reason }) => [users, property ?? "(all)", reason]),
          ),
        ]),
  ].join("\n");
}

function statusText({ destinations, captures, slot, jobs }: PeopleStatus): string {
  const positions = captures.map(({ source, position, notedAgoMs }) => [
    source,
    position,
    `${ago(notedAgoMs)} ago`,
  ]);
  const walks = jobs.map(({ kind, phase, done, total, found, cause }) => [
    kind,
    phase,
    total === undefined ? done : `${done} of ${total}`,
    found,
    cause,
  ]);
  return [
    ...destinations.map(destinationText),
    ...(positions.length === 0 ? [] : [table(["capture", "position", "noted"], positions)]),
    ...(slot
      ? [
          `slot: ${slot.isLost ? `lost, ${slot.lostBecause}` : "kept"}, ${slot.retainedBytes} bytes of log held back`,
        ]
      : []),
    ...(walks.length === 0 ? [] : [table(["walk", "phase", "users", "marked", "cause"], walks)]),
  ].join("\n\n");
}

async function status(flags: PeopleFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  await withPeople(command, async (context) => {
    const found = await peopleStatus(context);
    // Bits of sets are a number that JSON cannot hold.
    const jobs = found.jobs.map((job) => ({ ...job, sets: String(job.sets) }));
    command.output.result({ ...found, jobs }, () => statusText(found));
  });
}

export function addStatus(people: Command): void {
  people
    .command("status")
    .description("Backlog, lag, quarantine, workers, positions, walks")
    .action((_: unknown, command: Command) => status(command.optsWithGlobals<PeopleFlags>()));
}

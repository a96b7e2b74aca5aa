// `plumbline people drift`: how many profiles are not what the database says, as a number with its interval, by property and cause.
import { type Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import {
  type ExternalDrift,
  externalDrift,
  type InternalDrift,
  internalDrift,
  type PeopleContext,
} from "../../../people/index.ts";
import { EXIT } from "../../terminal/exit-codes.ts";
import { makeProgress, table } from "../../terminal/output.ts";
import { durationText } from "../../terminal/time-left.ts";
import {
  interruptible,
  type PeopleFlags,
  pickDestinations,
  readPeopleCommand,
  withPeople,
} from "./people-command.ts";

interface DriftFlags extends PeopleFlags {
  readonly external?: boolean;
  readonly queries?: number;
  readonly users?: number;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("A whole number above 0.");
  return Number(text);
}

const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;

/** `drift 0 of 1200 profiles (0.0 %)`, and the interval where not everybody was looked at. */
export function driftLine(drift: {
  readonly checked: number;
  readonly differing: number;
  readonly rate: number;
  readonly interval: readonly [number, number];
}): string {
  const { checked, differing, rate, interval } = drift;
  const [low, high] = interval;
  const between = low === high ? "" : `, between ${percent(low)} and ${percent(high)}`;
  return `drift ${differing} of ${checked} profiles (${percent(rate)}${between})`;
}

function counts(of: Readonly<Partial<Record<string, number>>>, head: string): readonly string[] {
  const rows = Object.entries(of).map(([name, count]) => [name, count ?? 0]);
  return rows.length === 0 ? [] : [table([head, "users"], rows)];
}

function numbers(of: readonly (readonly [number, string])[]): readonly string[] {
  return of.filter(([count]) => count > 0).map(([count, text]) => `  ${count} ${text}`);
}

/** Drift against what was acknowledged, as text. */
export function driftText(drift: InternalDrift): string {
  const { destination, pending, excluded, byProperty, byCause, repaired } = drift;
  return [
    `${pc.bold(destination)}: ${driftLine(drift)}`,
    ...numbers([
      [pending, "more are on their way"],
      [excluded, "are in quarantine or erased"],
      [repaired, "are marked and sent again"],
    ]),
    ...counts(byCause, "cause"),
    ...counts(byProperty, "property"),
  ].join("\n");
}

/** Drift against what the destination holds, as text. */
function externalText(drift: ExternalDrift): string {
  const { destination, pending, leftOut, byProperty, byCause, foreign, repaired, stopped } = drift;
  const again =
    stopped?.kind === "busy" && stopped.retryAfterMs !== undefined
      ? `; again in ${durationText(stopped.retryAfterMs / 1000)}`
      : "";
  return [
    `${pc.bold(destination)}: ${driftLine(drift)}, read back`,
    ...(stopped ? [`  stopped early: ${stopped.message}${again}`] : []),
    ...numbers([
      [pending, "more are on their way"],
      [leftOut, "could not be judged now"],
      [repaired, "are marked, and everything of them is sent again"],
    ]),
    ...counts(byCause, "cause"),
    ...counts(byProperty, "property"),
    ...counts(foreign, "written by somebody else"),
  ].join("\n");
}

interface Look {
  readonly flags: DriftFlags;
  readonly signal: AbortSignal;
  readonly show: (text: string) => void;
}

async function internal(
  context: PeopleContext,
  { flags, signal, show }: Look,
): Promise<readonly InternalDrift[]> {
  const { users: limit, apply: repair = false } = flags;
  const all: InternalDrift[] = [];
  for (const destination of pickDestinations(context, flags.destination))
    all.push(
      await internalDrift(context, destination, {
        signal,
        repair,
        onProgress: (checked) => show(`${destination.name}: ${checked} users`),
        ...(limit === undefined ? {} : { limit }),
      }),
    );
  return all;
}

async function external(
  context: PeopleContext,
  { flags, signal, show }: Look,
): Promise<readonly ExternalDrift[]> {
  const { queries, users: sample, apply: repair = false } = flags;
  const all: ExternalDrift[] = [];
  for (const destination of pickDestinations(context, flags.destination))
    all.push(
      await externalDrift(context, destination, {
        signal,
        repair,
        onProgress: (checked) => show(`${destination.name}: ${checked} profiles read back`),
        ...(queries === undefined ? {} : { queries }),
        ...(sample === undefined ? {} : { sample }),
      }),
    );
  return all;
}

async function drift(flags: DriftFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { output } = command;
  await withPeople(command, async (context) => {
    const progress = makeProgress(output.json);
    const applied = flags.apply === true;
    const found = await interruptible(async (signal) => {
      const look: Look = { flags, signal, show: (text) => progress.show(text) };
      return flags.external === true
        ? { kind: "external" as const, destinations: await external(context, look) }
        : { kind: "internal" as const, destinations: await internal(context, look) };
    });
    progress.end();
    output.result({ applied, ...found }, () =>
      (found.kind === "external"
        ? found.destinations.map(externalText)
        : found.destinations.map(driftText)
      ).join("\n\n"),
    );
    const isStopped =
      found.kind === "external" && found.destinations.some(({ stopped }) => stopped?.kind === "busy");
    if (found.destinations.some(({ differing, repaired }) => differing > repaired))
      process.exitCode = EXIT.findings;
    else if (isStopped) process.exitCode = EXIT.tryLater;
  });
}

export function addDrift(people: Command): void {
  people
    .command("drift")
    .description(
      "How many profiles differ from the database, by property and cause; ends with 1 when any does",
    )
    .option("--destination <name>", "one destination only")
    .option(
      "--users <n>",
      "look at so many: the next ones in turn, or with --external a random sample; default: everybody, or as many as the queries hold",
      parseCount,
    )
    .option("--external", "read profiles back from the destination, within its limit an hour")
    .option("--queries <n>", "queries that --external may ask", parseCount)
    .option("--apply", "send those that differ again")
    .action((_: unknown, command: Command) => drift(command.optsWithGlobals<DriftFlags>()));
}

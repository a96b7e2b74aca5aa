// `plumbline clean privacy status`: how far privacy requests of change sets are. Asks the provider; changes nothing there.
import type { Command } from "commander";
import { followPrivacy, type FollowedStep } from "../../../cleanup/index.ts";
import { privacyOf } from "../../cleanup/step-executors.ts";
import { cleanupFolder } from "../../cleanup/open-run.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import type { Config, ConfigDestination } from "../../config/config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { EXIT, UsageError } from "../../terminal/exit-codes.ts";
import { makeOutput, table } from "../../terminal/output.ts";
import type { GlobalOptions } from "../global-options.ts";
import { interruptible } from "../people/people-command.ts";

interface StatusFlags extends GlobalOptions {
  readonly destination?: string;
  /** False: only what earlier looks found. */
  readonly ask: boolean;
}

const DAY_MS = 86_400_000;

function destinationOf({ destinations }: Config, flags: StatusFlags): ConfigDestination {
  const usable = destinations.filter(
    ({ name, erasureToken }) =>
      name === (flags.destination ?? name) && (!flags.ask || erasureToken !== undefined),
  );
  const [one] = usable;
  if (!one) throw new UsageError("No destination has an `erasure_token`, which privacy requests ask for");
  if (usable.length > 1)
    throw new UsageError(`Name one with --destination: ${usable.map(({ name }) => name).join(", ")}`);
  return one;
}

function textOf(steps: readonly FollowedStep[], now: number): string {
  if (steps.length === 0) return "No change set has made a privacy request";
  const rows = steps.flatMap(({ changeSet, step, kind, tasks }) =>
    tasks.map(({ ids, requestedAt, state, problem }) => [
      `${changeSet}/${step}`,
      kind,
      ids,
      `${Math.floor((now - requestedAt) / DAY_MS)} days ago`,
      problem === undefined ? state : `${state} (not asked: ${problem})`,
    ]),
  );
  const files = steps.flatMap(({ retrievals }) => (retrievals === undefined ? [] : [retrievals]));
  return [
    table(["step", "request", "ids", "asked", "state"], rows),
    ...files.map((file) => `links to what was retrieved, which open it for whoever has them: ${file}`),
  ].join("\n");
}

async function status(flags: StatusFlags): Promise<void> {
  const config = loadConfig(flags.config);
  const output = makeOutput(flags.json === true);
  const destination = destinationOf(config, flags);
  const steps = await interruptible((signal) =>
    followPrivacy({
      folder: cleanupFolder(config),
      destination: destination.name,
      privacy: flags.ask ? privacyOf(destination) : undefined,
      clock: systemClock,
      random: Math.random,
      signal,
    }),
  );
  output.result({ destination: destination.name, steps }, () => textOf(steps, systemClock.now()));
  const tasks = steps.flatMap((step) => step.tasks);
  if (tasks.some(({ state }) => state === "failed" || state === "gone")) process.exitCode = EXIT.findings;
  else if (tasks.some(({ problem }) => problem !== undefined)) process.exitCode = EXIT.tryLater;
}

export function addCleanPrivacy(clean: Command): void {
  const privacy = clean.command("privacy").description("Requests of people: deletion and retrieval");
  privacy
    .command("status")
    .description("How far the privacy requests of change sets are; ends with 1 when one has failed")
    .option("--destination <name>", "which one, where several have an `erasure_token`")
    .option("--no-ask", "what earlier looks found, without asking")
    .action((_: unknown, command: Command) => status(command.optsWithGlobals<StatusFlags>()));
}

// `plumbline lexicon`: what Mixpanel's Lexicon says of events and properties, held to the plan. A dry run until --apply.
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { AppError } from "../../core/index.ts";
import {
  compareLexicon,
  createLexiconClient,
  type LexiconClient,
  type LexiconComparison,
  type StoredEntity,
} from "../../providers/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { lexiconEntities } from "../lexicon/plan-entities.ts";
import { loadConfig } from "../config/load-config.ts";
import { EXIT, UsageError } from "../terminal/exit-codes.ts";
import { makeOutput, makeProgress, type Output } from "../terminal/output.ts";
import type { GlobalOptions } from "./global-options.ts";
import { requirePlan } from "./plan-argument.ts";

interface LexiconFlags extends GlobalOptions {
  readonly destination?: string;
  readonly hideDeprecated?: boolean;
  readonly wait: number;
  readonly apply?: boolean;
  readonly truncate?: boolean;
  readonly backup?: string;
  readonly out?: string;
}

const SHOWN_MAX = 200;
const WAIT_DEFAULT_S = 600;

function parseWait(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("A number of seconds.");
  return Number(text);
}

/** The destination's Lexicon. */
function openClient(
  flags: LexiconFlags,
  output: Output,
): { readonly client: LexiconClient; readonly name: string } {
  const { destinations } = loadConfig(flags.config);
  const usable = destinations.filter(
    ({ projectId, serviceAccount }) => projectId !== undefined && serviceAccount,
  );
  const found =
    flags.destination === undefined ? usable : usable.filter(({ name }) => name === flags.destination);
  const [one] = found;
  if (one?.projectId === undefined || one.serviceAccount === undefined)
    throw new UsageError("No destination has a `project_id` and a `service_account`, which Lexicon asks for");
  if (found.length > 1)
    throw new UsageError(`Name one with --destination: ${found.map(({ name }) => name).join(", ")}`);
  const client = createLexiconClient({
    host: one.host,
    projectId: one.projectId,
    serviceAccount: one.serviceAccount,
    clock: systemClock,
    waitMaxMs: flags.wait * 1000,
    onWait: (ms) => output.note(`lexicon: waiting ${Math.ceil(ms / 1000)} s for Mixpanel's limits`),
  });
  return { client, name: one.name };
}

/** Written and on disk before anything is deleted. */
function writeBackup(path: string, stored: readonly StoredEntity[]): void {
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (cause) {
    const there = existsSync(path);
    throw new AppError(
      there ? "FILE_EXISTS" : "FILE_UNWRITABLE",
      `Cannot write ${path}${there ? ": it is there already" : ""}`,
      { cause },
    );
  }
  try {
    writeSync(file, `${JSON.stringify({ entries: stored }, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function told(value: unknown): string {
  if (value === null || value === undefined) return pc.dim("nothing");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function textOf({ changes, stale, foreign }: LexiconComparison, name: string): string {
  const lines = changes
    .slice(0, SHOWN_MAX)
    .map(
      ({ name: entity, at, before, after }) => `${pc.bold(entity)} ${at}: ${told(before)} → ${told(after)}`,
    );
  const more = changes.length > SHOWN_MAX ? [`… and ${changes.length - SHOWN_MAX} more; --json has all`] : [];
  const others =
    foreign.length === 0
      ? []
      : [`${foreign.length} entities are in Lexicon and not in the plan; they are left alone`];
  return [
    ...lines,
    ...more,
    ...others,
    changes.length === 0
      ? `Lexicon of ${name} says what the plan says`
      : `${changes.length} differences in ${stale.length} entities of ${name}`,
  ].join("\n");
}

async function diff(plan: string | undefined, flags: LexiconFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const wanted = lexiconEntities(requirePlan(plan, flags), { hideDeprecated: flags.hideDeprecated === true });
  const { client, name } = openClient(flags, output);
  const found = compareLexicon(wanted, await client.list());
  output.result({ destination: name, ...found }, () => textOf(found, name));
  if (found.changes.length > 0) process.exitCode = EXIT.findings;
}

async function push(plan: string | undefined, flags: LexiconFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const { truncate = false, apply = false, backup } = flags;
  if (truncate && backup === undefined)
    throw new UsageError("--truncate deletes what everybody wrote in Lexicon: it needs --backup <file>");
  const wanted = lexiconEntities(requirePlan(plan, flags), { hideDeprecated: flags.hideDeprecated === true });
  const { client, name } = openClient(flags, output);
  const stored = await client.list();
  const found = compareLexicon(wanted, stored);
  const sending = truncate ? wanted : found.stale;
  if (!apply) {
    const deleting = truncate ? `\n--truncate would delete all ${stored.length} entities first` : "";
    output.result(
      { destination: name, applied: false, truncate, ...found },
      () => `${textOf(found, name)}${deleting}\nA dry run: nothing was sent. Add --apply.`,
    );
    return;
  }
  if (backup !== undefined) writeBackup(backup, stored);
  const progress = makeProgress(output.json);
  await client.upload(sending, {
    truncate,
    onProgress: (sent) => progress.show(`lexicon: ${sent} of ${sending.length} entities`),
  });
  progress.end();
  // What a server says it did is not what it did.
  const after = sending.length === 0 ? found : compareLexicon(wanted, await client.list());
  output.result({ destination: name, applied: true, sent: sending.length, ...after }, () =>
    after.changes.length === 0
      ? `${sending.length} entities sent; Lexicon of ${name} says what the plan says`
      : `${sending.length} entities sent, and Lexicon still differs:\n${textOf(after, name)}`,
  );
  if (after.changes.length > 0) process.exitCode = EXIT.findings;
}

async function pull(flags: LexiconFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const { client } = openClient(flags, output);
  const stored = await client.list();
  const { out } = flags;
  if (out === undefined) {
    process.stdout.write(`${JSON.stringify({ entries: stored }, null, 2)}\n`);
    return;
  }
  writeBackup(out, stored);
  output.result({ out, entities: stored.length }, () => `${out}: ${stored.length} entities written`);
}

function shared(command: Command): Command {
  return command
    .option("--destination <name>", "whose Lexicon, where several destinations have a service account")
    .option(
      "--wait <seconds>",
      "longest wait for Mixpanel's limits; then it ends with 75",
      parseWait,
      WAIT_DEFAULT_S,
    );
}

export function addLexicon(program: Command): void {
  const lexicon = program.command("lexicon").description("Hold Mixpanel's Lexicon to the plan");
  shared(lexicon.command("diff [plan]"))
    .description("What Lexicon says otherwise; ends with 1 when it does")
    .option("--hide-deprecated", "deprecated events are to be hidden, all others shown")
    .action((plan: string | undefined, _: unknown, command: Command) =>
      diff(plan, command.optsWithGlobals<LexiconFlags>()),
    );
  shared(lexicon.command("push [plan]"))
    .description("Write the plan into Lexicon; a dry run until --apply")
    .option("--hide-deprecated", "hide deprecated events, show all others")
    .option("--apply", "send it")
    .option("--truncate", "delete everything in Lexicon first; needs --backup")
    .option("--backup <file>", "write what Lexicon has into this file first")
    .action((plan: string | undefined, _: unknown, command: Command) =>
      push(plan, command.optsWithGlobals<LexiconFlags>()),
    );
  shared(lexicon.command("pull"))
    .description("What Lexicon has, as JSON; `plumbline infer` makes a plan of it")
    .option("--out <file>", "write it here instead of to stdout")
    .action((_: unknown, command: Command) => pull(command.optsWithGlobals<LexiconFlags>()));
}

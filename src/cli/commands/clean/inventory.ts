// `plumbline clean inventory`: what the provider holds, against the plan. Reads only; goes on where an earlier one was interrupted.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import {
  folderName,
  type Inventory,
  type InventoryBinding,
  InventoryFiles,
  inventoryHtml,
  type InventoryOptions,
  inventoryText,
  isTidy,
  personProperty,
  takeInventory,
  type UserExists,
} from "../../../cleanup/index.ts";
import { AppError } from "../../../core/index.ts";
import type { Lock } from "../../../plan/index.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { openDictionary, openInventoryReader, userExistsIn } from "../../cleanup/open-inventory.ts";
import { cleanupFolder } from "../../cleanup/open-run.ts";
import { type ReadLimits, readLimitsOf, withReadLimits } from "../../cleanup/read-limits.ts";
import type { Config, ConfigDestination } from "../../config/config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { pickDestination } from "../../ids/open-destination.ts";
import { parseWait } from "../../ids/wait.ts";
import { readJournal } from "../../infer/read-journal.ts";
import { EXIT, UsageError } from "../../terminal/exit-codes.ts";
import { makeOutput, makeProgress } from "../../terminal/output.ts";
import { durationText, makeTimeLeft } from "../../terminal/time-left.ts";
import { journalDirectory, makeReceivers } from "../../up/pipeline.ts";
import type { GlobalOptions } from "../global-options.ts";
import { withJournal } from "../open-stores.ts";
import { interruptible, readPeopleCommand, withSource } from "../people/people-command.ts";
import { requirePlan } from "../plan-argument.ts";

interface InventoryFlags extends GlobalOptions, ReadLimits {
  readonly plan?: string;
  readonly destination?: string;
  readonly from?: string;
  readonly to?: string;
  readonly every: number;
  readonly by?: string;
  readonly folder?: string;
  readonly fresh?: boolean;
  readonly database: boolean;
  readonly html?: string;
  readonly wait: number;
}

const DAY_MS = 86_400_000;
/** Days of the raw export that are looked at, where nothing else is said. */
const DAYS_DEFAULT = 30;
/** Default of `--wait`: an hour's limit, and a little. */
const WAIT_DEFAULT_S = 3900;
/** An unfinished inventory older than this says little of today. */
const UNFINISHED_MAX_DAYS = 7;

function parseDay(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("Write a date as YYYY-MM-DD.");
  return text;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("A whole number above 0.");
  return Number(text);
}

function dayBefore(ms: number, days: number): string {
  return new Date(ms - days * DAY_MS).toISOString().slice(0, 10);
}

/** The window that was asked for, or that of an unfinished inventory. */
function windowOf(
  { from, to, every }: InventoryFlags,
  unfinished: InventoryBinding | undefined,
): InventoryOptions["window"] {
  const now = systemClock.now();
  const isRecent = unfinished !== undefined && unfinished.to >= dayBefore(now, UNFINISHED_MAX_DAYS);
  if (from === undefined && to === undefined && isRecent && unfinished.every === every)
    return { from: unfinished.from, to: unfinished.to, every };
  const end = to ?? dayBefore(now, 1);
  const start = from ?? dayBefore(Date.parse(end), DAYS_DEFAULT - 1);
  if (start > end) throw new UsageError("--from is after --to");
  return { from: start, to: end, every };
}

function writePage(file: string | undefined, inventory: Inventory): void {
  if (file === undefined) return;
  try {
    writeFileSync(file, inventoryHtml(inventory));
  } catch (cause) {
    throw new AppError("FILE_UNWRITABLE", `Cannot write ${file}`, { cause });
  }
}

/** The gateway's journal, where one ever ran here. */
function gatewayOf(config: Config, lock: Lock): InventoryOptions["gateway"] {
  if (!existsSync(journalDirectory(config))) return undefined;
  return (add) =>
    withJournal(config, (journal) =>
      readJournal(
        { add, count: 0 },
        {
          config,
          journal,
          receivers: makeReceivers(config),
          trustOf: (source) => lock.sources[source]?.trust ?? "client",
          since: 0,
          onProgress: () => undefined,
        },
      ),
    );
}

/** With the application's users, where the configuration has a database. */
function withUsers<T>(
  config: Config,
  flags: InventoryFlags,
  work: (exists: UserExists | undefined) => Promise<T>,
): Promise<T> {
  if (config.people === undefined || !flags.database) return work(undefined);
  const { database: _, destination: __, ...globals } = flags;
  return withSource(readPeopleCommand(globals, flags.plan), (opened) => work(userExistsIn(opened)));
}

interface Take {
  readonly config: Config;
  readonly lock: Lock;
  readonly destination: ConfigDestination;
  readonly folder: string;
  readonly userExists: UserExists | undefined;
}

async function take(
  { config, lock, destination, folder, userExists }: Take,
  flags: InventoryFlags,
): Promise<Inventory> {
  const progress = makeProgress(flags.json === true);
  let phase = "";
  let left = makeTimeLeft();
  const files = new InventoryFiles(folder);
  if (flags.fresh === true) files.finish();
  const window = windowOf(flags, files.binding());
  const budgets = join(cleanupFolder(config), folderName(destination.name));
  try {
    return await interruptible((signal) =>
      takeInventory({
        ...openInventoryReader(destination, budgets, {
          waitMaxMs: flags.wait * 1000,
          readLimits: readLimitsOf(flags),
          signal,
          onWait: (kind, waitMs) =>
            progress.show(
              `inventory: waiting ${durationText(waitMs / 1000)} for the limit of ${kind} requests`,
            ),
        }),
        destination: destination.name,
        target: `${new URL(destination.host).host} ${String(destination.projectId)}`,
        lock,
        folder,
        window,
        by: flags.by ?? personProperty(lock),
        dictionary: openDictionary(destination, flags.wait * 1000),
        gateway: gatewayOf(config, lock),
        userExists,
        onProgress: ({ phase: at, done, total }) => {
          if (at.endsWith("days") !== phase.endsWith("days")) left = makeTimeLeft();
          phase = at;
          const of = total === undefined ? "" : ` of ${total.toLocaleString("en-US")}`;
          progress.show(`inventory: ${at}: ${done.toLocaleString("en-US")}${of}${left(done, total)}`);
        },
      }),
    );
  } finally {
    progress.end();
  }
}

async function inventory(flags: InventoryFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const config = loadConfig(flags.config);
  const lock = requirePlan(flags.plan ?? config.plan, flags);
  const destination = pickDestination(config, flags.destination);
  const folder = flags.folder ?? join(cleanupFolder(config), `${folderName(destination.name)}.inventory`);
  const found = await withUsers(config, flags, (userExists) =>
    take({ config, lock, destination, folder, userExists }, flags),
  );
  writePage(flags.html, found);
  output.result(found, () => inventoryText(found));
  if (found.items.some((item) => !isTidy(item))) process.exitCode = EXIT.findings;
}

export function addCleanInventory(clean: Command): void {
  withReadLimits(clean.command("inventory"))
    .description(
      "What the provider holds, against the plan; reads only; ends with 1 when there is something to clean",
    )
    .option("--plan <file>", "plan to hold it against; default: the configured one")
    .option("--destination <name>", "which one, where there are several")
    .option(
      "--from <date>",
      `first day of the raw export, of which a long one is read in few requests; default: ${DAYS_DEFAULT} days up to --to`,
      parseDay,
    )
    .option("--to <date>", "last day of the raw export; default: yesterday", parseDay)
    .option("--every <n>", "read one day of so many, each by an export of its own", parseCount, 1)
    .option(
      "--by <property>",
      "profiles with the same value are one person; default: the plan's e-mail address",
    )
    .option("--folder <folder>", "where an unfinished one is kept; default: below `data`")
    .option("--fresh", "begin anew, also where one was interrupted")
    .option("--no-database", "do not look for profiles without a user")
    .option("--html <file>", "write it as one page, too")
    .option(
      "--wait <seconds>",
      "longest wait for the provider's limits; then it ends with 75",
      parseWait,
      WAIT_DEFAULT_S,
    )
    .action((_: unknown, command: Command) => inventory(command.optsWithGlobals<InventoryFlags>()));
}

// `plumbline clean plan`: from an inventory and the plan to a change set to review. Asks the provider nothing and changes nothing there.
import { copyFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import {
  checkChangeSet,
  folderName,
  type Inventory,
  INVENTORY_FILE,
  parseChangeSet,
  parseInventory,
  type ProposedChangeSet,
  proposeChangeSet,
  type Step,
  type StepEstimates,
  writeChangeSet,
} from "../../../cleanup/index.ts";
import { AppError, type Finding } from "../../../core/index.ts";
import type { Lock } from "../../../plan/index.ts";
import { containsFilter, MIXPANEL_PLAN_LIMITS } from "../../../providers/index.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { estimateSteps } from "../../cleanup/estimate-steps.ts";
import { cleanupFolder } from "../../cleanup/open-run.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load-config.ts";
import { pickDestination } from "../../ids/open-destination.ts";
import { EXIT, UsageError } from "../../terminal/exit-codes.ts";
import { makeOutput, noteFinding } from "../../terminal/output.ts";
import type { GlobalOptions } from "../global-options.ts";
import { requirePlan } from "../plan-argument.ts";

interface PlanFlags extends GlobalOptions {
  readonly inventory?: string;
  readonly destination?: string;
  readonly out: string;
  readonly force?: boolean;
}

/** Where `clean inventory` leaves it when nothing else is said. */
function inventoryFile(config: Config, { inventory, destination }: PlanFlags): string {
  if (inventory !== undefined) return resolve(inventory);
  const { name } = pickDestination(config, destination);
  return join(cleanupFolder(config), `${folderName(name)}.inventory`, INVENTORY_FILE);
}

function readInventory(file: string): Inventory {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", `Cannot read ${file}: take one by \`plumbline clean inventory\``, {
      cause,
    });
  }
  const parsed = parseInventory(text);
  if (parsed.kind === "inventory") return parsed.inventory;
  throw new UsageError(
    parsed.at === ""
      ? `${file} is not an inventory: it is no JSON object`
      : `${file} is not an inventory that this version reads: look at \`${parsed.at}\`, or take one by \`plumbline clean inventory\``,
  );
}

function requireFresh({ plan }: Inventory, { hash }: Lock): void {
  if (plan !== hash)
    throw new AppError(
      "CLEANUP_CHANGED_SINCE",
      "Cannot plan from this inventory: the plan has changed since it was taken",
    );
}

interface Files {
  readonly out: string;
  readonly inventory: string;
}

/** Where the ids of a file of the inventory are to be, from the folder of the set. */
function idsBeside(name: string, ofInventory: string): string {
  return `${name}.ids/${basename(ofInventory)}`;
}

/** Ids are copied beside the set, for the owner alone: they are nobody else's business, and no part of a review. */
function writeFiles({ out, inventory }: Files, text: string, proposed: ProposedChangeSet): readonly string[] {
  const { changeSet, idsFiles } = proposed;
  try {
    const copied = idsFiles.map((from) => {
      const file = resolve(dirname(out), idsBeside(changeSet.name, from));
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      copyFileSync(resolve(dirname(inventory), from), file);
      chmodSync(file, 0o600);
      return file;
    });
    writeFileSync(out, text);
    return copied;
  } catch (cause) {
    throw new AppError("FILE_UNWRITABLE", `Cannot write ${out}, or the ids beside it`, { cause });
  }
}

/** What the checks say of the file as it is written. */
function findingsOf(
  text: string,
  file: string,
  parts: { readonly lock: Lock; readonly unofficial: boolean },
) {
  const parsed = parseChangeSet(text, file);
  if (parsed.kind === "findings") return parsed.findings;
  return checkChangeSet(parsed.changeSet, {
    ...parts,
    limits: MIXPANEL_PLAN_LIMITS,
    locate: parsed.locate,
  });
}

function stepLine({ id, because, enabled }: Step): string {
  return `${enabled === false ? "[ ]" : "[x]"} ${id}: ${because}`;
}

interface Written {
  readonly proposal: ProposedChangeSet;
  readonly estimates: StepEstimates;
  readonly out: string;
  readonly copied: readonly string[];
}

function writtenText({ proposal, out, copied }: Written): string {
  const { changeSet, notes } = proposal;
  const isOff = changeSet.steps.some(({ enabled }) => enabled === false);
  const here = (file: string): string => relative(process.cwd(), file);
  return [
    ...changeSet.steps.map(stepLine),
    ...notes.map((note) => `* ${note}`),
    `${here(out)}: written. Review it, then: plumbline clean apply ${here(out)}`,
    ...(isOff
      ? [
          "Steps with [ ] cannot be wholly undone or need a look: take `enabled: false` away where they are wanted.",
        ]
      : []),
    ...copied.map((file) => `${here(file)}: ids. Keep it out of git.`),
  ].join("\n");
}

function resultOf({ proposal, estimates, out, copied }: Written, findings: readonly Finding[]) {
  const steps = proposal.changeSet.steps.map((step) => ({
    id: step.id,
    do: step.operation.do,
    because: step.because,
    enabled: step.enabled !== false,
    estimate: estimates.get(step.id) ?? null,
  }));
  return { out, ids: copied, steps, notes: proposal.notes, findings };
}

async function plan(flags: PlanFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const config = loadConfig(flags.config);
  const lock = requirePlan(config.plan, flags);
  const file = inventoryFile(config, flags);
  const inventory = readInventory(file);
  requireFresh(inventory, lock);
  const destination = pickDestination(config, flags.destination ?? inventory.destination);
  if (destination.name !== inventory.destination)
    throw new UsageError(`${file} is of destination ${inventory.destination}`);
  const out = resolve(flags.out);
  const name = basename(out, extname(out));
  const proposal = proposeChangeSet({
    inventory,
    name,
    lock,
    madeAt: new Date(systemClock.now()).toISOString(),
    limits: MIXPANEL_PLAN_LIMITS,
    unofficial: destination.unofficial,
    idsFile: (ofInventory) => idsBeside(name, ofInventory),
    containsFilter,
  });
  if (proposal.changeSet.steps.length === 0) {
    output.result({ out: null, ids: [], steps: [], notes: proposal.notes, findings: [] }, () =>
      [...proposal.notes.map((note) => `* ${note}`), "Nothing to change: no change set was written."].join(
        "\n",
      ),
    );
    return;
  }
  if (existsSync(out) && flags.force !== true)
    throw new AppError("FILE_EXISTS", `Cannot write ${out}: it is there already`);
  const estimates = await estimateSteps(config, lock, proposal.changeSet);
  const text = writeChangeSet(proposal.changeSet, estimates, proposal.notes);
  const copied = writeFiles({ out, inventory: file }, text, proposal);
  const findings = findingsOf(text, flags.out, { lock, unofficial: destination.unofficial });
  for (const finding of findings) noteFinding(finding);
  const written: Written = { proposal, estimates, out, copied };
  output.result(resultOf(written, findings), () => writtenText(written));
  process.exitCode = EXIT.findings;
}

export function addCleanPlan(clean: Command): void {
  clean
    .command("plan")
    .description(
      "From an inventory to a change set to review; asks the provider nothing; ends with 1 when there is something to change",
    )
    .option("--inventory <file>", "what `clean inventory` found; default: the last one of the destination")
    .option("--destination <name>", "which one, where there are several")
    .option("--out <file>", "the change set; its name is the set's", "changes.yaml")
    .option("--force", "overwrite the file")
    .action((_: unknown, command: Command) => plan(command.optsWithGlobals<PlanFlags>()));
}

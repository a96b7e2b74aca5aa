// `plumbline infer`: a first plan from what is sent today. Reads only; the one thing it writes is the files that were asked for.
import { existsSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { AppError, type Finding } from "../../core/index.ts";
import {
  formatInferReport,
  joinDrafts,
  makeTrafficProfile,
  type PlanDraft,
  proposePlan,
  type Proposal,
  type TrafficProfile,
  UNSEEN_DAYS,
  writePlan,
} from "../../infer/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../providers/index.ts";
import { loadConfig } from "../config/load-config.ts";
import { openExport, openTraffic } from "../infer/open-traffic.ts";
import { readTraffic } from "../infer/read-inputs.ts";
import { readJournal } from "../infer/read-journal.ts";
import { sortInputs } from "../infer/read-plans.ts";
import { FindingsError, UsageError } from "../terminal/exit-codes.ts";
import { findingLines, makeOutput, makeProgress, type Output } from "../terminal/output.ts";
import { loadPlan } from "../up/load-plan.ts";
import { makeReceivers } from "../up/pipeline.ts";
import type { GlobalOptions } from "./global-options.ts";
import { withJournal } from "./open-stores.ts";
import { parseSince } from "./quarantine.ts";

interface InferFlags extends GlobalOptions {
  readonly out?: string;
  readonly report?: string;
  readonly name: string;
  readonly unseenDays: number;
  readonly force?: boolean;
  readonly gateway?: boolean;
  readonly since: number;
  readonly export?: string;
  readonly from?: string;
  readonly to?: string;
}

/** What people see of the findings on the terminal; the report has them all. */
const SHOWN_FINDINGS = 40;

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1) throw new InvalidArgumentError("write a whole number of days");
  return days;
}

function parseDay(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("write a date as YYYY-MM-DD");
  return text;
}

function parseName(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("a plan needs a name");
  return text;
}

/** The raw export of a configured destination. */
async function readExport(profile: TrafficProfile, flags: InferFlags, output: Output): Promise<void> {
  const { export: name, from, to } = flags;
  if (from === undefined || to === undefined) throw new UsageError("--export needs --from and --to");
  const config = loadConfig(flags.config);
  const destination = config.destinations.find((one) => one.name === name);
  if (destination === undefined)
    throw new UsageError(
      `There is no destination ${name ?? ""}; the configuration has: ${config.destinations.map((one) => one.name).join(", ")}`,
    );
  const { projectId, serviceAccount, host } = destination;
  if (projectId === undefined || serviceAccount === undefined)
    throw new UsageError(
      `Destination ${destination.name} needs \`project_id\` and \`service_account\` for an export`,
    );
  const input = await openExport({ host, projectId, ...serviceAccount, from, to });
  await readTraffic(input, profile, { progress: makeProgress(output.json), output });
}

async function readGateway(profile: TrafficProfile, flags: InferFlags, output: Output): Promise<void> {
  const config = loadConfig(flags.config);
  const { lock } = existsSync(config.plan) ? loadPlan(config.plan) : { lock: undefined };
  const progress = makeProgress(output.json);
  await withJournal(config, (journal) =>
    readJournal(profile, {
      config,
      journal,
      receivers: makeReceivers(config),
      trustOf: (source) => lock?.sources[source]?.trust ?? "client",
      since: flags.since,
      onProgress: (events) => progress.show(`infer: gateway: ${events.toLocaleString("en-US")} events`),
    }),
  );
  progress.end();
}

function writeNew(path: string, text: string, force: boolean): void {
  if (existsSync(path) && !force)
    throw new AppError("FILE_EXISTS", `Cannot write ${path}: it is there already`);
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new AppError("FILE_UNWRITABLE", `Cannot write ${path}`, { cause });
  }
}

/** The command checks its own plan: one that does not pass is a bug, and is not written. */
function requireUsable(findings: readonly Finding[]): void {
  const errors = findings.filter(({ level }) => level === "error");
  if (errors.length > 0) throw new FindingsError(errors);
}

function print(
  output: Output,
  { proposal, text, checked }: { proposal: Proposal; text: string; checked: readonly Finding[] },
  flags: InferFlags,
): void {
  const { findings, summary, draft } = proposal;
  const { out, report } = flags;
  const counts = {
    events: draft.events.size,
    properties: draft.properties.size,
    sources: draft.sources.length,
  };
  if (output.json) {
    output.result(
      { summary, counts, findings, ...(out === undefined ? { plan: text } : { out }), report },
      () => "",
    );
    return;
  }
  for (const finding of findings.slice(0, SHOWN_FINDINGS)) output.note(findingLines(finding));
  if (findings.length > SHOWN_FINDINGS)
    output.note(`… and ${findings.length - SHOWN_FINDINGS} more: --report <file> has them all.`);
  const warnings = checked.filter(({ level }) => level === "warn").length;
  output.note(
    `${summary.events} events: ${counts.events} in the plan, ${counts.properties} properties, ${counts.sources} sources; ${findings.length} findings. ` +
      `The plan passes \`check\`; ${warnings} warnings ask for descriptions, owners and data classes.`,
  );
  if (summary.refused > 0)
    output.note(`${summary.refused} events will wait in quarantine under any plan: their ids cannot be ids.`);
  if (out === undefined) process.stdout.write(text);
  else output.result(undefined, () => `${out}: written`);
}

/** A plan alone is taken over as it is; with traffic beside it, it explains what was seen. */
function joined(seen: Proposal, plan: PlanDraft): PlanDraft {
  return seen.summary.events === 0 ? plan : joinDrafts(seen.draft, plan);
}

async function infer(inputs: readonly string[], flags: InferFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const { out, report, force = false } = flags;
  if (inputs.length === 0 && flags.export === undefined && flags.gateway !== true)
    throw new UsageError("Name a file, `-` for stdin, --export <destination> or --gateway");
  for (const path of [out, report])
    if (path !== undefined && existsSync(path) && !force)
      throw new AppError("FILE_EXISTS", `Cannot write ${path}: it is there already`);
  const profile = makeTrafficProfile({ forbiddenIds: MIXPANEL_PLAN_LIMITS.forbiddenIds });
  const { traffic, plan } = sortInputs(inputs, flags.name);
  for (const path of traffic)
    await readTraffic(openTraffic(path), profile, { progress: makeProgress(output.json), output });
  if (flags.export !== undefined) await readExport(profile, flags, output);
  if (flags.gateway === true) await readGateway(profile, flags, output);
  if (profile.count === 0 && plan === undefined)
    throw new AppError("INPUT_EMPTY", "Cannot propose a plan: no event was read");
  const seen = proposePlan(profile, { name: flags.name, unseenDays: flags.unseenDays });
  const proposal = plan === undefined ? seen : { ...seen, draft: joined(seen, plan) };
  const { text, findings: checked } = writePlan(proposal.draft, [MIXPANEL_PLAN_LIMITS]);
  requireUsable(checked);
  if (out !== undefined) writeNew(out, text, force);
  if (report !== undefined) writeNew(report, formatInferReport(proposal), force);
  print(output, { proposal, text, checked }, flags);
}

export function addInfer(program: Command): void {
  program
    .command("infer [inputs...]")
    .description(
      "Propose a first plan from what is sent today: raw exports, NDJSON, other tools' plans, the gateway's traffic",
    )
    .option("--out <file>", "write the plan here instead of to stdout")
    .option("--report <file>", "write every finding here, as Markdown")
    .option("--name <name>", "name of the plan", parseName, "inferred")
    .option(
      "--unseen-days <days>",
      "days without an event after which it counts as unseen",
      parseDays,
      UNSEEN_DAYS,
    )
    .option("--export <destination>", "read the raw export of a destination of the configuration")
    .option("--from <date>", "first day of the export", parseDay)
    .option("--to <date>", "last day of the export", parseDay)
    .option("--gateway", "read what the gateway's journal still holds")
    .option("--since <when>", "with --gateway: received since: 30m, 12h, 7d or a date", parseSince, 0)
    .option("--force", "overwrite the files")
    .action((inputs: readonly string[], _: unknown, command: Command) =>
      infer(inputs, command.optsWithGlobals<InferFlags>()),
    );
}

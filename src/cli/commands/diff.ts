// `plumbline diff`: what a change of the plan does to code, data, releases and the provider. Reads only.
import { dirname, join, relative } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { assertNever, type Finding } from "../../core/index.ts";
import {
  AXES,
  type Axis,
  diffFindings,
  diffMarkdown,
  type PlanDiff,
  diffPlans,
  diffText,
  failsGate,
  formatFindings,
  GATE_LEVELS,
  type Gates,
  GATES_DEFAULT,
  levelOf,
  type Lock,
  trafficFindings,
  type TrafficWeight,
} from "../../plan/index.ts";
import { mergeBaseOf, repositoryRoot } from "../diff/git.ts";
import { weighTraffic } from "../diff/weigh-traffic.ts";
import { openFile, openRef, openSide, type Side } from "../diff/open-side.ts";
import { EXIT, UsageError } from "../terminal/exit-codes.ts";
import { makeOutput, printLine } from "../terminal/output.ts";
import type { GlobalOptions } from "./global-options.ts";
import { planPath } from "./plan-argument.ts";

const FORMATS = ["text", "markdown", "json", "sarif", "github"] as const;
const GUIDE = "https://github.com/plumbline/plumbline/blob/main/docs/guide/changing-the-plan.md";
const LEVEL_COLOURS = { error: pc.red, warn: pc.yellow, info: pc.cyan } as const;

interface DiffFlags extends GlobalOptions {
  readonly format: (typeof FORMATS)[number];
  readonly failOn?: readonly Axis[];
  readonly warn?: readonly Axis[];
  readonly plan?: string;
  readonly mergeBase?: boolean;
  readonly traffic?: string;
  readonly days?: number;
  readonly source?: string;
  readonly destination?: string;
}

function isAxis(text: string): text is Axis {
  return (AXES as readonly string[]).includes(text);
}

function parseAxes(text: string): readonly Axis[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "none");
  const axes = names.filter(isAxis);
  if (axes.length < names.length) throw new InvalidArgumentError(`write some of ${AXES.join(",")}, or none`);
  return axes;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1) throw new InvalidArgumentError("write a whole number of days");
  return days;
}

/** The plan's gates, and what the command line says instead: axes named by `--fail-on` fail, and no others. */
function gatesOf(side: Side, { failOn, warn }: DiffFlags): Gates {
  const set = { ...GATES_DEFAULT, ...side.settings.gates };
  const level = (axis: Axis): Gates[Axis] => {
    if (warn?.includes(axis) === true) return "warn";
    if (failOn === undefined) return set[axis];
    return failOn.includes(axis) ? "fail" : set[axis] === "fail" ? "warn" : set[axis];
  };
  return { code: level("code"), data: level("data"), rollout: level("rollout"), provider: level("provider") };
}

/** Names files from here, as people and code hosts do. */
function fromHere(diff: PlanDiff, folder: string): PlanDiff {
  const named = (file: string): string => relative(process.cwd(), join(folder, file)).replaceAll("\\", "/");
  return {
    ...diff,
    changes: diff.changes.map((change) =>
      change.where === undefined
        ? change
        : { ...change, where: { ...change.where, file: named(change.where.file) } },
    ),
  };
}

function openBase(
  named: string,
  plan: string,
  { head, flags }: { head: string | undefined; flags: DiffFlags },
): Side {
  if (flags.mergeBase !== true) return openSide(named, plan);
  const root = repositoryRoot(dirname(plan));
  const common = mergeBaseOf(root, [named, head ?? "HEAD"]);
  if (common === undefined) throw new UsageError(`${named} and ${head ?? "HEAD"} have no common past`);
  return openRef(common, plan);
}

/** Real events under both plans, where they were asked for. */
function weightOf(
  plans: { readonly base: Lock; readonly head: Lock },
  { traffic, days, source, destination, config, json, format }: DiffFlags,
): Promise<TrafficWeight | undefined> {
  if (traffic === undefined) return Promise.resolve(undefined);
  const output = makeOutput(json === true || format === "json");
  return weighTraffic({ ...plans, traffic, days, source, destination, config, output });
}

interface Result {
  readonly diff: PlanDiff;
  readonly gates: Gates;
  readonly findings: readonly Finding[];
  readonly traffic: TrafficWeight | undefined;
}

function jsonOf({ diff, gates, findings, traffic }: Result): object {
  return {
    ...diff,
    changes: diff.changes.map((change) => ({ level: levelOf(change, gates), ...change })),
    gates,
    failed: failsGate(findings),
    ...(traffic === undefined ? {} : { traffic }),
  };
}

function print(result: Result, format: DiffFlags["format"]): void {
  const { diff, gates, findings, traffic } = result;
  switch (format) {
    case "text":
      printLine(diffText(diff, { gates, traffic, paint: (level, text) => LEVEL_COLOURS[level](text) }));
      return;
    case "markdown":
      process.stdout.write(diffMarkdown(diff, { gates, traffic }));
      return;
    case "json":
      makeOutput(true).result(jsonOf(result), () => "");
      return;
    case "sarif":
    case "github":
      printLine(formatFindings(findings, format, { helpUri: (id) => `${GUIDE}#${id}` }));
      return;
    default:
      assertNever(format);
  }
}

async function diffCommand(base: string, head: string | undefined, flags: DiffFlags): Promise<void> {
  const plan = planPath(flags.plan, flags);
  const old = openBase(base, plan, { head, flags });
  const now = head === undefined ? openFile(plan) : openSide(head, plan);
  const gates = gatesOf(now, flags);
  const diff = fromHere(diffPlans(old.lock, now.lock), now.folder);
  const traffic = await weightOf({ base: old.lock, head: now.lock }, flags);
  const findings = [...diffFindings(diff, gates), ...trafficFindings(traffic, GATE_LEVELS[gates.rollout])];
  print({ diff, gates, findings, traffic }, flags.json === true ? "json" : flags.format);
  if (failsGate(findings)) process.exitCode = EXIT.findings;
}

export function addDiff(program: Command): void {
  program
    .command("diff <base> [head]")
    .description(
      "What changes between two plans, and what it breaks. A side is a git ref, a plan file, or a lock",
    )
    .addOption(new Option("--format <format>", "how it is printed").choices(FORMATS).default("text"))
    .option("--plan <file>", "plan that refs are about; default: the configured one")
    .option("--merge-base", "compare with where the head parted from the base, as a pull request does")
    .option(
      "--fail-on <axes>",
      "axes that end with 1 when something breaks: code,data,rollout,provider, or none",
      parseAxes,
    )
    .option("--warn <axes>", "axes that only warn", parseAxes)
    .option(
      "--traffic <where>",
      "weigh it with real events: gateway, export, a file of raw export lines, or -",
    )
    .option("--days <days>", "only events of the last so many days", parseDays)
    .option("--source <id>", "source that sent the events of a file")
    .option("--destination <name>", "destination whose export is read, where there are several")
    .action(function (this: Command, base: string, head?: string) {
      return diffCommand(base, head, this.optsWithGlobals<DiffFlags>());
    });
}

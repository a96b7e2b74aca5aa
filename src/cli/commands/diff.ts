// `plumbline diff`: what changed between two plans, whom it hurts, and which version bump is due.
import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { assertNever } from "../../core/index.ts";
import {
  AXES,
  type Axis,
  DEFAULT_GATES,
  diffFindings,
  diffMarkdown,
  diffPlans,
  formatFindings,
  type Gates,
  type Grade,
  type PlanDiff,
  sentenceOf,
  CHANGES,
  type ChangeKind,
} from "../../plan/index.ts";
import { loadSide } from "../diff/load-side.ts";
import { type Weighed, weighTraffic } from "../diff/weigh-traffic.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { EXIT } from "../terminal/exit-codes.ts";
import { makeOutput, printLine, table } from "../terminal/output.ts";
import type { GlobalOptions } from "./global-options.ts";
import { planPath } from "./plan-argument.ts";

interface DiffFlags extends GlobalOptions {
  readonly format: "text" | "markdown" | "json" | "sarif" | "github";
  readonly failOn?: readonly Axis[];
  readonly warnOn?: readonly Axis[];
  readonly ignore?: readonly Axis[];
  readonly plan?: string;
  readonly traffic?: string;
  readonly days?: number;
  readonly source?: string;
}

function parseAxes(text: string): readonly Axis[] {
  return text.split(",").map((word) => {
    const axis = AXES.find((one) => one === word.trim());
    if (axis === undefined) throw new InvalidArgumentError(`\`${word}\` is none of ${AXES.join(", ")}.`);
    return axis;
  });
}

function parseDays(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("A number of days, at least 1.");
  return Number(text);
}

/** What the plan says, and what the command line says over it. */
function gatesFrom(plan: Gates, flags: DiffFlags): Gates {
  const gates: Record<Axis, Gates[Axis]> = { ...plan };
  for (const axis of flags.ignore ?? []) gates[axis] = "off";
  for (const axis of flags.warnOn ?? []) gates[axis] = "warn";
  for (const axis of flags.failOn ?? []) gates[axis] = "fail";
  return gates;
}

const COLOURS: Readonly<Record<Grade, (text: string) => string>> = {
  none: pc.dim,
  warns: pc.yellow,
  breaks: pc.red,
};

function gradeOf(kind: ChangeKind, axis: Axis): Grade {
  return CHANGES[kind][axis].grade;
}

function textOf(diff: PlanDiff, weighed: Weighed | undefined): string {
  const lines = diff.changes.map((change) => {
    const hurt = AXES.filter((axis) => gradeOf(change.kind, axis) !== "none").map((axis) => {
      const grade = gradeOf(change.kind, axis);
      return COLOURS[grade](`${axis} ${grade}`);
    });
    return `${pc.bold(change.at)}\n    ${sentenceOf(change)}${hurt.length === 0 ? "" : `  ${hurt.join(", ")}`}`;
  });
  const traffic =
    weighed === undefined
      ? []
      : [
          `Weighed with ${weighed.events.toLocaleString("en-US")} events:`,
          weighed.rows.length === 0
            ? "  every one fares as before"
            : table(
                ["source", "release", "event", "seen", "rejected", "stripped", "repaired"],
                weighed.rows.map((row) => [
                  row.source,
                  row.release,
                  row.event,
                  row.seen,
                  row.lost,
                  row.stripped,
                  row.repaired,
                ]),
              ),
        ];
  const grades = AXES.map((axis) => `${axis} ${COLOURS[diff.grades[axis]](diff.grades[axis])}`).join(", ");
  const due = diff.bump === "none" ? "no version bump is due" : `a ${diff.bump} version is due`;
  return [...lines, ...traffic, `${diff.changes.length} changes; ${grades}; ${due}`].join("\n");
}

async function diff(base: string, head: string | undefined, flags: DiffFlags): Promise<void> {
  const plan = planPath(flags.plan, flags);
  const before = loadSide(base, plan);
  const after = loadSide(head ?? plan, plan);
  const found = diffPlans(before.lock, after.lock);
  const gates = gatesFrom(after.gates ?? before.gates ?? DEFAULT_GATES, flags);
  const findings = diffFindings(found, after.lock, gates);
  const format = flags.json === true ? "json" : flags.format;
  const weighed =
    flags.traffic === undefined
      ? undefined
      : await weighTraffic(before.lock, after.lock, {
          traffic: flags.traffic,
          days: flags.days,
          source: flags.source,
          config: flags.config,
          now: systemClock.now(),
          output: makeOutput(flags.json === true),
        });
  switch (format) {
    case "text":
      printLine(textOf(found, weighed));
      break;
    case "markdown":
      process.stdout.write(diffMarkdown(found, weighed?.rows));
      break;
    case "json":
      printLine(
        JSON.stringify(
          { ...found, gates, findings, ...(weighed === undefined ? {} : { traffic: weighed }) },
          null,
          2,
        ),
      );
      break;
    case "sarif":
    case "github":
      printLine(formatFindings(findings, format));
      break;
    default:
      assertNever(format);
  }
  if (findings.some(({ level }) => level === "error")) process.exitCode = EXIT.findings;
}

export function addDiff(program: Command): void {
  program
    .command("diff <base> [head]")
    .description("What changed between two plans, whom it hurts, and which version bump is due")
    .addHelpText(
      "after",
      "\nbase and head are a git ref, a plan file or a lock. head: by default the plan here.\n" +
        "Ends with 1 when a gate is closed; gates stand in the plan under `diff.gates`.",
    )
    .addOption(
      new Option("--format <format>", "how the diff is printed")
        .choices(["text", "markdown", "json", "sarif", "github"])
        .default("text"),
    )
    .option("--plan <file>", "the plan here, and its path at a git ref")
    .option(
      "--fail-on <axes>",
      "axes that end with 1 when something breaks: code,data,rollout,provider",
      parseAxes,
    )
    .option("--warn-on <axes>", "axes that only warn", parseAxes)
    .option("--ignore <axes>", "axes that do not matter", parseAxes)
    .option(
      "--traffic <file|gateway>",
      "weigh with real events: NDJSON, a raw export (.gz too), `-`, or the gateway's journal",
    )
    .option("--days <days>", "with --traffic: only events of the last so many days", parseDays)
    .option("--source <id>", "with --traffic: the source of events in a file")
    .action((base: string, head: string | undefined, _: unknown, command: Command) =>
      diff(base, head, command.optsWithGlobals<DiffFlags>()),
    );
}

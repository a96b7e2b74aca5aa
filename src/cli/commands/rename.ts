// `plumbline rename`: a new name on the wire in one act, with the list of what else must happen. A dry run without --apply.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { Argument, type Command } from "commander";
import { AppError } from "../../core/index.ts";
import { planRename, RENAME_KINDS, type RenameKind } from "../../plan/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../providers/index.ts";
import { lineDiff } from "../diff/line-diff.ts";
import { diskPlanFiles } from "../plan-files.ts";
import { FindingsError, UsageError } from "../terminal/exit-codes.ts";
import { findingLines, makeOutput } from "../terminal/output.ts";
import { fromHere, todayIso } from "../up/load-plan.ts";
import type { GlobalOptions } from "./global-options.ts";
import { planPath } from "./plan-argument.ts";

interface RenameFlags extends GlobalOptions {
  readonly plan?: string;
  readonly apply?: boolean;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new AppError("FILE_UNWRITABLE", `Cannot write ${file}`, { cause });
  }
}

function rename(request: { kind: RenameKind; id: string; to: string }, flags: RenameFlags): void {
  if (request.to.trim() !== request.to || request.to === "")
    throw new UsageError("A name is not empty, and has no spaces around it");
  const planned = planRename(
    {
      entry: planPath(flags.plan, flags),
      files: diskPlanFiles(),
      options: { limits: [MIXPANEL_PLAN_LIMITS], today: todayIso() },
    },
    request,
  );
  if (planned.kind === "unusable")
    throw new FindingsError(planned.findings.filter(({ level }) => level === "error").map(fromHere));
  const { at, from, to, file, before, after, steps } = planned;
  const gained = planned.gained.map(fromHere);
  const errors = gained.filter(({ level }) => level === "error");
  if (errors.length > 0) throw new FindingsError(errors);
  const applied = flags.apply === true;
  if (applied) write(file, after);
  const output = makeOutput(flags.json === true);
  const name = relative(process.cwd(), file);
  const change = lineDiff(name, before, after);
  for (const finding of gained) output.note(findingLines(finding));
  output.result({ at, from, to, file: name, applied, change, steps, findings: gained }, () =>
    [
      change,
      "",
      applied
        ? `${at} is renamed from "${from}" to "${to}".`
        : "Dry run: nothing is written. Add --apply to do it.",
      "",
      "What else must happen:",
      ...steps.map(({ axis, what }) => `  ${axis}: ${what}`),
    ].join("\n"),
  );
}

export function addRename(program: Command): void {
  program
    .command("rename")
    .description(
      "Give an event, an event property or a profile property a new name; the old one stays accepted",
    )
    .addArgument(new Argument("<kind>", "what it is").choices(RENAME_KINDS))
    .argument("<id>", "key in the plan: orderPlaced, events.orderPlaced.total, groups.company.seats")
    .argument("<new-name>", "name on the wire from now on")
    .option("--plan <file>", "default: the configured plan")
    .option("--apply", "write it")
    .action(function (this: Command, ...[kind, id, to]: [RenameKind, string, string]) {
      rename({ kind, id, to }, this.optsWithGlobals<RenameFlags>());
    });
}

// `plumbline people doctor`: is everything there that the sync needs, what would break the application, and the exact SQL that set-up would run.
import type { Command } from "commander";
import pc from "picocolors";
import {
  type CaptureStanding,
  captureStanding,
  migrationSql,
  shortName,
  type Step,
  stateVersion,
} from "../../../people/index.ts";
import { EXIT, FindingsError } from "../../terminal/exit-codes.ts";
import { missingDatabases } from "../../people/open-people.ts";
import { findingLines, table } from "../../terminal/output.ts";
import { type PeopleFlags, readPeopleCommand, withSource, withState } from "./people-command.ts";

/** SQL of steps, each under what it is for; can be given to `psql` as it is. */
export function stepsText(steps: readonly Step[]): string {
  return steps
    .map(({ what, why, sql, isBlocking }) => {
      const lock = isBlocking ? "; the application's writes may wait for a moment" : "";
      const end = sql.trimEnd().endsWith(";") ? "" : ";";
      return `${pc.dim(`-- ${what}${lock}\n-- ${why}`)}\n${sql.trimEnd()}${end}`;
    })
    .join("\n\n");
}

/** SQL of the tables of the state that are missing, as one step. */
export function stateStep(version: number): readonly Step[] {
  const sql = migrationSql(version);
  if (sql.length === 0) return [];
  return [
    {
      what: version === 0 ? "make the tables of the state" : "bring the tables of the state up to date",
      why: "Marks, hashes of what was sent, positions: in a schema of their own, without a value of any user.",
      sql: sql.join(";\n"),
      isBlocking: false,
      outsideTransaction: false,
    },
  ];
}

function methodsText({ plan }: CaptureStanding): string {
  const rows = plan.tables.map(({ table: of, method, reason }) => [shortName(of), method, reason]);
  return table(["table", "method", "why"], rows);
}

function doctorText(standing: CaptureStanding, steps: readonly Step[]): string {
  const { findings } = standing;
  const sql =
    steps.length === 0
      ? "Everything is in place."
      : `What \`plumbline people setup --apply\` would run:\n\n${stepsText(steps)}`;
  return [methodsText(standing), ...findings.map(findingLines), sql].join("\n\n");
}

async function doctor(flags: PeopleFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  const { people, output } = command;
  await withSource(command, async ({ source, compiled: { mapping, findings } }) => {
    if (!mapping) throw new FindingsError(findings);
    const standing = await captureStanding({ source, mapping, capture: people.capture });
    const steps = [...stateStep(await withState(people, stateVersion)), ...standing.steps];
    const missing = people.name === undefined ? missingDatabases(command.config, command.lock) : [];
    const all = [...missing, ...findings, ...standing.findings];
    const result = {
      isReady: standing.isReady && steps.length === 0,
      server: {
        version: standing.facts.version,
        walLevel: standing.facts.walLevel,
        slot: standing.facts.slot,
      },
      tables: standing.plan.tables.map(({ table: of, method, reason, columns }) => ({
        table: shortName(of),
        method,
        columns,
        reason,
      })),
      findings: all,
      steps,
    };
    output.result(result, () => doctorText({ ...standing, findings: all }, steps));
    if (steps.length > 0 || all.some(({ level }) => level === "error")) process.exitCode = EXIT.findings;
  });
}

export function addDoctor(people: Command): void {
  people
    .command("doctor")
    .description(
      "What is missing or dangerous, how each table is watched and why, and the SQL of set-up; ends with 1 for any of it",
    )
    .action((_: unknown, command: Command) => doctor(command.optsWithGlobals<PeopleFlags>()));
}

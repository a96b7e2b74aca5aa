// `plumbline people explain-mapping`: what is read for each property, the way to it, and which columns' changes lead to a user.
import type { Command } from "commander";
import pc from "picocolors";
import { type ExplainedMapping, explainMapping } from "../../../people/index.ts";
import { FindingsError } from "../../terminal/exit-codes.ts";
import { noteFinding, table } from "../../terminal/output.ts";
import { type PeopleFlags, readPeopleCommand, withSource } from "./people-command.ts";

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

/** The mapping as text. */
export function mappingText(explained: ExplainedMapping): string {
  const sets = explained.sets.flatMap(({ index, properties, paths, sql }) => [
    pc.bold(`set ${index}`),
    ...properties.map(({ name, type, from }) => `  ${name} (${type}) from ${from}`),
    ...(paths.length === 0 ? [] : [`  by ${paths.join("; ")}`]),
    pc.dim(indent(sql)),
    "",
  ]);
  const watches = explained.watches.map(({ column, sets: of, resolve }) => [column, of.join(", "), resolve]);
  return [
    `users: ${explained.users}`,
    "",
    ...sets,
    table(["a change of", "sets", "leads to users by"], watches),
  ].join("\n");
}

async function explain(plan: string | undefined, flags: PeopleFlags): Promise<void> {
  const command = readPeopleCommand(flags, plan);
  await withSource(command, ({ compiled: { mapping, findings } }) => {
    if (!mapping) throw new FindingsError(findings);
    for (const finding of findings) noteFinding(finding);
    const explained = explainMapping(mapping);
    command.output.result({ ...explained, findings }, () => mappingText(explained));
    return Promise.resolve();
  });
}

export function addExplainMapping(people: Command): void {
  people
    .command("explain-mapping [plan]")
    .description("The SQL, the tables and the way from each to the users; needs the database alone")
    .action((plan: string | undefined, _: unknown, command: Command) =>
      explain(plan, command.optsWithGlobals<PeopleFlags>()),
    );
}

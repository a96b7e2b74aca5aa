// `plumbline people explain <user-id>`: the story of one profile: what marked it, what was read where, what was sent, what the destination said.
import type { Command } from "commander";
import pc from "picocolors";
import { type DestinationExplanation, explainUser, type UserExplanation } from "../../../people/index.ts";
import { EXIT } from "../../terminal/exit-codes.ts";
import { table } from "../../terminal/output.ts";
import { type PeopleFlags, readPeopleCommand, withPeople } from "./people-command.ts";

interface ExplainFlags extends PeopleFlags {
  readonly values?: boolean;
}

type Story = NonNullable<DestinationExplanation["story"]>;

function storyLines({
  cause,
  markedAt,
  readAt,
  readPosition,
  set,
  unset,
  isDelete,
  answer,
  answeredAt,
}: Story): readonly string[] {
  const sent = isDelete
    ? "its deletion"
    : [
        ...(set.length > 0 ? [`set ${set.join(", ")}`] : []),
        ...(unset.length > 0 ? [`unset ${unset.join(", ")}`] : []),
      ].join("; ");
  return [
    `  ${markedAt}  marked by ${cause}`,
    `  ${readAt}  read at ${readPosition}`,
    `  ${readAt}  sent: ${sent}`,
    `  ${answeredAt}  ${answer} by the destination`,
  ];
}

function destinationText(found: DestinationExplanation): string {
  const { destination, mark, sendingSince, story, isUnsure, quarantine, erasure, properties } = found;
  const lines = [
    ...(story ? storyLines(story) : ["  nothing was acknowledged yet"]),
    ...(mark
      ? [
          `  ${mark.firstAt}  marked again by ${mark.cause} (${mark.lane}, attempt ${mark.attempts + 1}), due ${mark.notBefore}`,
        ]
      : []),
    ...(sendingSince === undefined ? [] : [`  ${sendingSince}  a request is under way`]),
    ...(isUnsure ? ["  nobody knows what the destination holds: the next update sends everything"] : []),
    ...(quarantine
      ? [
          `  ${quarantine.at}  in quarantine${quarantine.property === undefined ? "" : ` with ${quarantine.property}`}: ${quarantine.reason}`,
        ]
      : []),
    ...(erasure
      ? [`  ${erasure.at}  erasure: ${erasure.step}${erasure.note === "" ? "" : `, ${erasure.note}`}`]
      : []),
  ];
  const hasValues = properties.some(({ value }) => value !== undefined);
  const rows = properties.map(({ name, standing, from, reason, value }) => [
    name,
    reason === undefined ? standing : `${standing}: ${reason}`,
    from,
    ...(hasValues ? [value === undefined ? "" : JSON.stringify(value)] : []),
  ]);
  const head = ["property", "standing", "from", ...(hasValues ? ["value"] : [])];
  return [pc.bold(destination), ...lines, table(head, rows)].join("\n");
}

function explanationText({ exists, position, revisitAt, destinations }: UserExplanation): string {
  const there = exists ? `in the database, read at ${position}` : "not in the database";
  const again = revisitAt === undefined ? "" : `; values change by themselves at ${revisitAt}`;
  return [`The user is ${there}${again}.`, ...destinations.map(destinationText)].join("\n\n");
}

async function explain(userId: string, flags: ExplainFlags): Promise<void> {
  const command = readPeopleCommand(flags);
  await withPeople(command, async (context) => {
    const found = await explainUser(context, userId, { values: flags.values === true });
    command.output.result(found, () => explanationText(found));
    const isKnown = found.exists || found.destinations.some(({ story, mark }) => story ?? mark);
    if (!isKnown) process.exitCode = EXIT.findings;
  });
}

export function addExplain(people: Command): void {
  people
    .command("explain <user-id>")
    .description(
      "What marked a user, what was read and sent, what the destination said; names only. Ends with 1 for an unknown user",
    )
    .option("--values", "show the state's values as well")
    .action((userId: string, _: unknown, command: Command) =>
      explain(userId, command.optsWithGlobals<ExplainFlags>()),
    );
}

// `plumbline people quarantine`: who stays behind, and why; `--retry` tries them again. Prints ids of users, never values.
import { type Command, InvalidArgumentError } from "commander";
import { type QuarantinedUser, quarantinedUsers, retryQuarantined } from "../../../people/index.ts";
import { UsageError } from "../../terminal/exit-codes.ts";
import { table } from "../../terminal/output.ts";
import { type PeopleFlags, pickDestinations, readPeopleCommand, withPeople } from "./people-command.ts";

interface QuarantineFlags extends PeopleFlags {
  readonly limit: number;
  readonly retry?: boolean;
  readonly all?: boolean;
}

const LIMIT_DEFAULT = 100;

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("A whole number above 0.");
  return Number(text);
}

function usersText(users: readonly QuarantinedUser[], limit: number): string {
  if (users.length === 0) return "Nobody is in quarantine.";
  const rows = users.map(({ destination, userId, property, reason, at }) => [
    destination,
    userId,
    property ?? "(all)",
    reason,
    at,
  ]);
  const more = users.length === limit ? `\nThe latest ${limit}: --limit shows more.` : "";
  return `${table(["destination", "user", "property", "because", "since"], rows)}${more}`;
}

async function quarantine(userIds: readonly string[], flags: QuarantineFlags): Promise<void> {
  if (flags.retry === true && (userIds.length === 0) === (flags.all !== true))
    throw new UsageError("--retry needs the ids of users, or --all");
  const command = readPeopleCommand(flags);
  await withPeople(command, async (context) => {
    const destinations = pickDestinations(context, flags.destination).map(({ name }) => name);
    if (flags.retry === true) {
      const retried = await retryQuarantined(context, {
        destinations,
        ...(flags.all === true ? {} : { userIds }),
      });
      command.output.result({ retried }, () =>
        retried === 0
          ? "Nobody of them is in quarantine."
          : `${retried} marked: a running sync tries them again now.`,
      );
      return;
    }
    const { limit } = flags;
    const users = await quarantinedUsers(context, {
      destinations,
      limit,
      ...(userIds.length === 0 ? {} : { userIds }),
    });
    command.output.result({ users }, () => usersText(users, limit));
  });
}

export function addPeopleQuarantine(people: Command): void {
  people
    .command("quarantine [user-ids...]")
    .description("Who stays behind, and why: ids of users, no values; --retry tries them again")
    .option("--destination <name>", "only this one")
    .option("--limit <n>", "how many are listed, the latest first", parseLimit, LIMIT_DEFAULT)
    .option("--retry", "read and send them again, without a change of their rows")
    .option("--all", "with --retry: everybody")
    .action((userIds: readonly string[], _: unknown, command: Command) =>
      quarantine(userIds, command.optsWithGlobals<QuarantineFlags>()),
    );
}

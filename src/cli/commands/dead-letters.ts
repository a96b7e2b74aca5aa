// `plumbline dead-letters`: what a destination refused for good, or may or may not have applied.
import { type Command, Option } from "commander";
import {
  type DeadLetterFilter,
  type DeadReason,
  findDeadLetters,
  settleDeadLetters,
} from "../../delivery/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { makeOutput, table } from "../terminal/output.ts";
import { take } from "./take.ts";
import type { GlobalOptions } from "./global-options.ts";
import { withJournal } from "./open-stores.ts";

const LIST_DEFAULT = 100;

interface Flags extends GlobalOptions {
  readonly destination?: string;
  readonly reason?: DeadReason;
  readonly event?: string;
  readonly id?: string;
  readonly apply?: boolean;
}

function filterOf({ reason, event, id }: Flags): DeadLetterFilter {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(event === undefined ? {} : { name: event }),
    ...(id === undefined ? {} : { id }),
  };
}

function destinationOf(config: Config, flags: Flags): string {
  const names = config.destinations.map(({ name }) => name);
  const [first] = names;
  if (flags.destination === undefined && names.length === 1 && first !== undefined) return first;
  if (flags.destination !== undefined && names.includes(flags.destination)) return flags.destination;
  throw new UsageError(`Name a destination with --destination: ${names.join(", ")}`);
}

function withFilter(command: Command): Command {
  return command
    .option("--destination <name>", "needed when there are several")
    .addOption(
      new Option("--reason <reason>", "why it died").choices([
        "rejected",
        "refused",
        "too-large",
        "too-old",
        "outcome-unknown",
      ]),
    )
    .option("--event <name>", "event name or profile operator")
    .option("--id <id>", "one letter");
}

function addSettling(group: Command, action: "replay" | "discard", description: string): void {
  withFilter(group.command(action).description(`${description}; a dry run without --apply`))
    .option("--apply", "do it")
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const config = loadConfig(flags.config);
      const apply = flags.apply === true;
      const settled = await withJournal(config, (journal) =>
        settleDeadLetters({
          journal,
          clock: systemClock,
          destination: destinationOf(config, flags),
          filter: filterOf(flags),
          action,
          apply,
        }),
      );
      const done = action === "replay" ? "sent once more" : "discarded";
      makeOutput(flags.json === true).result({ [action]: settled, applied: apply }, () =>
        apply ? `${settled} ${done}` : `Dry run: ${settled} would be ${done}. Add --apply to do it.`,
      );
    });
}

export function addDeadLetters(program: Command): void {
  const group = program.command("dead-letters").description("What a destination will not get by itself");
  withFilter(group.command("list").description("Letters that wait, the oldest first"))
    .option("--values", "print payloads: they hold property values")
    .option("--limit <count>", "how many", Number, LIST_DEFAULT)
    .action((_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags & { values?: boolean; limit: number }>();
      const config = loadConfig(flags.config);
      return withJournal(config, (journal) => {
        const letters = take(
          findDeadLetters(journal, destinationOf(config, flags), filterOf(flags)),
          flags.limit,
        );
        const shown = letters.map(({ header, payload, ...letter }) => ({
          ...letter,
          kind: header.kind,
          name: header.name,
          source: header.source,
          ...(flags.values === true ? { payload } : {}),
        }));
        makeOutput(flags.json === true).result(shown, () =>
          shown.length === 0
            ? "There are no dead letters."
            : table(
                ["id", "reason", "name", "field", "message"],
                shown.map((one) => [one.id, one.reason, one.name, one.field ?? "", one.message]),
              ),
        );
      });
    });
  addSettling(group, "replay", "Send once more, to this destination only");
  addSettling(group, "discard", "Give up on letters");
}

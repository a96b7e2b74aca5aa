// `plumbline status`: how far everything is, read from the journal itself, whether or not the gateway runs.
import type { Command } from "commander";
import { OUTBOX_LOG } from "../../core/index.ts";
import { findDeadLetters } from "../../delivery/index.ts";
import { countWaiting, RAW_LOG, summariseQuarantine } from "../../gateway/index.ts";
import { loadConfig } from "../config/load-config.ts";
import { makeOutput, table } from "../terminal/output.ts";
import type { GlobalOptions } from "./global-options.ts";
import { withJournal } from "./open-stores.ts";

function oldIdLine({ ids, records, oldestAt }: ReturnType<typeof countWaiting>): readonly string[] {
  if (oldestAt === undefined) return [];
  return [
    `of it for the owners of ${ids} old ids: ${records}, the oldest since ${new Date(oldestAt).toISOString()}`,
  ];
}

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("Logs, positions, quarantine and dead letters")
    .action((_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const config = loadConfig(flags.config);
      return withJournal(config, (journal) => {
        const logs = [RAW_LOG, OUTBOX_LOG].map((log) => journal.stats(log));
        const waiting = summariseQuarantine(journal, {}).reduce((sum, { count }) => sum + count, 0);
        const oldIds = countWaiting(journal);
        const dead = Object.fromEntries(
          config.destinations.map(({ name }) => [name, [...findDeadLetters(journal, name)].length]),
        );
        const rows = logs.flatMap(({ log, records, bytes, last, consumers }) =>
          Object.entries(consumers).map(([consumer, position]) => [
            log,
            records,
            bytes,
            consumer,
            Math.max(0, last - position),
          ]),
        );
        const result = { logs, quarantine: waiting, waitingOldIds: oldIds, deadLetters: dead };
        makeOutput(flags.json === true).result(result, () =>
          [
            table(["log", "records", "bytes", "consumer", "behind"], rows),
            "",
            `quarantine: ${waiting} waiting`,
            ...oldIdLine(oldIds),
            ...Object.entries(dead).map(([name, count]) => `dead letters of ${name}: ${count}`),
          ].join("\n"),
        );
      });
    });
}

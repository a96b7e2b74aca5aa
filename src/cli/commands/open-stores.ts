// Opens the journal of a configuration beside a gateway that may be running.
import { existsSync } from "node:fs";
import { AppError } from "../../core/index.ts";
import { type EmbeddedJournal, openJournal } from "../../journal/index.ts";
import { makePinoLog } from "../adapters/pino-log.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Config } from "../config/config.ts";
import { journalDirectory } from "../up/pipeline.ts";

/**
 * Runs work on the journal, then closes it.
 *
 * @throws {AppError} `JOURNAL_MISSING` when no gateway ever ran with this configuration.
 */
export async function withJournal<T>(
  config: Config,
  work: (journal: EmbeddedJournal) => Promise<T> | T,
): Promise<T> {
  const directory = journalDirectory(config);
  if (!existsSync(directory))
    throw new AppError("JOURNAL_MISSING", `Cannot open ${directory}: there is no journal yet`);
  const log = makePinoLog({ level: "warn", part: "cli" });
  const journal = await openJournal({ directory, clock: systemClock, log, role: "secondary" });
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}

// The mapping that `plumbline ids plan` was given, as text: a file, or two columns of the application's database.
import { readFileSync } from "node:fs";
import { AppError } from "../../core/index.ts";
import { checkReachable, openSource } from "../../people/index.ts";
import { makePinoLog } from "../adapters/pino-log.ts";
import type { Config } from "../config/config.ts";
import { requirePeople } from "../people/open-people.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { parseColumns, readIdPairs } from "./read-id-pairs.ts";

export interface MappingFlags {
  readonly mapping?: string;
  readonly database?: boolean;
  readonly old?: string;
  readonly new?: string;
}

export interface MappingInput {
  /** For places in findings. */
  readonly file: string;
  readonly content: string;
}

/** @throws {UsageError} for none or both. @throws {AppError} `INPUT_UNREADABLE`, `PEOPLE_DATABASE_UNREACHABLE`. */
export async function readMappingInput(config: Config, flags: MappingFlags): Promise<MappingInput> {
  const { mapping, database = false, old, new: next } = flags;
  if ((mapping === undefined) !== database)
    throw new UsageError("Name --mapping <file> or --database, one of them");
  if (mapping !== undefined) {
    try {
      return { file: mapping, content: readFileSync(mapping, "utf8") };
    } catch (cause) {
      throw new AppError("INPUT_UNREADABLE", `Cannot read ${mapping}`, { cause });
    }
  }
  if (old === undefined || next === undefined)
    throw new UsageError("--database needs --old and --new, for example --old users.email --new users.id");
  const columns = parseColumns(old, next);
  const source = openSource({
    databaseUrl: requirePeople(config).database,
    log: makePinoLog({ level: "warn", part: "ids" }),
  });
  try {
    await checkReachable(source, "the application's database (`people.database`)");
    return { file: `${old} → ${next}`, content: await readIdPairs(source, columns) };
  } finally {
    await source.close();
  }
}

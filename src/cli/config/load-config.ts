// Reads the runtime configuration from disk and the environment.
import { readFileSync } from "node:fs";
import { AppError } from "../../core/index.ts";
import { FindingsError } from "../terminal/exit-codes.ts";
import { noteFinding } from "../terminal/output.ts";
import type { Config } from "./config.ts";
import { parseConfig } from "./parse-config.ts";

/** File looked for in the working folder. */
export const CONFIG_FILE = "plumbline.yaml";

/**
 * Loads a configuration; what is only a warning is written to stderr.
 *
 * @throws {AppError} `CONFIG_MISSING` when the file cannot be read. @throws {FindingsError} with every mistake in it.
 */
export function loadConfig(file: string | undefined): Config {
  const path = file ?? CONFIG_FILE;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("CONFIG_MISSING", `Cannot read ${path}`, { cause });
  }
  const parsed = parseConfig(text, path, process.env);
  if (parsed.kind === "findings") throw new FindingsError(parsed.findings);
  for (const finding of parsed.findings) noteFinding(finding);
  return parsed.config;
}

// Generates a client into a temporary folder, as a team has it in its repository.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generateClient, GENERATORS, type GenerateSettings } from "../../src/codegen/index.ts";
import { AppError } from "../../src/core/index.ts";
import type { Lock } from "../../src/plan/index.ts";

export interface Wanted {
  readonly lock: Lock;
  readonly source: string;
  readonly settings: GenerateSettings;
}

/** Writes the client's files below `folder`. */
export function writeClient(folder: string, { lock, source, settings }: Wanted): readonly string[] {
  const generator = GENERATORS[settings.language];
  if (!generator) throw new AppError("INTERNAL", `There is no generator for ${settings.language}`);
  const files = generateClient(generator, lock, { source, settings });
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return files.map(({ path }) => path);
}

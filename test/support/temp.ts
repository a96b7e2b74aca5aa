// A temporary folder per test file, removed afterwards.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Makes a folder; removes it when the file's tests are over. */
export function tempDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `plumbline-${name}-`));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

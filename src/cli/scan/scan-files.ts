// Reads the code that was found, and starts the command again where a grammar needs another compiler of V8.
import { spawnSync } from "node:child_process";
import type { Lock } from "../../plan/index.ts";
import {
  type FileCalls,
  generatedNames,
  SCAN_LANGUAGES,
  scanText,
  type ScanLanguage,
} from "../../scan/index.ts";
import { EXIT } from "../terminal/exit-codes.ts";
import { makeOutput, makeProgress } from "../terminal/output.ts";
import { type CodeFiles, codeText, importsOf } from "./code-files.ts";

/** Scans each file, with progress; says on stderr how many there were. */
export async function scanFiles(
  root: string,
  { files, generated, tooLarge }: CodeFiles,
  { lock, isJson }: { readonly lock: Lock; readonly isJson: boolean },
): Promise<readonly FileCalls[]> {
  const output = makeOutput(isJson);
  const progress = makeProgress(output.json);
  const isGeneratedFor = importsOf(generated);
  const names = new Map<ScanLanguage, ReadonlySet<string>>();
  const namesOf = (language: ScanLanguage): ReadonlySet<string> => {
    const known = names.get(language) ?? new Set(generatedNames(lock, language).keys());
    names.set(language, known);
    return known;
  };
  const scanned: FileCalls[] = [];
  for (const [index, file] of files.entries()) {
    scanned.push(
      await scanText(file, codeText(root, file), { names: namesOf, isGenerated: isGeneratedFor(file) }),
    );
    if (index % 50 === 0) progress.show(`scan: ${index} of ${files.length} files`);
  }
  progress.end();
  output.note(
    `${files.length} files read, ${generated.size} generated ones left out${tooLarge === 0 ? "" : `, ${tooLarge} left out for their size`}`,
  );
  return scanned;
}

/**
 * V8 of Node 24 runs out of memory while it optimises the Swift grammar, and takes the process with it (seen with 24.21). Its baseline compiler is
 * enough; the flag has to stand on the command line, so the command starts itself again where a grammar may be needed.
 */
const BASELINE = "--liftoff-only";

/** Tells whether the command has to be started again before these files are read. */
export function needsBaseline({ files }: CodeFiles): boolean {
  if (process.execArgv.includes(BASELINE)) return false;
  return files.some((file) => SCAN_LANGUAGES[file.replace(/^.*\./, "")] !== "javascript");
}

/** Runs the same command with the baseline compiler, and ends as it does. */
export function startAgain(): void {
  const { status, error } = spawnSync(
    process.execPath,
    [BASELINE, ...process.execArgv, ...process.argv.slice(1)],
    {
      stdio: "inherit",
    },
  );
  if (error) throw error;
  process.exitCode = status ?? EXIT.failed;
}

// One file's text to its calls, by the language that its name tells.
import { SCAN_LANGUAGES, type ScannedFile, type ScanLanguage } from "./call-site.ts";
import { scanWithGrammar } from "./grammars.ts";
import type { FileCalls } from "./reconcile.ts";

export interface ScanContext {
  /** Names in code of generated functions and types. */
  readonly names: (language: ScanLanguage) => ReadonlySet<string>;
  /** Tells whether an import of a file names a generated file. */
  readonly isGenerated: (specifier: string) => boolean;
}

const IGNORE = /plumbline-scan-ignore(?::[ \t]*(.*?))?[ \t]*(?:\*\/|-->)?[ \t]*$/;

/** A comment holds for its own line and the next. */
function ignoredLines(text: string): ReadonlyMap<number, string> {
  if (!text.includes("plumbline-scan-ignore")) return new Map();
  return new Map(
    text.split("\n").flatMap((line, index): readonly (readonly [number, string])[] => {
      const found = IGNORE.exec(line);
      if (!found) return [];
      const isAlone = /^\s*(?:\/\/|#|\/\*|<!--)/.test(line);
      return [[isAlone ? index + 2 : index + 1, found[1] ?? ""]];
    }),
  );
}

/**
 * Scans a text.
 *
 * @throws {AppError} `SCAN_GRAMMAR_MISSING` where its language's grammar is not installed.
 */
export async function scanText(file: string, text: string, context: ScanContext): Promise<FileCalls> {
  const language = SCAN_LANGUAGES[file.replace(/^.*\./, "")];
  const scanned: ScannedFile =
    language === undefined
      ? { calls: [], unsafe: [], broken: false }
      : language === "javascript"
        ? (await import("./javascript.ts")).scanJavaScript(file, text, {
            names: context.names(language),
            isGenerated: context.isGenerated,
          })
        : await scanWithGrammar(language, text, context.names(language));
  return { file, ...scanned, ignored: ignoredLines(text) };
}

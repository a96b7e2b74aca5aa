// Reads the imports of every source file and reports what the parts table does not allow. Pure: files come in as text.

/** Which part may import whom, as in `parts.json`. */
export type PartsTable = Readonly<Record<string, readonly string[]>>;

export interface Violation {
  readonly rule:
    | "unknown-part"
    | "forbidden-import"
    | "not-through-index"
    | "cli-imported"
    | "export-star"
    | "cli-only-global"
    | "node-in-browser-part"
    | "part-cycle";
  readonly file: string;
  readonly detail: string;
}

/** Parts that must also run in a browser: no `node:` import. Tests beside the code run in Node and are exempt. */
const BROWSER_PARTS = ["plan"];
const CLI_ONLY = /\b(process\.env|process\.exit|console\.)/;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "");
}

/** Resolves `../core/index.ts` as seen from `plan/rules/x.ts` to `core/index.ts`. */
function resolve(from: string, specifier: string): string {
  const segments = from.split("/").slice(0, -1);
  for (const segment of specifier.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== ".") segments.push(segment);
  }
  return segments.join("/");
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

/** Code that is written as text, for a generated client, uses nothing here. */
function withoutTexts(code: string): string {
  return code.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

function checkImport(file: string, specifier: string, parts: PartsTable): Violation | undefined {
  const part = file.split("/")[0] ?? "";
  if (!specifier.startsWith(".")) {
    if (specifier.startsWith("node:") && BROWSER_PARTS.includes(part))
      return { rule: "node-in-browser-part", file, detail: specifier };
    return undefined;
  }
  const target = resolve(file, specifier);
  const targetPart = target.split("/")[0] ?? "";
  if (targetPart === part) return undefined;
  if (targetPart === "cli") return { rule: "cli-imported", file, detail: target };
  if (!parts[part]?.includes(targetPart)) return { rule: "forbidden-import", file, detail: target };
  if (target !== `${targetPart}/index.ts`) return { rule: "not-through-index", file, detail: target };
  return undefined;
}

/** Parts that reach themselves through the table. */
function checkTable(parts: PartsTable): Violation[] {
  const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
    (parts[from] ?? []).some(
      (next) => next === goal || (!seen.has(next) && (seen.add(next), reaches(next, goal, seen))),
    );
  return Object.keys(parts)
    .filter((part) => reaches(part, part, new Set()))
    .map((part) => ({ rule: "part-cycle", file: "parts.json", detail: part }) as const);
}

/**
 * Checks a tree of source files against the parts table.
 *
 * @param files Path below `src` with `/`, to its text.
 */
export function checkArchitecture(files: ReadonlyMap<string, string>, parts: PartsTable): Violation[] {
  const violations: Violation[] = checkTable(parts);
  for (const [file, text] of files) {
    const part = file.split("/")[0] ?? "";
    if (!(part in parts)) {
      violations.push({ rule: "unknown-part", file, detail: part });
      continue;
    }
    if (file.endsWith(".test.ts")) continue;
    const code = withoutComments(text);
    for (const specifier of importsOf(code)) {
      const violation = checkImport(file, specifier, parts);
      if (violation) violations.push(violation);
    }
    if (/^\s*export\s+\*/m.test(code)) violations.push({ rule: "export-star", file, detail: "export *" });
    const global = part === "cli" ? undefined : CLI_ONLY.exec(withoutTexts(code))?.[1];
    if (global) violations.push({ rule: "cli-only-global", file, detail: global });
  }
  return violations;
}

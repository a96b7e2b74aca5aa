// Where compilers and interpreters of other languages are, as `npm run toolchains` left them; a language that is missing is skipped by name.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const folder = new URL("../../node_modules/.cache/plumbline-toolchains/", import.meta.url).pathname;

function onPath(command: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function jars(kind: string): readonly string[] {
  const place = join(folder, kind);
  return existsSync(place)
    ? readdirSync(place)
        .filter((name) => name.endsWith(".jar"))
        .map((name) => join(place, name))
    : [];
}

/** `undefined`: not on this machine. */
export const toolchains = {
  python: existsSync(join(folder, "python/bin/mypy")) ? join(folder, "python/bin") : undefined,
  oscar: existsSync(join(folder, "oscar/bin/django-admin")) ? join(folder, "oscar/bin/python") : undefined,
  ruby: onPath("ruby") ? "ruby" : undefined,
  rubocop: onPath("rubocop") ? "rubocop" : undefined,
  php: onPath("php") ? "php" : undefined,
  phpcs: onPath("phpcs") ? "phpcs" : undefined,
  go: onPath("go") ? "go" : undefined,
  java: onPath("javac") && jars("java").length > 0 ? jars("java") : undefined,
  kotlin: onPath("java") && jars("kotlin").length > 0 ? jars("kotlin") : undefined,
  android: jars("android"),
} as const;

/** Name of a describe block: says why it is skipped. */
export function suiteName(language: string, found: unknown): string {
  return found === undefined
    ? `${language} (skipped: not on this machine; \`npm run toolchains\` installs what it can)`
    : language;
}

export interface Ran {
  readonly ok: boolean;
  /** What it wrote: both streams when it failed. */
  readonly output: string;
}

/** Runs a program to its end without blocking: a server of the test may have to answer it. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, input = "" }: { readonly cwd: string; readonly input?: string },
): Promise<Ran> {
  const child = spawn(command, args, { cwd, stdio: ["pipe", "pipe", "pipe"] });
  // A program that reads no input may have ended before it is written; its exit code tells how it went.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject)),
  ]);
  return code === 0 ? { ok: true, output: stdout } : { ok: false, output: `${stdout}${stderr}` };
}

/** What a Swift grammar cannot read in the files of a folder; empty when it reads them all. */
export async function parseSwift(folder: string): Promise<string> {
  const program = new URL("swift-grammar.mjs", import.meta.url).pathname;
  const { ok, output } = await run(process.execPath, ["--liftoff-only", program, folder], { cwd: folder });
  return ok ? output : `the grammar failed: ${output}`;
}

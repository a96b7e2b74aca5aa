// The application's own code on disk: what git knows and ignores decides; elsewhere the usual folders are left out.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { globSync } from "tinyglobby";
import { GENERATED_MARK } from "../../codegen/index.ts";
import { SCAN_LANGUAGES } from "../../scan/index.ts";

const FILE_MAX_BYTES = 1024 * 1024;
const HEAD_BYTES = 300;
const OUTPUT_MAX_BYTES = 256 * 2 ** 20;
const LEFT_OUT = [
  "**/node_modules/**",
  "**/vendor/**",
  "**/dist/**",
  "**/build/**",
  "**/.git/**",
  "**/Pods/**",
];
const NOT_OWN = /(?:^|\/)(?:node_modules|vendor|Pods)\/|\.min\.[cm]?js$|\.d\.[cm]?ts$/;
const TESTS =
  /(?:^|\/)(?:tests?|__tests__|__mocks__|specs?|e2e|androidTest)\/|[._-](?:test|spec)s?\.[^./]+$|_(?:test|spec)\.(?:go|py|rb)$|(?:^|\/)test_[^/]+\.py$|Tests?\.(?:java|kt|swift|php)$/;

export interface CodeFiles {
  /** Below `root`, with `/`. */
  readonly files: readonly string[];
  readonly generated: ReadonlySet<string>;
  /** Larger than a person writes. */
  readonly tooLarge: number;
}

function listed(root: string): readonly string[] {
  try {
    const text = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: OUTPUT_MAX_BYTES,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.split("\0").filter((name) => name !== "");
  } catch {
    // No git, or no repository.
    return globSync(["**/*"], { cwd: root, ignore: LEFT_OUT, dot: false });
  }
}

function headOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** Lists the code below a folder. */
export function findCode(root: string, { includeTests }: { readonly includeTests: boolean }): CodeFiles {
  const files: string[] = [];
  const generated = new Set<string>();
  let tooLarge = 0;
  for (const name of [...new Set(listed(root))].sort()) {
    const ending = name.replace(/^.*\./, "");
    if (!Object.hasOwn(SCAN_LANGUAGES, ending) || NOT_OWN.test(name)) continue;
    const path = join(root, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) continue;
    if (stat.size > FILE_MAX_BYTES) tooLarge++;
    else if (headOf(path).includes(GENERATED_MARK)) generated.add(name);
    else if (includeTests || !TESTS.test(name)) files.push(name);
  }
  return { files, generated, tooLarge };
}

/** Tells whether an import of a file names a generated file: by its path, or by the end of one behind an alias. */
export function importsOf(generated: ReadonlySet<string>): (file: string) => (specifier: string) => boolean {
  const bare = new Set([...generated].map((name) => name.replace(/\.[cm]?[jt]sx?$/, "")));
  return (file) => (specifier) => {
    const name = specifier.replace(/\.[cm]?[jt]sx?$/, "");
    if (name.startsWith(".")) {
      const path = relative("/", resolve("/", file, "..", name)).replaceAll("\\", "/");
      return bare.has(path) || bare.has(`${path}/index`);
    }
    const tail = name.replace(/^[@~#]\//, "");
    return name !== tail && [...bare].some((one) => one === tail || one.endsWith(`/${tail}`));
  };
}

/** Text of a file. */
export function codeText(root: string, file: string): string {
  return readFileSync(join(root, file), "utf8");
}

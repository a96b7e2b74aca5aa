// Runs git, read-only. Whatever it refuses becomes an error that says what to do.
import { execFileSync } from "node:child_process";
import { AppError } from "../../core/index.ts";

/** A plan is text: more than this from one call is none. */
const OUTPUT_MAX_BYTES = 512 * 2 ** 20;

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

type Answer =
  | { readonly kind: "output"; readonly bytes: Buffer }
  | { readonly kind: "refused"; readonly reason: string };

function askGit(folder: string, args: readonly string[], input = ""): Answer {
  try {
    const bytes = execFileSync("git", ["-C", folder, ...args], {
      maxBuffer: OUTPUT_MAX_BYTES,
      stdio: ["pipe", "pipe", "pipe"],
      input,
    });
    return { kind: "output", bytes };
  } catch (cause) {
    if (isMissing(cause)) throw new AppError("GIT_MISSING", "Cannot run git: it is not installed", { cause });
    if (!(cause instanceof Error) || !("status" in cause) || typeof cause.status !== "number") throw cause;
    const [reason = ""] = ("stderr" in cause ? String(cause.stderr) : "").split("\n");
    return { kind: "refused", reason };
  }
}

/** Output of a git command in a folder; undefined where git says no. */
export function runGit(folder: string, args: readonly string[], input?: string): Buffer | undefined {
  const answer = askGit(folder, args, input);
  return answer.kind === "output" ? answer.bytes : undefined;
}

/**
 * Root of the repository that a folder is in.
 *
 * @throws {AppError} `GIT_NOT_A_REPOSITORY` outside of one, `GIT_MISSING` without git.
 */
export function repositoryRoot(folder: string): string {
  const root = askGit(folder, ["rev-parse", "--show-toplevel"]);
  // Git's own words: a folder that belongs to another user is refused too, and is a repository all the same.
  if (root.kind === "refused")
    throw new AppError("GIT_NOT_A_REPOSITORY", `Cannot read a git ref in ${folder}: ${root.reason}`);
  return root.bytes.toString("utf8").trimEnd();
}

/**
 * The commit that a ref names.
 *
 * @throws {AppError} `GIT_REF_UNKNOWN` where there is none.
 */
export function commitOf(root: string, ref: string): string {
  // A name that begins with a dash would be an option.
  const commit = ref.startsWith("-")
    ? undefined
    : runGit(root, ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
  if (commit === undefined)
    throw new AppError("GIT_REF_UNKNOWN", `Cannot find ${ref}: it is no file, and no git ref of ${root}`);
  return commit.toString("utf8").trim();
}

/** Where two refs parted; undefined where they have no common past. */
export function mergeBaseOf(root: string, [one, other]: readonly [string, string]): string | undefined {
  return runGit(root, ["merge-base", commitOf(root, one), commitOf(root, other)])
    ?.toString("utf8")
    .trim();
}

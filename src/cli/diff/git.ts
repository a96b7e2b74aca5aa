// Runs git, read-only. Whatever it refuses becomes an error that says what to do.
import { execFileSync } from "node:child_process";
import { AppError } from "../../core/index.ts";

/** A plan is text: more than this from one call is none. */
const OUTPUT_MAX_BYTES = 512 * 2 ** 20;

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Output of a git command in a folder; undefined where git says no. */
export function runGit(folder: string, args: readonly string[], input?: string): Buffer | undefined {
  try {
    return execFileSync("git", ["-C", folder, ...args], {
      maxBuffer: OUTPUT_MAX_BYTES,
      stdio: ["pipe", "pipe", "pipe"],
      input: input ?? "",
    });
  } catch (cause) {
    if (isMissing(cause)) throw new AppError("GIT_MISSING", "Cannot run git: it is not installed", { cause });
    if (cause instanceof Error && "status" in cause && typeof cause.status === "number") return undefined;
    throw cause;
  }
}

/**
 * Root of the repository that a folder is in.
 *
 * @throws {AppError} `GIT_NOT_A_REPOSITORY` outside of one, `GIT_MISSING` without git.
 */
export function repositoryRoot(folder: string): string {
  const root = runGit(folder, ["rev-parse", "--show-toplevel"]);
  if (root === undefined)
    throw new AppError("GIT_NOT_A_REPOSITORY", `Cannot read a git ref in ${folder}: it is in no repository`);
  return root.toString("utf8").trimEnd();
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

// A plan's files as a commit has them: read out of git, without a checkout.
import { execFileSync } from "node:child_process";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import picomatch from "picomatch";
import { AppError } from "../../core/index.ts";
import type { PlanFiles } from "../../plan/index.ts";

const OUTPUT_MAX_BYTES = 256 * 2 ** 20;

function git(args: readonly string[], folder: string): string | undefined {
  try {
    return execFileSync("git", [...args], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: OUTPUT_MAX_BYTES,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (cause) {
    // A question that git answers with "no".
    if (cause instanceof Error && "status" in cause && typeof cause.status === "number") return undefined;
    throw new AppError("GIT_UNUSABLE", "Cannot run git", { cause });
  }
}

/**
 * The files of a plan at a git ref.
 *
 * @throws {AppError} `GIT_UNUSABLE` outside a repository, `GIT_REF_UNKNOWN` for a ref that names no commit.
 */
export function gitPlanFiles(ref: string, folder: string): PlanFiles {
  const root = git(["rev-parse", "--show-toplevel"], folder)?.trim();
  if (root === undefined)
    throw new AppError(
      "GIT_UNUSABLE",
      `Cannot read ${ref}: ${folder} is in no git repository, and no file has that name`,
    );
  const commit = git(
    ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`],
    folder,
  )?.trim();
  if (commit === undefined)
    throw new AppError(
      "GIT_REF_UNKNOWN",
      `Cannot read ${ref}: neither a file here nor a commit, branch or tag`,
    );
  const inside = (path: string): string => relative(root, path).replaceAll("\\", "/");
  let names: readonly string[] | undefined;
  return {
    expand: (globs, fromFile) => {
      names ??= (git(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit], folder) ?? "").split(
        "\0",
      );
      const fits = picomatch(
        globs.map((glob) => inside(isAbsolute(glob) ? glob : join(dirname(fromFile), glob))),
      );
      return names
        .filter((name) => name !== "" && fits(name))
        .map((name) => resolve(root, name))
        .sort();
    },
    read: (path) => git(["show", `${commit}:${inside(path)}`], folder),
  };
}

// A git repository of a test, alone in its folder: no configuration of the machine, no identity of its user.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "test",
  GIT_COMMITTER_EMAIL: "test@example.com",
};

export interface Repository {
  git(...args: readonly string[]): string;
  /** Writes files; `undefined` removes one. */
  write(files: Readonly<Record<string, string | undefined>>): void;
  /** Writes files and commits everything; gives the commit. */
  commit(files: Readonly<Record<string, string | undefined>>): string;
}

/** Makes an empty repository with the branch `main` in an existing folder. */
export function makeRepository(folder: string): Repository {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...ENVIRONMENT },
    }).trim();
  const write = (files: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      if (text === undefined) rmSync(path);
      else writeFileSync(path, text);
    }
  };
  git("init", "--quiet", "--initial-branch=main");
  return {
    git,
    write,
    commit: (files) => {
      write(files);
      git("add", "--all");
      git("commit", "--quiet", "--message", "change");
      return git("rev-parse", "HEAD");
    },
  };
}

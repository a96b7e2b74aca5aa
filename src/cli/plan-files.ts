// A plan's files on disk.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { globSync } from "tinyglobby";
import type { PlanFiles } from "../plan/index.ts";

/** Reads from the disk; a file that cannot be read is `undefined`, and `check` says so. */
export function diskPlanFiles(): PlanFiles {
  return {
    expand: (globs, fromFile) =>
      [...globSync([...globs], { cwd: dirname(fromFile), absolute: true, expandDirectories: false })].sort(),
    read: (path) => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
  };
}

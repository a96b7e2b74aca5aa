// How the plan reaches its files; the disk is handed in, so that a plan is checked in a browser too.

export interface PlanFiles {
  /** Paths that fit globs written in `fromFile`, sorted. */
  expand(globs: readonly string[], fromFile: string): readonly string[];
  /** Text of a file; `undefined` when it cannot be read. */
  read(path: string): string | undefined;
}

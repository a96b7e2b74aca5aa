// One thing wrong, in one shape everywhere: check, diff, gateway, listener, generated clients.
// A finding names things, never values: findings are logged, printed and counted.

/** How bad a finding is. `off` exists only in configuration. */
export type FindingLevel = "error" | "warn" | "info";

/** Where in a file, 1-based. */
export interface FileLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  /** Stable rule id, kebab-case; `docs/findings/<id>.md` explains it. */
  readonly id: string;
  readonly level: FindingLevel;
  /** Path in the plan or in the payload, for example `events.userSignsUp.properties.plan_tier` or `properties.plan_tier`. */
  readonly at: string;
  readonly where?: FileLocation;
  readonly source?: string;
  /** How often it was seen, where findings are counted. */
  readonly count?: number;
  /** One sentence without property values. */
  readonly message: string;
  /** What to do, as an imperative sentence. */
  readonly fix?: string;
}

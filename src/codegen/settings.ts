// The plan's `generate` of a source: which client is made for it, where, and how it behaves.

export interface GenerateSettings {
  /** A language, or a file (`./my-generator.mjs`) whose default export is a generator. */
  readonly language: string;
  /** Folder for the files, from the plan's entry file. */
  readonly out: string;
  /** Package, module or namespace where the language has one; default: from the plan's name. */
  readonly package?: string;
  /** What happens to an invalid call in production: it is always counted and reported. */
  readonly invalid?: "send" | "drop";
  /** Adapters for official SDKs to write beside the client, for example `mixpanel-browser`. */
  readonly adapters?: readonly string[];
  /** When values are checked; default: `always` where the source is a server, else `development`, so that production code is small. */
  readonly checks?: "always" | "development";
}

/** Tells whether production leaves an invalid call out; a plan that says nothing lets the gateway judge it. */
export function dropsInvalid({ invalid = "send" }: GenerateSettings): boolean {
  return invalid === "drop";
}

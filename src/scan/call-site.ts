// What a scan finds in a file: calls that track, however they are made.

/** Languages that are read, by the ending of a file. */
export const SCAN_LANGUAGES: Readonly<Record<string, ScanLanguage>> = {
  ts: "javascript",
  tsx: "javascript",
  mts: "javascript",
  cts: "javascript",
  js: "javascript",
  jsx: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  swift: "swift",
  kt: "kotlin",
  kts: "kotlin",
  java: "java",
  rb: "ruby",
  py: "python",
  go: "go",
  php: "php",
};

export type ScanLanguage = "javascript" | "swift" | "kotlin" | "java" | "ruby" | "python" | "go" | "php";

/**
 * `generated`: a function or type of a generated client, by its name in code. `raw`: an SDK's own call with the event's name as text.
 * `dynamic`: an SDK's own call whose name is made at run time. `profile`: an SDK's own change of a profile.
 */
export interface CallSite {
  readonly kind: "generated" | "raw" | "dynamic" | "profile";
  /** Name in code of a generated function or type; wire name of a raw call; method of others. */
  readonly name: string;
  /** Other texts of a raw call: some SDKs take the user's id before the name. */
  readonly others?: readonly string[];
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/** A call of a server's SDK that moves a user's place or "last seen". */
export interface UnsafeCall {
  readonly callee: string;
  readonly lacks: readonly ServerFlag[];
  /** `unknown`: unsafe where the code is a server's, which the file does not tell. */
  readonly side: CodeSide;
  readonly line: number;
  readonly column: number;
}

/** What keeps a server's write from moving place and "last seen": the first two of a profile update, the last of an event. */
export type ServerFlag = "$ip" | "$ignore_time" | "ip";

/** Whose code a file is: of a server as its imports or its language say, of an app, or of neither for all that can be told. */
export type CodeSide = "server" | "client" | "unknown";

/** What a file holds. */
export interface ScannedFile {
  readonly calls: readonly CallSite[];
  readonly unsafe: readonly UnsafeCall[];
  /** The parser could not read it. */
  readonly broken: boolean;
}

/** Names in code that generated clients give the plan's events, by language. */
export type GeneratedNames = ReadonlySet<string>;

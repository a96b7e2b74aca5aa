// Follows privacy requests of earlier runs: reads the steps' journals, asks for each request that is not over, and remembers the answer beside.
// Links of retrievals go into a file that only this user may read: whoever has a link has the data. No id and no link is answered.
import { existsSync } from "node:fs";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Clock, isObject, Pace, type PrivacyRequests, type PrivacyState } from "../../core/index.ts";
import { stoppedError } from "../apply/ask-provider.ts";
import { type PrivacyTask, tasksOf } from "./privacy-ranges.ts";

/** Where the answers of earlier looks stand, in a step's folder. */
const STATES_FILE = "privacy-states.json";
/** Where the links of finished retrievals stand, in a step's folder. */
export const RETRIEVALS_FILE = "retrievals.ndjson";

/** Nothing more will happen to these. */
const OVER: ReadonlySet<PrivacyState> = new Set(["done", "failed", "revoked", "gone"]);

export interface FollowedTask {
  readonly task: string;
  readonly ids: number;
  readonly requestedAt: number;
  readonly state: PrivacyState;
  /** Why its state could not be asked for; the state is that of an earlier look. */
  readonly problem?: string;
}

export interface FollowedStep {
  readonly changeSet: string;
  readonly step: string;
  readonly kind: "deletion" | "retrieval";
  readonly tasks: readonly FollowedTask[];
  /** File with the links of finished retrievals. */
  readonly retrievals: string | undefined;
}

export interface FollowOptions {
  /** Folder that has one folder for each change set. */
  readonly folder: string;
  /** Requests of other destinations are left out. */
  readonly destination: string;
  /** Asked; `undefined`: only what earlier looks found. */
  readonly privacy: PrivacyRequests | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

interface Remembered {
  readonly state: PrivacyState;
  readonly link?: string;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
}

async function readRemembered(folder: string): Promise<Map<string, Remembered>> {
  const file = join(folder, STATES_FILE);
  const value: unknown = existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : {};
  return new Map(isObject(value) ? (Object.entries(value) as [string, Remembered][]) : []);
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** A journal without opening it: another process may be writing it. A line that is not whole yet is left out. */
function readValues(text: string): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const line of text.split("\n").slice(0, -1)) {
    const group: unknown = JSON.parse(line);
    for (const entry of Array.isArray(group) ? (group as readonly unknown[]) : [])
      if (Array.isArray(entry) && typeof entry[0] === "string") values.set(entry[0], entry[1]);
  }
  return values;
}

/** What a step of privacy requests asked for; `undefined` for other steps and destinations. */
async function readStep(
  folder: string,
  destination: string,
): Promise<{ readonly kind: FollowedStep["kind"]; readonly tasks: readonly PrivacyTask[] } | undefined> {
  const file = join(folder, "journal");
  if (!existsSync(file)) return undefined;
  const values = readValues(await readFile(file, "utf8"));
  const asked = values.get("privacy");
  if (!isObject(asked) || asked["destination"] !== destination) return undefined;
  const { kind } = asked;
  if (kind !== "deletion" && kind !== "retrieval") return undefined;
  return { kind, tasks: tasksOf(values) };
}

async function followStep(
  folder: string,
  options: FollowOptions & { readonly pace: Pace },
): Promise<FollowedStep | undefined> {
  const { privacy, signal, pace } = options;
  const found = await readStep(folder, options.destination);
  if (!found) return undefined;
  const { kind } = found;
  const remembered = await readRemembered(folder);
  const tasks: FollowedTask[] = [];
  for (const { task, from, to, requestedAt } of found.tasks) {
    const before = remembered.get(task);
    const told = { task, ids: to - from, requestedAt, state: before?.state ?? ("unknown" as const) };
    if (!privacy || OVER.has(told.state)) {
      tasks.push(told);
      continue;
    }
    if (!(await pace.turn(1, signal))) throw stoppedError();
    const answer = await privacy.state({ kind, id: task }, { signal });
    if (answer.kind === "answer") {
      const { state, link } = answer.value;
      remembered.set(task, { state, ...(link === undefined ? {} : { link }) });
      tasks.push({ ...told, state });
    } else tasks.push({ ...told, problem: answer.message });
  }
  await writeWhole(join(folder, STATES_FILE), `${JSON.stringify(Object.fromEntries(remembered))}\n`);
  const links = [...remembered].flatMap(([task, { link }]) => (link === undefined ? [] : [{ task, link }]));
  const retrievals = links.length === 0 ? undefined : join(folder, RETRIEVALS_FILE);
  if (retrievals !== undefined)
    await writeWhole(retrievals, links.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return {
    changeSet: basename(dirname(dirname(folder))),
    step: basename(folder),
    kind,
    tasks,
    retrievals,
  };
}

/** Looks at all privacy requests once, one a second. */
export async function followPrivacy(options: FollowOptions): Promise<readonly FollowedStep[]> {
  const { folder, privacy, clock, random } = options;
  const rate = privacy?.limits.requestsPerSecond ?? 1;
  const pace = new Pace(
    { backoffMs: 0, backoffMaxMs: 0, unauthorizedPauseMs: 0, eventsPerSecond: rate },
    clock,
    random,
  );
  const steps: FollowedStep[] = [];
  for (const set of await foldersIn(folder))
    for (const step of await foldersIn(join(set, "steps"))) {
      const followed = await followStep(step, { ...options, pace });
      if (followed && followed.tasks.length > 0) steps.push(followed);
    }
  return steps;
}

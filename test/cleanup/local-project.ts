// A local Mixpanel with profiles, and the engine of change sets before it: for tests of apply and undo.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { afterAll } from "vitest";
import { applyChangeSet, type RunOptions, undoChangeSet } from "../../src/cleanup/apply/run-change-set.ts";
import type { RunReport } from "../../src/cleanup/apply/run-report.ts";
import { makeStepLimits } from "../../src/cleanup/apply/step-limits.ts";
import type { ChangeSet, Step } from "../../src/cleanup/change-set/change-set.ts";
import { profileExecutors } from "../../src/cleanup/profiles/profile-executors.ts";
import type { Provider, ProviderReader } from "../../src/core/index.ts";
import { createMixpanelProvider } from "../../src/providers/index.ts";
import { makeProfilePages } from "../../src/providers/mixpanel/profile-pages.ts";
import { queryProfiles } from "../support/emulator-client.ts";
import { rememberingLog } from "../support/quiet.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export const clock = { now: () => Date.now() };
const ACCOUNT = { username: "sa", secret: "sa_secret" };

export type Properties = Readonly<Record<string, unknown>>;

/** Writes profiles as a careless client did. */
export async function plant(
  url: string,
  profiles: Readonly<Record<string, Properties>>,
  group?: string,
): Promise<void> {
  const all = Object.entries(profiles).map(([id, properties]) => ({
    $token: "t",
    $ip: "0",
    $ignore_time: true,
    ...(group === undefined ? { $distinct_id: id } : { $group_key: group, $group_id: id }),
    $set: properties,
  }));
  for (let at = 0; at < all.length; at += 2000) {
    const answer = await request(`${url}/${group === undefined ? "engage" : "groups"}?verbose=1&ip=0`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(all.slice(at, at + 2000)),
    });
    const text = await answer.body.text();
    if (!text.includes('"status":1')) throw new Error(`planting: ${text}`);
  }
}

/** Everything there is, by id. */
export async function profilesOf(url: string): Promise<Record<string, Properties>> {
  const profiles = await queryProfiles(url);
  return Object.fromEntries(
    profiles.map(({ $distinct_id: id, $properties: properties }) => [id, properties] as const),
  );
}

export function makeReader(url: string, profilesPerPage = 1000): ProviderReader {
  return {
    limits: { queriesPerHour: 100_000, profilesPerPage, exportsPerHour: 100_000 },
    eventNames: () => Promise.resolve({ kind: "answer", value: [] }),
    profiles: makeProfilePages(
      { host: url, projectId: 1, serviceAccount: ACCOUNT, groupIds: {} },
      { clock, timeoutMs: 5000 },
    ),
    events: () => {
      throw new Error("no step on profiles reads events");
    },
  };
}

export function makeProvider(url: string, limits: Partial<Provider["limits"]> = {}): Provider {
  return createMixpanelProvider({ host: url, token: "t", clock, timeoutMs: 5000, limits });
}

export function setOf(
  ...steps: readonly (Omit<Step, "because"> & { readonly because?: string })[]
): ChangeSet {
  return {
    name: "spring-clean",
    destination: "product",
    plan: "hash",
    madeAt: "2026-11-25T00:00:00.000Z",
    steps: steps.map((step) => ({ because: "a test", ...step })),
  };
}

export interface Engine {
  readonly folder: string;
  readonly options: RunOptions;
  readonly apply: (change?: Partial<RunOptions>) => Promise<RunReport>;
  readonly undo: (force?: boolean) => Promise<RunReport>;
}

/** The engine in a folder of its own. */
export function makeEngine(
  url: string,
  changeSet: ChangeSet,
  change: Partial<RunOptions> & { readonly waitMaxMs?: number } = {},
): Engine {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-apply-"));
  folders.push(folder);
  const signal = change.signal ?? new AbortController().signal;
  const options: RunOptions = {
    changeSet,
    planHash: "hash",
    stateOwned: new Set(),
    target: "local 1",
    folder: join(folder, "run"),
    executors: profileExecutors({ isUserId: (id) => /^u\d+$/.test(id) }),
    provider: makeProvider(url),
    reader: makeReader(url),
    limits: makeStepLimits({
      budgets: {},
      updatesPerSecond: undefined,
      backoffMs: 5,
      backoffMaxMs: 20,
      waitMaxMs: change.waitMaxMs ?? 60_000,
      clock,
      random: Math.random,
      signal,
      onWait: () => undefined,
    }),
    settings: { verify: "all", force: false, failuresMaxPercent: 5 },
    clock,
    random: Math.random,
    log: rememberingLog(),
    signal,
    onProgress: () => undefined,
    ...change,
  };
  return {
    folder: options.folder,
    options,
    apply: (more = {}) => applyChangeSet({ ...options, ...more }),
    undo: (force = false) => undoChangeSet({ ...options, settings: { ...options.settings, force } }),
  };
}

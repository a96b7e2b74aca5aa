// A project that identified people by e-mail address, in a local Mixpanel of either identity mode, and the engine that repairs it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { applyChangeSet, type RunOptions, undoChangeSet } from "../../src/cleanup/apply/run-change-set.ts";
import type { RunReport } from "../../src/cleanup/apply/run-report.ts";
import { makeStepLimits } from "../../src/cleanup/apply/step-limits.ts";
import type { ChangeSet } from "../../src/cleanup/change-set/change-set.ts";
import { idExecutors } from "../../src/cleanup/ids/executors.ts";
import { type MappedPerson, writeMapping } from "../../src/cleanup/ids/mapping.ts";
import { type IdsToPlan, planIds } from "../../src/cleanup/ids/plan-ids.ts";
import type { Provider, ProviderReader, StoredProfile } from "../../src/core/index.ts";
import {
  createMixpanelProvider,
  createMixpanelReader,
  type MixpanelOptions,
} from "../../src/providers/index.ts";
import type { Local } from "../emulator/local.ts";
import { rememberingLog } from "../support/quiet.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const clock = { now: () => Date.now() };

export function makeLocalReader({ url }: Local, profilesPerPage = 1000): ProviderReader {
  return createMixpanelReader({
    host: url,
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    clock,
    limits: { queriesPerHour: 100_000, profilesPerPage, exportsPerHour: 100_000 },
  });
}

export interface IdsRun {
  readonly options: RunOptions;
  readonly provider: Provider;
  apply(): Promise<RunReport>;
  undo(force?: boolean): Promise<RunReport>;
}

interface Wanted extends Partial<Pick<IdsToPlan, "onConflict" | "reimport">> {
  readonly mode: IdsToPlan["mode"];
  readonly people: readonly MappedPerson[];
  readonly stateOwned?: readonly string[];
  readonly provider?: (own: Provider) => Provider;
  readonly profilesPerPage?: number;
  readonly signal?: AbortSignal;
  readonly route?: NonNullable<MixpanelOptions["route"]>;
}

/** Plans the repair, and makes what applies it. A run made again with the same folder goes on. */
export function makeRun(local: Local, wanted: Wanted): IdsRun {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-ids-"));
  folders.push(folder);
  const mapping = join(folder, "mapping.ndjson");
  writeFileSync(mapping, writeMapping(wanted.people));
  const { changeSet } = planIds({
    name: "ids",
    destination: "product",
    mode: wanted.mode,
    plan: "hash",
    madeAt: "2026-11-25T00:00:00.000Z",
    people: wanted.people,
    mapping,
    onConflict: wanted.onConflict ?? "keep_new",
    facts: undefined,
    reimport: wanted.reimport,
  });
  return runOf(local, { ...wanted, changeSet, folder });
}

export function runOf(
  local: Local,
  wanted: Omit<Wanted, "people"> & { readonly changeSet: ChangeSet; readonly folder: string },
): IdsRun {
  const own = createMixpanelProvider({
    host: local.url,
    token: "t",
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    ...(wanted.route === undefined ? {} : { route: wanted.route }),
    clock,
  });
  const provider = wanted.provider?.(own) ?? own;
  const signal = wanted.signal ?? new AbortController().signal;
  const options: RunOptions = {
    changeSet: wanted.changeSet,
    planHash: "hash",
    stateOwned: new Set(),
    target: "local",
    folder: join(wanted.folder, "run"),
    executors: idExecutors(wanted.mode, new Set(wanted.stateOwned)),
    provider,
    reader: makeLocalReader(local, wanted.profilesPerPage),
    limits: makeStepLimits({
      budgets: {},
      updatesPerSecond: undefined,
      backoffMs: 1,
      backoffMaxMs: 10,
      waitMaxMs: 60_000,
      clock,
      random: () => 0.5,
      signal,
      onWait: () => undefined,
    }),
    settings: { verify: "all", force: false, failuresMaxPercent: 100 },
    clock,
    random: () => 0.5,
    log: rememberingLog(),
    signal,
    onProgress: () => undefined,
  };
  return {
    options,
    provider,
    apply: () => applyChangeSet(options),
    undo: (force = false) => undoChangeSet({ ...options, settings: { ...options.settings, force } }),
  };
}

/** All profiles, by the id that the provider shows. */
export async function allProfiles(local: Local): Promise<ReadonlyMap<string, StoredProfile["properties"]>> {
  const reader = makeLocalReader(local);
  const found = new Map<string, StoredProfile["properties"]>();
  let after: string | undefined;
  do {
    const answer = await reader.profiles(
      {},
      { signal: new AbortController().signal, ...(after === undefined ? {} : { after }) },
    );
    if (answer.kind !== "answer") throw new Error(answer.message);
    for (const { id, properties } of answer.value.profiles) found.set(id, properties);
    after = answer.value.next;
  } while (after !== undefined);
  return found;
}

/** The n-th person of a test. */
export function person(n: number): { readonly email: string; readonly uuid: string } {
  return {
    email: `ada.${n}@example.com`,
    uuid: `0190a5e0-1111-7222-8333-${String(n).padStart(12, "0")}`,
  };
}

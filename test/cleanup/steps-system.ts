// The steps that are not about profiles, over a local Mixpanel: ports, executors and the engine, in the test's process or in one that is killed.
import { join } from "node:path";
import { applyChangeSet, type RunOptions, undoChangeSet } from "../../src/cleanup/apply/run-change-set.ts";
import type { RunReport } from "../../src/cleanup/apply/run-report.ts";
import { makeStepLimits } from "../../src/cleanup/apply/step-limits.ts";
import type { ChangeSet, Operation, Step } from "../../src/cleanup/change-set/change-set.ts";
import { createDictionaryExecutor } from "../../src/cleanup/dictionary/dictionary-executor.ts";
import { createDeleteEventsExecutor } from "../../src/cleanup/events/delete-events.ts";
import { createDropFilterExecutor } from "../../src/cleanup/events/drop-filters.ts";
import { createReimportExecutor } from "../../src/cleanup/events/reimport-events.ts";
import { createPrivacyExecutor } from "../../src/cleanup/privacy/privacy-executor.ts";
import type { Clock } from "../../src/core/index.ts";
import { parseLock } from "../../src/plan/index.ts";
import {
  createMixpanelDictionary,
  createMixpanelGovernance,
  createMixpanelPrivacy,
  createMixpanelProvider,
  createMixpanelReader,
} from "../../src/providers/index.ts";
import { rememberingLog } from "../support/quiet.ts";

const serviceAccount = { username: "sa", secret: "sa_secret" };

export interface StepsSystem {
  /** Where the local Mixpanel is. */
  readonly url: string;
  readonly folder: string;
  readonly changeSet: ChangeSet;
  /** Lock of the plan, as text. */
  readonly lock: string;
  readonly unofficial?: boolean;
  /** `null`: the configuration has none. */
  readonly erasureToken?: string | null;
  readonly clock?: Clock;
  /** The time, in a process of its own. Default: now. */
  readonly nowMs?: number;
  readonly signal?: AbortSignal;
  readonly waitMaxMs?: number;
  /** Told about every call of a port, when it was answered. */
  readonly onCall?: () => void;
}

/** A set of one step, or of several. */
export function makeSet(
  steps: readonly (Omit<Partial<Step>, "operation"> & { operation: Operation })[],
): ChangeSet {
  return {
    name: "steps",
    destination: "product",
    plan: "hash",
    madeAt: "2026-11-25T00:00:00.000Z",
    steps: steps.map((step, index) => ({ id: `step-${index}`, because: "a test says so", ...step })),
  };
}

/** Tells about each call of a port's functions when it was answered. */
function watched<T extends object>(port: T, onCall: (() => void) | undefined): T {
  if (!onCall) return port;
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: readonly unknown[]) => {
        const made: unknown = Reflect.apply(value, target, given);
        return made instanceof Promise
          ? made.finally(onCall)
          : (async function* () {
              yield* made as AsyncIterable<unknown>;
              onCall();
            })();
      };
    },
  });
}

function makeExecutors(system: StepsSystem, clock: Clock) {
  const { url: host, unofficial = true, erasureToken = "person", onCall } = system;
  const governance = unofficial
    ? watched(createMixpanelGovernance({ host, projectId: 1, serviceAccount, clock }), onCall)
    : undefined;
  const privacy = createMixpanelPrivacy({
    host,
    token: "t",
    clock,
    ...(erasureToken === null ? {} : { erasureToken }),
  });
  const dictionary = createMixpanelDictionary({
    host,
    projectId: 1,
    serviceAccount,
    // Its minute is over at once: the local Mixpanel's own limits say when it is too much.
    clock: { now: () => Date.now() * 100_000 },
    waitMaxMs: system.waitMaxMs ?? 0,
  });
  const lock = parseLock(system.lock);
  return [
    createDictionaryExecutor(watched(dictionary, onCall)),
    createDeleteEventsExecutor(governance),
    createDropFilterExecutor(governance),
    createReimportExecutor({ lock, governance }),
    // No waiting for the second: the local Mixpanel has limits only where a test switches them on.
    createPrivacyExecutor(
      watched({ ...privacy, limits: { ...privacy.limits, requestsPerSecond: 1000 } }, onCall),
    ),
  ];
}

/** Everything that a run needs. */
export function makeOptions(system: StepsSystem): RunOptions {
  const clock = system.clock ?? { now: () => Date.now() };
  const signal = system.signal ?? new AbortController().signal;
  const began = Date.now();
  const provider = createMixpanelProvider({
    host: system.url,
    token: "t",
    projectId: 1,
    serviceAccount,
    clock,
  });
  return {
    changeSet: system.changeSet,
    planHash: "hash",
    target: "local",
    folder: join(system.folder, "steps"),
    executors: makeExecutors(system, clock),
    provider: watched(provider, system.onCall),
    reader: watched(
      createMixpanelReader({ host: system.url, projectId: 1, serviceAccount, clock }),
      system.onCall,
    ),
    limits: makeStepLimits({
      budgets: {},
      updatesPerSecond: undefined,
      backoffMs: 1,
      backoffMaxMs: 5,
      waitMaxMs: system.waitMaxMs ?? 60_000,
      // Goes on by itself, for pauses, from the moment of the run's own clock.
      clock: { now: () => clock.now() + (system.clock ? Date.now() - began : 0) },
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
}

export function applySteps(system: StepsSystem): Promise<RunReport> {
  return applyChangeSet(makeOptions(system));
}

export function undoSteps(system: StepsSystem, force = false): Promise<RunReport> {
  const options = makeOptions(system);
  return undoChangeSet({ ...options, settings: { ...options.settings, force } });
}

// Judge and one delivery worker a destination, over one journal: what runs behind the answer. Used by the worker thread and, inline, by the main one.
import { join } from "node:path";
import { AppError, type Clock, type Journal, type Log, type Metrics } from "../../core/index.ts";
import {
  createDelivery,
  type Delivery,
  type DeliverySettings,
  type DeliveryState,
} from "../../delivery/index.ts";
import {
  createJudge,
  type Judge,
  makeJsonReceiver,
  makeMixpanelReceiver,
  makeSnapshot,
  MIXPANEL_ROUTES,
  openGeolocation,
  type PlanSnapshot,
  type Receiver,
  type SourceTable,
  type VerdictNotice,
} from "../../gateway/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config, ConfigDestination } from "../config/config.ts";
import { keyedHash } from "./keyed-hash.ts";
import { makeLiveSources } from "./live-sources.ts";
import { makeProvider } from "./make-provider.ts";
import { oldIdHash } from "./old-ids.ts";
import { olderPlans } from "./plan-archive.ts";

export interface PipelineOptions {
  readonly config: Config;
  readonly lock: Lock;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly onVerdict?: (notice: VerdictNotice) => void;
  /** A worker ended that should run for ever. */
  readonly onFailure: (error: unknown) => void;
}

export interface Pipeline {
  wake(): void;
  setLock(lock: Lock): void;
  resume(destination: string): boolean;
  states(): readonly DeliveryState[];
  close(): Promise<void>;
}

/** Folder of the journal below the data folder. */
export function journalDirectory(config: Config): string {
  return join(config.data, "journal");
}

/** The receivers of a configuration; the gateway and the judge must decode alike. */
export function makeReceivers(config: Config): readonly Receiver[] {
  const bodyMaxBytes = config.gateway.bodyMaxBytes;
  return [
    makeJsonReceiver(),
    makeMixpanelReceiver({
      routes: { ...MIXPANEL_ROUTES, ...config.gateway.routes },
      ...(bodyMaxBytes === undefined ? {} : { bodyMaxBytes }),
    }),
  ];
}

/** Makes the snapshot with the configured key for hashed data classes, and the plans that held before. */
export function snapshotOf(lock: Lock, config: Config): PlanSnapshot {
  const { hashKey } = config;
  const older = olderPlans(config.data, lock);
  if (hashKey === undefined) return makeSnapshot(lock, { older });
  return makeSnapshot(lock, {
    older,
    hash: keyedHash(hashKey),
  });
}

function settingsOf(destination: ConfigDestination): Partial<DeliverySettings> {
  const { eventsPerSecond, backoffMs, backoffMaxMs } = destination;
  return {
    ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
    ...(backoffMs === undefined ? {} : { backoffMs }),
    ...(backoffMaxMs === undefined ? {} : { backoffMaxMs }),
  };
}

/** Starts judging and delivering. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, journal, clock, log, metrics, onFailure } = options;
  const sources = makeLiveSources(config, options.lock);
  const geolocate = config.geoFile === undefined ? undefined : await openGeolocation(config.geoFile);
  const stop = new AbortController();
  const deliveries = config.destinations.map((destination) => {
    const provider = makeProvider(destination, clock);
    const delivery = createDelivery({
      destination: destination.name,
      provider,
      journal,
      clock,
      log,
      metrics,
      random: Math.random,
      settings: settingsOf(destination),
    });
    return { provider, delivery };
  });
  const judge = makeJudge(options, {
    sources,
    geolocate,
    deliveries: deliveries.map(({ delivery }) => delivery),
  });
  const guard = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
      if (!stop.signal.aborted)
        throw new AppError("PIPELINE_FAILED", "Cannot go on: a worker ended by itself");
    } catch (error) {
      onFailure(error);
    }
  };
  const running = [
    judge.run(stop.signal),
    ...deliveries.map(({ delivery }) => delivery.run(stop.signal)),
  ].map(guard);
  return {
    wake: () => judge.wake(),
    setLock: (lock) => {
      sources.setLock(lock);
      judge.setSnapshot(snapshotOf(lock, config));
    },
    resume: (name) => {
      const index = config.destinations.findIndex((destination) => destination.name === name);
      deliveries[index]?.delivery.resume();
      return index >= 0;
    },
    states: () => deliveries.map(({ delivery }) => delivery.state()),
    close: async () => {
      stop.abort();
      await Promise.all(running);
      await Promise.all(deliveries.map(({ provider }) => provider.close()));
    },
  };
}

/** Every destination is known to join no two people, whatever it is sent. */
export function neverJoins({ destinations }: Config): boolean {
  return destinations.length > 0 && destinations.every(({ idMerge }) => idMerge === "simplified");
}

function makeJudge(
  options: PipelineOptions,
  parts: {
    readonly sources: SourceTable;
    readonly geolocate: Awaited<ReturnType<typeof openGeolocation>> | undefined;
    readonly deliveries: readonly Delivery[];
  },
): Judge {
  const { config, journal, clock, log, metrics, lock, onVerdict } = options;
  const hash = oldIdHash(config);
  return createJudge({
    journal,
    clock,
    log,
    metrics,
    sources: parts.sources,
    receivers: makeReceivers(config),
    snapshot: snapshotOf(lock, config),
    ...(parts.geolocate === undefined ? {} : { geolocate: parts.geolocate }),
    ...(onVerdict === undefined ? {} : { onVerdict }),
    neverJoins: neverJoins(config),
    ...(hash === undefined ? {} : { oldIdHash: hash }),
    onJudged: () => {
      for (const delivery of parts.deliveries) delivery.wake();
    },
  });
}

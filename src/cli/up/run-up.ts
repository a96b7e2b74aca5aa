// The gateway as one running thing: journal, public port, pipeline, admin port, plan reload. `plumbline up` and the example start this.
// Order of starting: plan → journal → pipeline → people sync → public port. Order of stopping: the other way round.
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Clock, OUTBOX_LOG } from "../../core/index.ts";
import { deliveryConsumer } from "../../delivery/index.ts";
import {
  judgeNow,
  judgeUserId,
  makeSideRoutes,
  type MarkTaker,
  MIXPANEL_ROUTES,
  type PlanSnapshot,
  RAW_LOG,
  startGateway,
  trimQuarantine,
  type VerdictNotice,
} from "../../gateway/index.ts";
import { type EmbeddedJournal, openJournal } from "../../journal/index.ts";
import type { AcknowledgedNotice } from "../../people/index.ts";
import type { Lock } from "../../plan/index.ts";
import { makePinoLog } from "../adapters/pino-log.ts";
import { makePrometheusMetrics, type PrometheusMetrics } from "../adapters/prometheus-metrics.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Config } from "../config/config.ts";
import { FindingsError } from "../terminal/exit-codes.ts";
import { type Status, startAdmin } from "./admin-server.ts";
import { checkSources, makeLiveSources } from "./live-sources.ts";
import { type LoadedPlan, loadPlan } from "./load-plan.ts";
import { checkOldIds, oldIdOwners } from "./old-ids.ts";
import { journalDirectory, makeReceivers, snapshotOf, startPipeline } from "./pipeline.ts";
import { type RunningPeopleSet, startPeopleSet } from "./people-set.ts";
import { type RunningPipeline, startPipelineThread } from "./pipeline-thread.ts";
import { archivePlan } from "./plan-archive.ts";
import { watchPlan } from "./plan-watch.ts";
import { passRecordings } from "./pass-recordings.ts";
import { readSdkFiles } from "./sdk-files.ts";

export interface UpOptions {
  readonly config: Config;
  /** Verdicts as they fall, for a terminal. */
  readonly onVerdicts?: (notices: readonly VerdictNotice[]) => void;
  /** Profiles that a destination has acknowledged, for a terminal. */
  readonly onProfiles?: (notices: readonly AcknowledgedNotice[]) => void;
}

export interface RunningUp {
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  status(): Promise<Status>;
  /** Reads the plan again; answers what is wrong with it, and then the old one stays. */
  reload(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Often, so that each time there is little to remove and no write waits behind it. */
const RETENTION_EVERY_MS = 1000;
type Log = ReturnType<typeof makePinoLog>;

/** The lock of a plan that may run, or the findings that forbid it. */
function requireLock(plan: LoadedPlan, config: Config): Lock {
  const { lock, findings } = plan;
  const sources = lock ? [...checkSources(config, lock), ...checkOldIds(config, lock)] : [];
  if (!lock || sources.length > 0)
    throw new FindingsError([...findings.filter(({ level }) => level === "error"), ...sources]);
  return lock;
}

function openUpJournal(config: Config, log: Log): Promise<EmbeddedJournal> {
  const { raw, outbox, reserveBytes } = config.journal;
  return openJournal({
    directory: journalDirectory(config),
    clock: systemClock,
    log,
    role: "primary",
    retention: { [RAW_LOG]: raw, [OUTBOX_LOG]: outbox },
    ...(reserveBytes === undefined ? {} : { reserveBytes }),
  });
}

interface PipelineParts {
  readonly config: Config;
  readonly lock: Lock;
  readonly log: Log;
  readonly journal: EmbeddedJournal;
  readonly metrics: PrometheusMetrics;
  readonly onVerdicts: UpOptions["onVerdicts"];
}

async function startInline(parts: PipelineParts): Promise<RunningPipeline> {
  const { onVerdicts, log } = parts;
  let isRunning = true;
  const pipeline = await startPipeline({
    ...parts,
    clock: systemClock,
    ...(onVerdicts === undefined ? {} : { onVerdict: (notice: VerdictNotice) => onVerdicts([notice]) }),
    onFailure: (error) => {
      isRunning = false;
      log.error({ code: error instanceof AppError ? error.code : "INTERNAL" }, "the pipeline failed");
    },
  });
  return {
    get isRunning() {
      return isRunning;
    },
    wake: () => pipeline.wake(),
    setLock: (lock) => Promise.resolve(pipeline.setLock(lock)),
    resume: (name) => void pipeline.resume(name),
    report: () => Promise.resolve({ metrics: [], states: pipeline.states() }),
    close: () => pipeline.close(),
  };
}

/** Keeps every consumer known before the first record arrives, so that retention never takes what one of them still needs. */
async function registerConsumers(journal: EmbeddedJournal, config: Config): Promise<void> {
  await journal.write((write) => {
    for (const { name } of config.destinations) write.advance(OUTBOX_LOG, deliveryConsumer(name), 0);
  });
}

/** Trims again and again; the answer ends it and waits for the transaction under way. */
function keepRetention(journal: EmbeddedJournal, config: Config, log: Log): () => Promise<void> {
  const stop = new AbortController();
  const keep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await journal.applyRetention(stop.signal);
        await trimQuarantine(journal, systemClock.now() - config.quarantineMaxAgeMs);
      } catch (error) {
        log.error(
          { code: error instanceof AppError ? error.code : "INTERNAL" },
          "retention failed; it is tried again",
        );
      }
      await sleep(RETENTION_EVERY_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
  };
  const kept = keep();
  return () => {
    stop.abort();
    return kept;
  };
}

class Up implements RunningUp {
  readonly #options: UpOptions;
  readonly #log: Log;
  readonly #clock: Clock = systemClock;
  readonly #metrics = makePrometheusMetrics();
  readonly #closers: (() => void | Promise<void>)[] = [];
  #lock: Lock;
  #snapshot: PlanSnapshot;
  #loadedAt: number;
  #journal: EmbeddedJournal | undefined;
  #pipeline: RunningPipeline | undefined;
  /** There before the public port opens, or never: it takes the marks of `POST /v1/people`. */
  #people: RunningPeopleSet | undefined;
  #setSources: (lock: Lock) => void = () => undefined;
  gatewayUrl = "";
  adminUrl = "";

  constructor(options: UpOptions, lock: Lock, log: Log) {
    this.#options = options;
    this.#log = log;
    this.#lock = lock;
    this.#snapshot = snapshotOf(lock, options.config);
    this.#loadedAt = this.#clock.now();
  }

  async start(files: readonly string[]): Promise<void> {
    const { config } = this.#options;
    const journal = await openUpJournal(config, this.#log);
    this.#journal = journal;
    this.#closers.push(() => journal.close());
    // Only who has the journal has the data folder.
    archivePlan(config.data, this.#lock, this.#clock.now());
    this.#snapshot = snapshotOf(this.#lock, config);
    await registerConsumers(journal, config);
    const parts = {
      config,
      lock: this.#lock,
      log: this.#log,
      journal,
      metrics: this.#metrics,
      onVerdicts: this.#options.onVerdicts,
    };
    const pipeline = await (config.pipeline === "thread" ? startPipelineThread(parts) : startInline(parts));
    this.#pipeline = pipeline;
    this.#closers.push(() => pipeline.close());
    this.#closers.push(keepRetention(journal, config, this.#log));
    await this.#startPeople(journal);
    await this.#startPublicPort(journal, pipeline);
    await this.#startAdminPort();
    const watch = watchPlan(() => void this.reload());
    watch.setFiles(files);
    this.#closers.push(() => watch.close());
  }

  async #startPeople(journal: EmbeddedJournal): Promise<void> {
    const { config, onProfiles: onAcknowledged } = this.#options;
    if (!config.people) return;
    const own = { lock: this.#lock, log: this.#log, metrics: this.#metrics };
    const people = await startPeopleSet({ config, journal, ...own, onAcknowledged });
    this.#people = people;
    this.#closers.push(() => people.close());
  }

  #markTaker(): { readonly people?: MarkTaker } {
    const marks = this.#people;
    if (marks === undefined) return {};
    return { people: { marks, judgeUserId: (named) => judgeUserId(this.#snapshot, named) } };
  }

  async #startPublicPort(journal: EmbeddedJournal, pipeline: RunningPipeline): Promise<void> {
    const { config } = this.#options;
    const sources = makeLiveSources(config, this.#lock);
    this.#setSources = (lock) => sources.setLock(lock);
    const receivers = makeReceivers(config);
    const routes = { ...MIXPANEL_ROUTES, ...config.gateway.routes };
    const record = passRecordings(config, this.#log);
    const { pendingMaxBytes } = config.gateway;
    const oldIds = oldIdOwners(config, journal);
    const gateway = await startGateway({
      host: config.listen.host,
      port: config.listen.port,
      journal,
      sources,
      receivers,
      sideRoutes: makeSideRoutes({ files: readSdkFiles(), routes, sdkConfig: config.gateway.sdkConfig }),
      ...(record === undefined ? {} : { record }),
      trustedProxies: config.trustedProxies,
      clock: this.#clock,
      log: this.#log,
      metrics: this.#metrics,
      onAppended: () => pipeline.wake(),
      ...this.#markTaker(),
      judgeNow: (raw) =>
        Promise.resolve(judgeNow(raw, { snapshot: this.#snapshot, sources, receivers, oldIds })),
      ...(pendingMaxBytes === undefined ? {} : { limits: { pendingMaxBytes } }),
    });
    this.gatewayUrl = gateway.url;
    this.#closers.push(() => gateway.close());
  }

  async #startAdminPort(): Promise<void> {
    const { config } = this.#options;
    const admin = await startAdmin({
      listen: config.admin.listen,
      token: config.admin.token,
      registry: this.#metrics.registry,
      collect: () => this.#collect(),
      status: () => this.status(),
      unready: () => [
        ...(this.#pipeline?.isRunning === true ? [] : ["the pipeline is not running"]),
        ...(this.#people?.unready() ?? []),
      ],
      resume: (name) => {
        this.#pipeline?.resume(name);
        this.#people?.resume(name);
      },
      reload: () => this.reload(),
    });
    this.adminUrl = admin.url;
    this.#closers.push(() => admin.close());
  }

  async #collect(): Promise<readonly (readonly object[])[]> {
    const [report, people] = await Promise.all([this.#pipeline?.report(), this.#people?.report()]);
    const journal = this.#journal;
    if (!report || !journal) return [];
    for (const log of [RAW_LOG, OUTBOX_LOG]) {
      const stats = journal.stats(log);
      this.#metrics.gauge("plumbline_journal_records", { log }, stats.records);
      this.#metrics.gauge("plumbline_journal_bytes", { log }, stats.bytes);
      for (const [consumer, position] of Object.entries(stats.consumers))
        this.#metrics.gauge(
          "plumbline_journal_lag_records",
          { log, consumer },
          Math.max(0, stats.last - position),
        );
    }
    this.#metrics.gauge("plumbline_quarantine_records", {}, journal.table("quarantine").count());
    for (const { destination, pace } of report.states)
      this.#metrics.gauge(
        "plumbline_delivery_paused",
        { destination },
        pace.kind === "paused" ? 1 : pace.kind === "holding" ? 0.5 : 0,
      );
    if (this.#people)
      this.#metrics.gauge("plumbline_people_running", {}, this.#people.unready().length === 0 ? 1 : 0);
    return [report.metrics, ...(people?.metrics ?? [])];
  }

  async status(): Promise<Status> {
    const [report, people] = await Promise.all([this.#pipeline?.report(), this.#people?.report()]);
    const journal = this.#journal;
    return {
      plan: {
        name: this.#lock.name,
        hash: this.#lock.hash,
        loadedAt: new Date(this.#loadedAt).toISOString(),
      },
      logs: journal ? [RAW_LOG, OUTBOX_LOG].map((log) => journal.stats(log)) : [],
      quarantine: journal?.table("quarantine").count() ?? 0,
      destinations: report?.states ?? [],
      ...(people ? { people: people.report } : {}),
    };
  }

  async reload(): Promise<readonly string[]> {
    const { config } = this.#options;
    try {
      const lock = requireLock(loadPlan(config.plan), config);
      if (lock.hash === this.#lock.hash) return [];
      archivePlan(config.data, lock, this.#clock.now());
      this.#snapshot = snapshotOf(lock, config);
      this.#lock = lock;
      this.#loadedAt = this.#clock.now();
      this.#setSources(lock);
      this.#people?.setLock(lock);
      await this.#pipeline?.setLock(lock);
      this.#log.info({ plan: lock.name, hash: lock.hash }, "a new plan holds from now on");
      return [];
    } catch (error) {
      if (!(error instanceof FindingsError)) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.error({ reason }, "the changed plan cannot be taken over; the old one stays");
        return [`Cannot take the changed plan over: ${reason}`];
      }
      const messages = error.findings.map(({ id, at, message, where }) => {
        const place = where === undefined ? "" : `${where.file}:${where.line}:${where.column} `;
        return `${place}${message} (${id} at ${at})`;
      });
      this.#log.error({ findings: messages }, "the changed plan has errors; the old one stays");
      return messages;
    }
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.toReversed()) await closer();
    this.#closers.length = 0;
  }
}

/**
 * Starts everything.
 *
 * @throws {FindingsError} for a plan with errors; {AppError} `JOURNAL_LOCKED` when another gateway uses the data folder.
 */
export async function runUp(options: UpOptions): Promise<RunningUp> {
  const { config } = options;
  const log = makePinoLog({ level: config.logLevel, part: "gateway" });
  const plan = loadPlan(config.plan);
  const up = new Up(options, requireLock(plan, config), log);
  try {
    await up.start(plan.files);
  } catch (error) {
    await up.close();
    throw error;
  }
  return up;
}

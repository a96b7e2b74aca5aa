// The people sync beside the gateway: in a thread of its own, or on the main one. The gateway receives whether or not it runs.
import { AppError, type Journal, type Log } from "../../core/index.ts";
import { makeOldIdTable } from "../../gateway/index.ts";
import type { AcknowledgedNotice } from "../../people/index.ts";
import type { Lock } from "../../plan/index.ts";
import { makePrometheusMetrics, type PrometheusMetrics } from "../adapters/prometheus-metrics.ts";
import type { Config } from "../config/config.ts";
import { metricsOfDatabase } from "../people/metrics-of-database.ts";
import { requirePeople } from "../people/open-people.ts";
import {
  notRunning,
  type PeopleReport,
  PeopleService,
  type PeopleServiceState,
  peopleUnready,
} from "../people/people-service.ts";
import type { FromPeople, PeopleStart, ToPeople } from "./people-messages.ts";
import { Questions, SupervisedThread } from "./supervised-thread.ts";

export interface RunningPeopleReport {
  readonly metrics: readonly object[];
  readonly report: PeopleReport;
}

/** What `up` needs of the people sync, wherever it runs. */
export interface RunningPeople {
  /** Why it does not run; empty when it does. */
  unready(): readonly string[];
  setLock(lock: Lock): void;
  resume(destination: string): void;
  /** Marks users; resolves once that is committed. */
  mark(userIds: readonly string[], cause: string): Promise<void>;
  report(): Promise<RunningPeopleReport>;
  close(): Promise<void>;
}

export interface PeopleThreadOptions {
  readonly config: Config;
  readonly lock: Lock;
  readonly log: Log;
  readonly metrics: PrometheusMetrics;
  /** The gateway's, which looks up old ids there. A thread opens it for itself. */
  readonly journal: Journal;
  readonly onAcknowledged: ((notices: readonly AcknowledgedNotice[]) => void) | undefined;
}

const REPORT_TIMEOUT_MS = 5000;
const MARK_TIMEOUT_MS = 10_000;

/** Runs it on this thread. */
export function startPeopleInline(options: PeopleThreadOptions): RunningPeople {
  const { onAcknowledged, journal, ...parts } = options;
  let state: PeopleServiceState = { kind: "starting" };
  const { name } = requirePeople(options.config);
  // Series of one registry have the same labels: another database has a registry of its own.
  const registered = name === undefined ? undefined : makePrometheusMetrics();
  const service = new PeopleService({
    ...parts,
    oldIds: makeOldIdTable(journal),
    ...(registered ? { metrics: metricsOfDatabase(registered, name) } : {}),
    ...(onAcknowledged === undefined ? {} : { onAcknowledged }),
    onState: (next) => {
      state = next;
    },
  });
  service.start();
  return {
    unready: () => peopleUnready(state),
    setLock: (lock) => void service.setLock(lock),
    resume: (destination) => service.resume(destination),
    mark: (userIds, cause) => service.mark(userIds, cause),
    report: async () => ({
      metrics: (await registered?.registry.getMetricsAsJSON()) ?? [],
      report: service.report(),
    }),
    close: () => service.close(),
  };
}

/** Runs it in a thread of its own; resolves when that has started, or has failed and will be tried again. */
export async function startPeopleThread(options: PeopleThreadOptions): Promise<RunningPeople> {
  const { config, log, onAcknowledged } = options;
  let { lock } = options;
  let state: PeopleServiceState = { kind: "starting" };
  const reports = new Questions<RunningPeopleReport>();
  const marks = new Questions<{ readonly error: string | undefined }>();
  const receive = (message: FromPeople): void => {
    switch (message.kind) {
      case "state":
        state = message.state;
        return;
      case "acknowledged":
        onAcknowledged?.(message.notices);
        return;
      case "marked":
        marks.answer(message.id, message);
        return;
      case "report":
        reports.answer(message.id, message);
        return;
    }
  };
  const thread = new SupervisedThread<ToPeople, FromPeople>({
    name: "the people sync",
    file: new URL("people-worker.js", import.meta.url),
    workerData: (): PeopleStart => {
      state = { kind: "starting" };
      return { config, lock, notices: onAcknowledged !== undefined };
    },
    receive,
    log,
  });
  await thread.start();
  const empty = (): RunningPeopleReport => ({ metrics: [], report: { state } });
  return {
    unready: () => (thread.isRunning ? peopleUnready(state) : ["people: its thread is not running"]),
    setLock: (next) => {
      lock = next;
      thread.send({ kind: "lock", lock });
    },
    resume: (destination) => thread.send({ kind: "resume", destination }),
    mark: async (userIds, cause) => {
      if (!thread.isRunning) throw notRunning(state);
      const answer = await marks.ask(
        (id) => thread.send({ kind: "mark", id, userIds, cause }),
        MARK_TIMEOUT_MS,
      );
      const error = answer === undefined ? "Cannot note who changed: no answer in time" : answer.error;
      if (error !== undefined) throw new AppError("PEOPLE_NOT_RUNNING", error);
    },
    report: async () => {
      if (!thread.isRunning) return empty();
      return (await reports.ask((id) => thread.send({ kind: "report", id }), REPORT_TIMEOUT_MS)) ?? empty();
    },
    close: () => thread.close({ kind: "close" }),
  };
}

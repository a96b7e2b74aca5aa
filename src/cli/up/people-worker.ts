// The thread of the people sync: runs the service, and obeys the main thread's messages.
import { parentPort, workerData } from "node:worker_threads";
import { AppError } from "../../core/index.ts";
import { makeOldIdTable } from "../../gateway/index.ts";
import { openJournal } from "../../journal/index.ts";
import type { AcknowledgedNotice } from "../../people/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { makePinoLog } from "../adapters/pino-log.ts";
import { makePrometheusMetrics } from "../adapters/prometheus-metrics.ts";
import { metricsOfDatabase } from "../people/metrics-of-database.ts";
import { PeopleService } from "../people/people-service.ts";
import { oldIdHash } from "./old-ids.ts";
import { journalDirectory } from "./pipeline.ts";
import type { FromPeople, PeopleStart, ToPeople } from "./people-messages.ts";
import type { ThreadNotice } from "./supervised-thread.ts";

/** Notices sent in one message, and how often; more are left out. */
const NOTICES_MAX = 200;
const NOTICES_EVERY_MS = 50;

const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "Cannot run the people sync's thread by itself");
const start = workerData as PeopleStart;
const send = (message: FromPeople | ThreadNotice): void => port.postMessage(message);

const log = makePinoLog({ level: start.config.logLevel, part: "people" });
// Old ids are the application's own database's, and need a key.
const { journal: limits, people } = start.config;
const journal =
  people?.name === undefined && oldIdHash(start.config) !== undefined
    ? await openJournal({
        directory: journalDirectory(start.config),
        clock: systemClock,
        log,
        role: "secondary",
        ...(limits.reserveBytes === undefined ? {} : { reserveBytes: limits.reserveBytes }),
      })
    : undefined;
const registered = makePrometheusMetrics();
const metrics = metricsOfDatabase(registered, start.config.people?.name);
let notices: AcknowledgedNotice[] = [];
const flush = start.notices
  ? setInterval(() => {
      if (notices.length === 0) return;
      send({ kind: "acknowledged", notices });
      notices = [];
    }, NOTICES_EVERY_MS)
  : undefined;

const service = new PeopleService({
  config: start.config,
  lock: start.lock,
  log,
  metrics,
  ...(journal === undefined ? {} : { oldIds: makeOldIdTable(journal) }),
  onState: (state) => send({ kind: "state", state }),
  ...(start.notices
    ? {
        onAcknowledged: (all: readonly AcknowledgedNotice[]) =>
          void notices.push(...all.slice(0, NOTICES_MAX - notices.length)),
      }
    : {}),
});

async function close(): Promise<void> {
  clearInterval(flush);
  await service.close();
  await journal?.close();
  port?.close();
}

async function mark({ id, userIds, cause }: Extract<ToPeople, { readonly kind: "mark" }>): Promise<void> {
  try {
    await service.mark(userIds, cause);
    send({ kind: "marked", id, error: undefined });
  } catch (error) {
    send({ kind: "marked", id, error: error instanceof Error ? error.message : "unknown" });
  }
}

async function report(id: number): Promise<void> {
  send({
    kind: "report",
    id,
    metrics: await registered.registry.getMetricsAsJSON(),
    report: service.report(),
  });
}

port.on("message", (message: ToPeople) => {
  switch (message.kind) {
    case "lock":
      return void service.setLock(message.lock);
    case "resume":
      return service.resume(message.destination);
    case "mark":
      return void mark(message);
    case "report":
      return void report(message.id);
    case "close":
      return void close();
  }
});
service.start();
send({ kind: "ready" });

// The pipeline's thread: opens the same journal as a second user and obeys the main thread's messages.
import { parentPort, workerData } from "node:worker_threads";
import { openJournal } from "../../journal/index.ts";
import { AppError } from "../../core/index.ts";
import type { VerdictNotice } from "../../gateway/index.ts";
import { makePinoLog } from "../adapters/pino-log.ts";
import { makePrometheusMetrics } from "../adapters/prometheus-metrics.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { journalDirectory, startPipeline } from "./pipeline.ts";
import type { FromPipeline, PipelineStart, ToPipeline } from "./pipeline-messages.ts";
import type { ThreadNotice } from "./supervised-thread.ts";

/** Verdicts sent in one message, and how often; more are only counted. */
const NOTICES_MAX = 200;
const NOTICES_EVERY_MS = 50;

const port = parentPort;
if (port === null) throw new AppError("INTERNAL", "Cannot run the pipeline's thread by itself");
const { config, lock, verdicts } = workerData as PipelineStart;
const send = (message: FromPipeline | ThreadNotice): void => port.postMessage(message);

const log = makePinoLog({ level: config.logLevel, part: "pipeline" });
const metrics = makePrometheusMetrics();
const journal = await openJournal({
  directory: journalDirectory(config),
  clock: systemClock,
  log,
  role: "secondary",
  ...(config.journal.reserveBytes === undefined ? {} : { reserveBytes: config.journal.reserveBytes }),
});

let notices: VerdictNotice[] = [];
const flush = verdicts
  ? setInterval(() => {
      if (notices.length === 0) return;
      send({ kind: "verdicts", notices });
      notices = [];
    }, NOTICES_EVERY_MS)
  : undefined;

const pipeline = await startPipeline({
  config,
  lock,
  journal,
  clock: systemClock,
  log,
  metrics,
  ...(verdicts
    ? {
        onVerdict: ({ at, source, name, judged }: VerdictNotice) => {
          if (notices.length >= NOTICES_MAX) return;
          const { verdict, findings, repairs } = judged;
          notices.push({ at, source, name, judged: { verdict, findings, repairs } });
        },
      }
    : {}),
  onFailure: (error) => {
    log.error({ code: error instanceof AppError ? error.code : "INTERNAL" }, "the pipeline failed");
    send({
      kind: "failed",
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  },
});

async function close(): Promise<void> {
  clearInterval(flush);
  await pipeline.close();
  await journal.close();
  port?.close();
}

port.on("message", (message: ToPipeline) => {
  switch (message.kind) {
    case "wake":
      return pipeline.wake();
    case "lock":
      pipeline.setLock(message.lock);
      return send({ kind: "locked", id: message.id });
    case "resume":
      pipeline.resume(message.destination);
      return undefined;
    case "report":
      return void metrics.registry
        .getMetricsAsJSON()
        .then((all) => send({ kind: "report", id: message.id, metrics: all, states: pipeline.states() }));
    case "close":
      return void close();
  }
});
send({ kind: "ready" });

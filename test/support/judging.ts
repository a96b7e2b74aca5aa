// A judge on a real journal, run until everything that was received is judged.
import { type Journal, OUTBOX_LOG, readOutboxEntry } from "../../src/core/index.ts";
import {
  createJudge,
  type Judge,
  type JudgeOptions,
  makeJsonReceiver,
  makeMixpanelReceiver,
  makeSnapshot,
  makeSourceTable,
  RAW_LOG,
  type SourceSettings,
} from "../../src/gateway/index.ts";
import { encodeRaw, type RawHeader } from "../../src/gateway/raw-record.ts";
import { openJournal } from "../../src/journal/index.ts";
import type { Lock } from "../../src/plan/index.ts";
import { addingMetrics, rememberingLog, setClock } from "./quiet.ts";

export const NOW = Date.UTC(2026, 10, 23, 10);

export const SOURCES: readonly SourceSettings[] = [
  {
    id: "web",
    trust: "client",
    tokens: ["web_token"],
    origins: [],
    clientAddress: "forward",
    development: false,
  },
  {
    id: "api",
    trust: "server",
    tokens: ["api_token"],
    origins: [],
    clientAddress: "forward",
    development: false,
  },
];

export interface Bench {
  readonly journal: Awaited<ReturnType<typeof openJournal>>;
  readonly clock: ReturnType<typeof setClock>;
  readonly metrics: ReturnType<typeof addingMetrics>;
  readonly log: ReturnType<typeof rememberingLog>;
  readonly judge: Judge;
  /** Appends a request as admission does. */
  receive(items: unknown, header?: Partial<RawHeader>): Promise<void>;
  /** Judges all that was received. */
  judgeAll(): Promise<void>;
  close(): Promise<void>;
}

export async function startJudging(
  directory: string,
  lock: Lock,
  options: Partial<JudgeOptions> = {},
): Promise<Bench> {
  const clock = setClock(NOW);
  const log = rememberingLog();
  const metrics = addingMetrics();
  const journal = await openJournal({ directory, clock, log, role: "primary" });
  const stop = new AbortController();
  const judge = createJudge({
    journal,
    clock,
    log,
    metrics,
    sources: makeSourceTable(SOURCES),
    receivers: [makeJsonReceiver(), makeMixpanelReceiver()],
    snapshot: makeSnapshot(lock),
    ...options,
  });
  const running = judge.run(stop.signal);
  return {
    journal,
    clock,
    metrics,
    log,
    judge,
    receive: async (items, header = {}) => {
      const body = Buffer.from(typeof items === "string" ? items : JSON.stringify(items));
      const head: RawHeader = {
        receiver: "mixpanel",
        route: "track",
        receivedAt: clock.now(),
        query: "",
        contentType: "application/json",
        contentEncoding: "",
        clientAddress: "203.0.113.7",
        userAgent: "",
        credential: "",
        ...header,
      };
      await journal.append(RAW_LOG, encodeRaw(head, body));
      judge.wake();
    },
    judgeAll: async () => {
      const deadline = Date.now() + 10_000;
      while (judge.position < journal.stats(RAW_LOG).last) {
        if (Date.now() > deadline) throw new Error("the judge did not get through");
        judge.wake();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close: async () => {
      stop.abort();
      await running;
      await journal.close();
    },
  };
}

export interface OutboxEntry {
  readonly kind: string;
  readonly ids: readonly string[];
  readonly link: boolean;
  readonly repeatable: boolean;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Everything in the outbox, parsed. */
export function readOutbox(journal: Journal): OutboxEntry[] {
  const entries = journal.read(OUTBOX_LOG, { after: 0, limit: 100_000 });
  return entries
    .flatMap((entry) => readOutboxEntry(entry, 0))
    .map(({ record: { header, payload } }) => {
      return {
        kind: header.kind,
        ids: header.ids,
        link: header.link === true,
        repeatable: header.repeatable,
        payload: JSON.parse(Buffer.from(payload).toString("utf8")) as Record<string, unknown>,
      };
    });
}

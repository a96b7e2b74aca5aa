// Weighs a change of plan with real events: a file of them, a raw export, or what the gateway's journal holds.
import { existsSync } from "node:fs";
import { releaseOf } from "../../gateway/index.ts";
import { type EventSink, sourceOfLibrary, type TrafficEvent } from "../../infer/index.ts";
import { type Lock, makeValidator, type TrafficRow, TrafficWeigher } from "../../plan/index.ts";
import { withJournal } from "../commands/open-stores.ts";
import { loadConfig } from "../config/load-config.ts";
import { openTraffic } from "../infer/open-traffic.ts";
import { readTraffic } from "../infer/read-inputs.ts";
import { readJournal } from "../infer/read-journal.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { makeProgress, type Output } from "../terminal/output.ts";
import { makeReceivers } from "../up/pipeline.ts";

const DAY_MS = 86_400_000;
/** From this on a number is a time in milliseconds. */
const EPOCH_MS_FROM = 10_000_000_000;

export interface WeighOptions {
  /** A file, `-`, or `gateway`. */
  readonly traffic: string;
  /** Only events of the last so many days; undefined: all. */
  readonly days: number | undefined;
  /** Source of events that do not tell. */
  readonly source: string | undefined;
  readonly config: string | undefined;
  readonly now: number;
  readonly output: Output;
}

export interface Weighed {
  readonly events: number;
  readonly rows: readonly TrafficRow[];
}

function timeOf({ properties }: TrafficEvent): number {
  const { time } = properties;
  if (typeof time === "number") return time >= EPOCH_MS_FROM ? time : time * 1000;
  return typeof time === "string" ? Date.parse(time) : Number.NaN;
}

/** Which source an event is of: known by its token, named on the command line, or by its library where the plan has such a source. */
function sourceIn(lock: Lock, event: TrafficEvent, named: string | undefined): string {
  if (event.source !== undefined) return event.source.id;
  if (named !== undefined) return named;
  const { id, trust } = sourceOfLibrary(String(event.properties["mp_lib"] ?? ""));
  if (Object.hasOwn(lock.sources, id)) return id;
  const planned = Object.values(lock.events).find(
    ({ name, was }) => name === event.event || was.includes(event.event),
  );
  const senders = Object.keys(planned?.sources ?? lock.sources);
  return senders.find((one) => lock.sources[one]?.trust === trust) ?? senders[0] ?? id;
}

function makeSink(weigher: TrafficWeigher, base: Lock, options: WeighOptions): EventSink {
  const since = options.days === undefined ? undefined : options.now - options.days * DAY_MS;
  let count = 0;
  return {
    get count() {
      return count;
    },
    add: (event) => {
      if (since !== undefined && !(timeOf(event) >= since)) return;
      count++;
      const source = sourceIn(base, event, options.source);
      const release = releaseOf(event.properties);
      weigher.add(
        { source, event: event.event, properties: event.properties },
        release === "" ? "unknown" : release,
      );
    },
  };
}

/** Judges the traffic by both plans. */
export async function weighTraffic(base: Lock, head: Lock, options: WeighOptions): Promise<Weighed> {
  const { traffic, output } = options;
  if (options.source !== undefined && !Object.hasOwn(base.sources, options.source))
    throw new UsageError(`There is no source ${options.source} in the base plan`);
  const weigher = new TrafficWeigher(makeValidator(base), makeValidator(head));
  const sink = makeSink(weigher, base, options);
  const progress = makeProgress(output.json);
  if (traffic === "gateway" && !existsSync(traffic)) {
    const config = loadConfig(options.config);
    await withJournal(config, (journal) => {
      readJournal(sink, {
        config,
        journal,
        receivers: makeReceivers(config),
        trustOf: (source) => base.sources[source]?.trust ?? "client",
        since: options.days === undefined ? 0 : options.now - options.days * DAY_MS,
        onProgress: (events) => progress.show(`diff: gateway: ${events.toLocaleString("en-US")} events`),
      });
    });
  } else await readTraffic(openTraffic(traffic), sink, { progress, output });
  progress.end();
  return { events: sink.count, rows: weigher.rows() };
}

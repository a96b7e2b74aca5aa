// A throw-away endpoint for test runs of an app: every official SDK can point at it; it judges at once, tells the sender, and keeps nothing.
import type { Clock, Log, Metrics } from "../../core/index.ts";
import { startGateway } from "../gateway-server.ts";
import { judgeItem } from "../judge/judge-item.ts";
import { makeSnapshot } from "../judge/snapshot.ts";
import type { RawRecord } from "../raw-record.ts";
import type { Receiver } from "../receiver.ts";
import { makeJsonReceiver } from "../receivers/json/index.ts";
import { makeMixpanelReceiver } from "../receivers/mixpanel/index.ts";
import { makeSideRoutes, MIXPANEL_ROUTES } from "../receivers/mixpanel/side-routes.ts";
import type { SourceSettings, SourceTable } from "../sources.ts";
import { ListenCollector, type ListenOptions, type ListenReport, type SeenFinding } from "./collect.ts";

export interface ListenerOptions extends ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Source id by token; any other token belongs to `defaultSource`. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly defaultSource: string;
  /** Browser origins that may send. */
  readonly origins: readonly string[];
  /** Files of the browser SDK, by served name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called for each new kind of finding. */
  readonly onFinding?: (finding: SeenFinding) => void;
}

export interface Listener {
  readonly url: string;
  report(): ListenReport;
  close(): Promise<void>;
}

function makeListenSources(options: ListenerOptions): SourceTable {
  const settings = (id: string): SourceSettings => ({
    id,
    trust: options.lock.sources[id]?.trust ?? "client",
    tokens: [],
    origins: options.origins,
    clientAddress: "drop",
    development: true,
  });
  const all = [...new Set([options.defaultSource, ...Object.values(options.tokens)])].map(settings);
  return {
    all,
    find: (token) => {
      const id = Object.hasOwn(options.tokens, token) ? options.tokens[token] : options.defaultSource;
      return all.find((source) => source.id === id);
    },
  };
}

/** Starts a listener. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { clock, log, metrics, onFinding } = options;
  const collector = new ListenCollector(options);
  const snapshot = makeSnapshot(options.lock);
  const sources = makeListenSources(options);
  const receivers: readonly Receiver[] = [makeJsonReceiver(), makeMixpanelReceiver()];

  function judge(record: RawRecord): readonly string[] {
    const decoded = receivers.find(({ kind }) => kind === record.header.receiver)?.decode(record);
    if (decoded?.kind !== "items") return [];
    const messages: string[] = [];
    for (const [index, item] of decoded.items.entries()) {
      const source = sources.find(item.token);
      if (!source) continue;
      const place = {
        receivedAt: record.header.receivedAt,
        position: 0,
        clientAddress: "",
        ipParameter: "0",
        index,
        repetition: 0,
      };
      for (const judged of judgeItem(item, { snapshot, source, geolocate: undefined }, place)) {
        for (const fresh of collector.add(source.id, judged)) onFinding?.(fresh);
        for (const { level, id, at, message } of judged.findings)
          if (level !== "info") messages.push(`${judged.name}: ${message} (${id} at ${at})`);
      }
    }
    return messages;
  }

  const gateway = await startGateway({
    host: options.host,
    port: options.port,
    // What was judged is not kept: it is only answered.
    journal: { append: () => Promise.resolve(0) },
    sources,
    receivers,
    sideRoutes: makeSideRoutes({ files: options.files, routes: MIXPANEL_ROUTES }),
    trustedProxies: [],
    clock,
    log,
    metrics,
    judgeNow: (record) => Promise.resolve(judge(record)),
  });
  return { url: gateway.url, report: () => collector.report(), close: () => gateway.close() };
}

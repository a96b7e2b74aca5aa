// The public port of a gateway over a real journal, without judge or delivery: what was acknowledged is read back from the journal.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Agent, request as httpRequest } from "undici";
import {
  type GatewayOptions,
  makeJsonReceiver,
  makeMixpanelReceiver,
  makeSideRoutes,
  makeSourceTable,
  MIXPANEL_ROUTES,
  RAW_LOG,
  type ReceivedItem,
  type SourceSettings,
  startGateway,
} from "../../src/gateway/index.ts";
import { decodeRaw, type RawRecord } from "../../src/gateway/raw-record.ts";
import { openJournal } from "../../src/journal/index.ts";
import { addingMetrics, rememberingLog, systemClock } from "./quiet.ts";

export const PAGE_ORIGIN = "https://shop.example";

const WEB: SourceSettings = {
  id: "web",
  trust: "client",
  tokens: ["web_token"],
  origins: [PAGE_ORIGIN],
  clientAddress: "forward",
  development: false,
};
const API: SourceSettings = { ...WEB, id: "api", trust: "server", tokens: ["api_token"], origins: [] };

export const SDK_FILE = Buffer.from("/* the SDK */".repeat(50));

export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export async function startDoor(
  options: Partial<GatewayOptions> & { readonly extraSources?: readonly SourceSettings[] } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), "plumbline-door-"));
  const log = rememberingLog();
  const metrics = addingMetrics();
  const journal = await openJournal({ directory, clock: systemClock, log, role: "primary" });
  const receivers = options.receivers ?? [makeJsonReceiver(), makeMixpanelReceiver()];
  const gateway = await startGateway({
    host: "127.0.0.1",
    port: 0,
    journal,
    sources: makeSourceTable([WEB, API, ...(options.extraSources ?? [])]),
    receivers,
    sideRoutes: makeSideRoutes({ files: new Map([["lib.min.js", SDK_FILE]]), routes: MIXPANEL_ROUTES }),
    trustedProxies: [],
    clock: systemClock,
    log,
    metrics,
    ...options,
  });
  let read = 0;
  /** Requests acknowledged since the last call. */
  const records = (): RawRecord[] => {
    const found = journal.read(RAW_LOG, { after: read, limit: 100_000 });
    read = found.at(-1)?.position ?? read;
    return found.map(({ bytes }) => decodeRaw(bytes));
  };
  return {
    url: gateway.url,
    log,
    metrics,
    journal,
    records,
    /** Their items, decoded as the judge will. */
    items: (): ReceivedItem[] =>
      records().flatMap((record) => {
        const decoded = receivers.find(({ kind }) => kind === record.header.receiver)?.decode(record);
        return decoded?.kind === "items" ? [...decoded.items] : [];
      }),
    send: async (
      path: string,
      init: {
        readonly method?: "GET" | "POST" | "OPTIONS";
        readonly headers?: Record<string, string>;
        readonly body?: string | Buffer;
        /** Default: undici's, which opens as many connections as there are requests. */
        readonly dispatcher?: Agent;
      } = {},
    ): Promise<Sent> => {
      const answer = await httpRequest(`${gateway.url}${path}`, {
        method: init.method ?? (init.body === undefined ? "GET" : "POST"),
        headers: init.headers ?? {},
        ...(init.body === undefined ? {} : { body: init.body }),
        ...(init.dispatcher === undefined ? {} : { dispatcher: init.dispatcher }),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: await answer.body.text(),
      };
    },
    close: async () => {
      await gateway.close();
      await journal.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type Door = Awaited<ReturnType<typeof startDoor>>;

/** An event as SDKs send it. */
export function event(name = "Page left", more: Readonly<Record<string, unknown>> = {}) {
  return { event: name, properties: { token: "web_token", distinct_id: "d1", $insert_id: "i1", ...more } };
}

export function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}

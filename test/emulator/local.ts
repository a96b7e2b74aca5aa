// A local Mixpanel for one test file, and the few requests that every test makes.
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { afterEach } from "vitest";
import { type EmulatorOptions, startEmulator } from "../../src/emulator/index.ts";

/** The service account that `plumbline emulator` is documented with. */
export const SERVICE_ACCOUNT = `Basic ${Buffer.from("sa:sa_secret").toString("base64")}`;

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
}

interface Sent {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Local {
  readonly url: string;
  send(path: string, sent?: Sent): Promise<Reply>;
  /** Sends JSON with the service account. */
  post(path: string, body: unknown, method?: string): Promise<Reply>;
  /** Sends lines to strict import. */
  importEvents(events: readonly unknown[], query?: string): Promise<Reply>;
  track(events: readonly unknown[], query?: string): Promise<Reply>;
  engage(updates: readonly unknown[], query?: string): Promise<Reply>;
  exported(query?: string): Promise<Exported[]>;
  profile(id: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  set(switches: Readonly<Record<string, string>>): Promise<void>;
  fault(fault: object): Promise<Reply>;
}

interface Exported {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Lines of JSON, parsed. */
export function parseLines(text: string): Exported[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Exported);
}

let running: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(running.map((close) => close()));
  running = [];
});

/** Starts a local Mixpanel that ends with the test. */
export async function startLocal(options: EmulatorOptions = {}): Promise<Local> {
  const emulator = await startEmulator({ store: "memory", ...options });
  running.push(() => emulator.close());

  async function send(path: string, { method = "GET", body, headers = {} }: Sent = {}): Promise<Reply> {
    const answer = await request(`${emulator.url}${path}`, {
      method: method as "GET",
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text) };
  }

  const asJson = { "content-type": "application/json" };
  const post: Local["post"] = (path, body, method = "POST") =>
    send(path, {
      method,
      body: JSON.stringify(body),
      headers: { ...asJson, authorization: SERVICE_ACCOUNT },
    });
  return {
    url: emulator.url,
    send,
    post,
    importEvents: (events, query = "strict=1&project_id=1") =>
      send(`/import?${query}`, {
        method: "POST",
        body: gzipSync(events.map((event) => JSON.stringify(event)).join("\n")),
        headers: {
          authorization: SERVICE_ACCOUNT,
          "content-type": "application/x-ndjson",
          "content-encoding": "gzip",
        },
      }),
    track: (events, query = "verbose=1") =>
      send(`/track?${query}`, { method: "POST", body: JSON.stringify(events), headers: asJson }),
    engage: (updates, query = "verbose=1") =>
      send(`/engage?${query}`, { method: "POST", body: JSON.stringify(updates), headers: asJson }),
    exported: async (query = "") => {
      const all = `/api/2.0/export?project_id=1&from_date=2000-01-01&to_date=2099-12-31&time_in_ms=true${query}`;
      const reply = await send(all, { headers: { authorization: SERVICE_ACCOUNT } });
      if (reply.status !== 200) throw new Error(`export answered ${reply.status}: ${reply.text}`);
      return parseLines(reply.text);
    },
    profile: async (id) => {
      const reply = await send("/api/query/engage?project_id=1", {
        method: "POST",
        body: new URLSearchParams({ distinct_id: id }).toString(),
        headers: { authorization: SERVICE_ACCOUNT, "content-type": "application/x-www-form-urlencoded" },
      });
      const { results } = reply.json() as {
        results: { $properties: Readonly<Record<string, unknown>> }[];
      };
      return results[0]?.$properties;
    },
    set: async (switches) => {
      const reply = await post("/emulator/switches", switches);
      if (reply.status !== 200) throw new Error(reply.text);
    },
    fault: (fault) => post("/emulator/faults", fault),
  };
}

/** An event that strict import takes. */
export function makeEvent(more: Readonly<Record<string, unknown>> = {}, event = "Song played"): object {
  return {
    event,
    properties: { time: Date.now() - 1000, distinct_id: "user-1", $insert_id: "insert-1", ip: 0, ...more },
  };
}

/** An event that `/track` takes. */
export function makeTracked(more: Readonly<Record<string, unknown>> = {}, event = "Song played"): object {
  return { event, properties: { token: "any_token", distinct_id: "user-1", ...more } };
}

// A proxy in front of the local Mixpanel that takes flags out of what a server sends: what a sender would do that forgot them.
// Without a flag to take it forwards byte for byte, and notes every write that lacks one.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { request } from "undici";

/** `record`: `$ip` and `ip` in what is sent; `query`: the parameter `ip`; `place`: both; `last seen`: `$ignore_time`. */
export type Taken = "nothing" | "record" | "query" | "place" | "last seen";

type Item = Readonly<Record<string, unknown>>;

interface Write {
  readonly route: string;
  readonly query: URLSearchParams;
  readonly items: readonly Item[];
}

export interface FlagThief {
  readonly url: string;
  /** Records that were written so far. */
  readonly records: number;
  /** Of those that lack a flag: route and flag. */
  readonly unsafe: readonly string[];
  readonly close: () => Promise<void>;
}

const WRITES = new Set(["track", "engage", "groups", "import"]);

function propertiesOf(item: Item): Item {
  return (item["properties"] ?? {}) as Item;
}

function parseData(data: string): unknown {
  const text = data.trim();
  const isJson = text.startsWith("[") || text.startsWith("{");
  return JSON.parse(isJson ? text : Buffer.from(text.replaceAll(" ", "+"), "base64").toString("utf8"));
}

/** The records of a request, in every shape that senders of ours use: lines, an array, a form, a pixel. */
function readWrite(url: URL, headers: IncomingMessage["headers"], body: Buffer): Write {
  const query = new URLSearchParams(url.search);
  const text = (headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("utf8");
  const type = headers["content-type"] ?? "";
  const route = url.pathname.replaceAll("/", "");
  if (type.includes("ndjson")) {
    const lines = text.split("\n").filter((line) => line !== "");
    return { route, query, items: lines.map((line) => JSON.parse(line) as Item) };
  }
  let data: unknown;
  if (type.includes("json")) data = JSON.parse(text);
  else {
    const form = new URLSearchParams(text);
    data = parseData(form.get("data") ?? query.get("data") ?? "");
    query.delete("data");
    for (const [name, value] of form) if (name !== "data" && !query.has(name)) query.set(name, value);
  }
  return { route, query, items: (Array.isArray(data) ? data : [data]) as readonly Item[] };
}

/** What a record lacks. On `/track` the parameter and the property are each enough; a profile update has to say both of its own. */
function missingFlags({ route, query, items }: Write): readonly string[] {
  const isOff = (value: unknown): boolean => value === 0 || value === "0";
  return items.flatMap((item) => {
    if (route === "import") return isOff(propertiesOf(item)["ip"]) ? [] : ["import ip"];
    if (route === "track")
      return query.get("ip") !== "1" && (query.get("ip") === "0" || isOff(propertiesOf(item)["ip"]))
        ? []
        : ["track ip"];
    return [
      ...(isOff(item["$ip"]) ? [] : [`${route} $ip`]),
      ...(item["$ignore_time"] === true ? [] : [`${route} $ignore_time`]),
    ];
  });
}

function without(item: Item, ...names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));
}

function takeFrom(item: Item, taken: Taken): Item {
  if (taken === "last seen") return without(item, "$ignore_time");
  if (taken === "query") return item;
  const { properties, ...rest } = without(item, "$ip");
  return properties === undefined ? rest : { ...rest, properties: without(properties as Item, "ip") };
}

function rewritten({ route, query, items }: Write, taken: Taken) {
  if (taken === "query" || taken === "place") query.delete("ip");
  const kept = items.map((item) => takeFrom(item, taken));
  const isLines = route === "import";
  return {
    path: `/${route}?${query.toString()}`,
    type: isLines ? "application/x-ndjson" : "application/json",
    body: isLines ? kept.map((item) => JSON.stringify(item)).join("\n") : JSON.stringify(kept),
  };
}

async function bodyOf(from: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of from) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function passedOn({ headers }: IncomingMessage, type?: string): Record<string, string> {
  const names = [
    "authorization",
    "accept",
    ...(type === undefined ? ["content-type", "content-encoding"] : []),
  ];
  const kept = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(kept), ...(type === undefined ? {} : { "content-type": type }) };
}

/** Starts the proxy. */
export async function startFlagThief(target: string, taken: Taken): Promise<FlagThief> {
  const unsafe: string[] = [];
  let records = 0;
  const handle = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    const body = await bodyOf(from);
    const url = new URL(from.url ?? "/", target);
    let sent = {
      path: `${url.pathname}${url.search}`,
      type: undefined as string | undefined,
      body: body as Buffer | string,
    };
    let method = from.method ?? "GET";
    if (WRITES.has(url.pathname.replaceAll("/", ""))) {
      const write = readWrite(url, from.headers, body);
      records += write.items.length;
      unsafe.push(...missingFlags(write));
      if (taken !== "nothing") {
        sent = rewritten(write, taken);
        method = "POST";
      }
    }
    const answer = await request(`${target}${sent.path}`, {
      method: method as "GET",
      headers: passedOn(from, sent.type),
      ...(method === "GET" ? {} : { body: sent.body }),
    });
    const type = answer.headers["content-type"];
    to.writeHead(answer.statusCode, typeof type === "string" ? { "content-type": type } : {});
    to.end(Buffer.from(await answer.body.arrayBuffer()));
  };
  const server = createServer((from, to) => void handle(from, to).catch(() => to.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get records() {
      return records;
    },
    unsafe,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

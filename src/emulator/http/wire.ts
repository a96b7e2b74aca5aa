// Requests as the SDKs send them, and answers as they expect them. Tolerant in what it reads: every official SDK has its own shape.
import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

export interface Wire {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Without query and trailing slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** Reads a whole body; `undefined` when it is larger than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
  }
  return length > maxBytes ? undefined : Buffer.concat(chunks);
}

/** The body without its compression; `undefined` when it is broken. */
export function unpack({ request, body }: Wire): Buffer | undefined {
  if (!(request.headers["content-encoding"] ?? "").includes("gzip")) return body;
  try {
    return gunzipSync(body);
  } catch {
    return undefined;
  }
}

function fromData(data: string): unknown {
  const text = data.trim();
  if (text.startsWith("[") || text.startsWith("{")) return JSON.parse(text);
  // node sends `+` unescaped, which a form turns into a space; ruby's pixel uses the url-safe alphabet.
  const base64 = text.replaceAll(" ", "+").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
}

export interface Payload {
  readonly items: readonly unknown[];
  /** Fields of the form beside `data`: `verbose`, `ip`, `strict`. */
  readonly form: URLSearchParams;
}

/** The items of a request in any of the shapes; `undefined` when there are none that can be read. */
export function readPayload(wire: Wire): Payload | undefined {
  const none = new URLSearchParams();
  try {
    const type = wire.request.headers["content-type"] ?? "";
    const body = unpack(wire);
    if (body === undefined) return undefined;
    const fromQuery = wire.query.get("data");
    if (body.length === 0)
      return fromQuery === null ? undefined : { items: asItems(fromData(fromQuery)), form: none };
    const text = body.toString("utf8");
    if (type.includes("ndjson"))
      return {
        items: text
          .split("\n")
          .filter((line) => line.trim() !== "")
          .map((line): unknown => JSON.parse(line)),
        form: none,
      };
    if (type.includes("json") || /^\s*[[{]/.test(text))
      return { items: asItems(JSON.parse(text)), form: none };
    const form = new URLSearchParams(text);
    const data = form.get("data") ?? fromQuery;
    return data === null ? undefined : { items: asItems(fromData(data)), form };
  } catch {
    // Not JSON, not base64: the caller answers as Mixpanel does.
    return undefined;
  }
}

function asItems(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

/** User name and password of a Basic header. */
export function basicCredential(
  request: IncomingMessage,
): { readonly user: string; readonly password: string } | undefined {
  const [, encoded] = /^Basic (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const [user = "", ...password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { user, password: password.join(":") };
}

/** Answers JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Address of the sender, believing the forwarding headers as Mixpanel's documented proxy set-up needs. */
export function senderAddress(request: IncomingMessage): string {
  const forwarded = request.headers["x-forwarded-for"] ?? request.headers["x-real-ip"];
  const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(",")[0]?.trim();
  return first ?? (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

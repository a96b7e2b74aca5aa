// One request as routes see it, and the answer that they give. Routes never touch the response: so a fault can cut it.
import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Fault } from "../faults.ts";
import type { Project } from "../project.ts";

/** Largest body of any request, as sent and unpacked. */
export const BODY_MAX_BYTES = 64 << 20;

export interface Call {
  readonly project: Project;
  readonly request: IncomingMessage;
  readonly method: string;
  /** Without query and trailing slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** As sent, perhaps compressed. */
  readonly body: Buffer;
  /** A fault that the route itself acts out. */
  readonly fault: Fault | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Texts that come one after the other are streamed. */
  readonly body: string | Buffer | AsyncIterable<string>;
}

/** Answers JSON. */
export function json(status: number, body: unknown): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** Answers plain text. */
export function text(status: number, body: string): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** The error shape of the app and query APIs. */
export function refuse(status: number, error: string): Answer {
  return json(status, { error, status: "error" });
}

/** Reads a whole body; `undefined` when it is larger than {@link BODY_MAX_BYTES}. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  if (length > BODY_MAX_BYTES) return undefined;
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** The body without its compression, `too-large` beyond `maxBytes`, or `broken`. */
export function unpack({ request, body }: Call, maxBytes: number): Buffer | "too-large" | "broken" {
  if (!(request.headers["content-encoding"] ?? "").includes("gzip"))
    return body.length > maxBytes ? "too-large" : body;
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    // A body that would unpack beyond the limit is not unpacked further.
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "too-large" : "broken";
  }
}

/** The JSON in the body; `undefined` when it is none. */
export function bodyJson(call: Call): unknown {
  const bytes = unpack(call, BODY_MAX_BYTES);
  if (typeof bytes === "string") return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // The route answers that the body is not JSON.
    return undefined;
  }
}

/** Parameters of the query and, above them, of a form body. */
export function parametersOf(call: Call): URLSearchParams {
  const all = new URLSearchParams(call.query);
  const bytes = unpack(call, BODY_MAX_BYTES);
  if (typeof bytes === "string" || bytes.length === 0) return all;
  const type = call.request.headers["content-type"] ?? "";
  const sent = bytes.toString("utf8");
  if (type.includes("json")) {
    const value = bodyJson(call);
    if (typeof value === "object" && value !== null)
      for (const [name, one] of Object.entries(value))
        all.set(name, typeof one === "string" ? one : JSON.stringify(one));
    return all;
  }
  for (const [name, value] of new URLSearchParams(sent)) all.set(name, value);
  return all;
}

/** Address of the sender, believing the forwarding headers, as Mixpanel's documented proxy set-up needs. */
export function senderAddress({ request }: Call): string {
  const forwarded = request.headers["x-forwarded-for"] ?? request.headers["x-real-ip"];
  const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(",")[0]?.trim();
  return first === undefined || first === ""
    ? (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "")
    : first;
}

// The HTTP side: reads a request whole, meets faults, finds the route, sends the answer. Knows nothing of events or profiles.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { createGzip, gzipSync } from "node:zlib";
import { AppError } from "../../core/index.ts";
import type { Fault } from "../faults.ts";
import type { Project } from "../project.ts";
import { type Answer, BODY_MAX_BYTES, type Call, json, readBody, refuse, text } from "./call.ts";
import { answerError } from "./ingestion-answers.ts";

/** Finds the route of a path and the name that faults and counts know it by. */
export interface Routed {
  readonly name: string;
  readonly answer: (call: Call) => Answer | Promise<Answer>;
}

export interface ServerParts {
  readonly project: Project;
  readonly route: (path: string) => Routed;
}

/** Smaller answers are not compressed. Source (read 2026-11): Mixpanel "Raw Event Export". */
const GZIP_FROM_BYTES = 1400;

/** Mixpanel lets every page send, with its cookies. */
function crossOrigin({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const { origin } = headers;
  if (origin === undefined) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "retry-after",
    vary: "origin",
  };
}

function preflight(request: IncomingMessage): Answer {
  return {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, POST, OPTIONS",
      "access-control-allow-headers":
        request.headers["access-control-request-headers"] ?? "authorization, content-type, traceparent",
      "access-control-max-age": "600",
    },
    body: "",
  };
}

function answerFault(fault: Fault): Answer | undefined {
  const headers: Record<string, string> =
    fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
  if (fault.status !== undefined) {
    const error =
      fault.status === 429
        ? "Project exceeded rate limits. Please retry the request with exponential backoff."
        : "a fault that was asked for";
    const answer =
      fault.body === undefined ? answerError(fault.status, error) : text(fault.status, fault.body);
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }
  return fault.body === undefined ? undefined : { ...text(200, fault.body), headers };
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const { status, body } = answer;
  const headers = { ...answer.headers, ...crossOrigin(request) };
  const takesGzip = (request.headers["accept-encoding"] ?? "").includes("gzip");
  if (typeof body === "string" || Buffer.isBuffer(body)) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (takesGzip && bytes.length > GZIP_FROM_BYTES)
      response.writeHead(status, { ...headers, "content-encoding": "gzip" }).end(gzipSync(bytes));
    else response.writeHead(status, headers).end(bytes);
    return;
  }
  const source = Readable.from(body, { objectMode: true });
  if (!takesGzip) {
    response.writeHead(status, headers);
    await pipeline(source, response);
    return;
  }
  response.writeHead(status, { ...headers, "content-encoding": "gzip" });
  await pipeline(source, createGzip({ level: 1 }), response);
}

function parseUrl(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? "/", "http://local");
  } catch {
    // A request line that is no URL.
    return undefined;
  }
}

/** Answers one request. */
export async function handleRequest(
  { project, route }: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = parseUrl(request);
  if (!url) return send(request, response, refuse(400, "the address is not valid"));
  const path = url.pathname.replace(/\/+$/, "") || "/";
  if (request.method === "OPTIONS") return send(request, response, preflight(request));
  const { name, answer } = route(path);
  const isOwn = path === "/emulator" || path.startsWith("/emulator/");
  const reply = async (found: Answer): Promise<void> => {
    if (!isOwn) project.countRequest(name, found.status);
    await send(request, response, found);
  };
  const body = await readBody(request);
  if (!body) return reply(answerError(413, `request exceeds max limit of ${BODY_MAX_BYTES} bytes`));
  const fault = isOwn ? undefined : project.faults.take(name);
  if (fault?.delayMs !== undefined) await pause(fault.delayMs);
  const cut = (): void => {
    project.countRequest(name, 0);
    request.socket.destroy();
  };
  if (fault?.cut === "before") return cut();
  const failed = fault && answerFault(fault);
  if (failed) return reply(failed);
  const method = request.method ?? "GET";
  const found = await answer({ project, request, method, path, query: url.searchParams, body, fault });
  if (fault?.cut === "after") return cut();
  return reply(found);
}

/** The answer to a request that could not be carried out. */
export function sendFailure(error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    // Half an answer was sent: cutting it tells the reader that it is not whole.
    response.destroy();
    return;
  }
  const isExpected = error instanceof AppError && error.code !== "INTERNAL";
  const message = isExpected ? `${error.message}. ${error.hint}` : "the local Mixpanel failed; see its log";
  const { status, headers, body } = isExpected
    ? refuse(400, message)
    : json(500, { error: message, status: "error" });
  response.writeHead(status, headers).end(body);
}

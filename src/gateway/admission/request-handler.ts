// What happens to one request: read, decode, admit, put on disk, answer.
// Invariant: "accepted" means flushed, and marks committed. Overload and a full disk are 503; policy is never a 4xx to a client SDK.
import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError, assertNever, type Clock, type Journal, type Log, type Metrics } from "../../core/index.ts";
import { encodeRaw, RAW_LOG, type RawRecord } from "../raw-record.ts";
import type { Answer, HttpAnswer, ReceivedItem, Receiver } from "../receiver.ts";
import type { SideRoutes } from "../receivers/mixpanel/side-routes.ts";
import { readCredential } from "../receivers/basic-credential.ts";
import type { SourceSettings, SourceTable } from "../sources.ts";
import { makeAdmission } from "./admit.ts";
import { clientAddress, isProxyAddress, parseProxyRanges } from "./client-address.ts";
import { crossOriginHeaders, foreignOrigin, preflightHeaders } from "./cross-origin.ts";
import { type MarkTaker, planMarks, type PlannedMarks } from "./plan-marks.ts";
import { readBody } from "./read-body.ts";

export interface HandlerOptions {
  readonly journal: Pick<Journal, "append">;
  readonly sources: SourceTable;
  readonly receivers: readonly Receiver[];
  /** Answers routes that carry no data; `undefined` for a path that is not one. */
  readonly sideRoutes?: SideRoutes;
  /** Passes a session recording on; absent: recordings are answered and forgotten. */
  readonly record?: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Addresses and ranges whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called after each append, so that the judge need not poll. */
  readonly onAppended?: () => void;
  /** Judges before the answer; used for items of sources in development. Gives messages, empty when all is well. */
  readonly judgeNow?: (record: RawRecord) => Promise<readonly string[]>;
  /** Takes marks of `POST /v1/people`; absent: there is no people database, and marks are refused. */
  readonly people?: MarkTaker;
  /** Bytes of bodies that may wait for the disk at once; over it the answer is 503. */
  readonly pendingMaxBytes: number;
}

/** Seconds a client is asked to wait. python sleeps that long in the caller's thread: keep it short. */
export const RETRY_AFTER_SECONDS = 2;
const HEADER_MAX_CHARACTERS = 512;
const JSON_TYPE = { "content-type": "application/json" } as const;
const NOT_FOUND: HttpAnswer = { status: 404, headers: JSON_TYPE, body: '{"error":"not found"}' };
const WELCOME: HttpAnswer = { status: 200, headers: JSON_TYPE, body: '{"name":"plumbline"}' };
const OVERLOADED: Answer = { kind: "overloaded", retryAfterSeconds: RETRY_AFTER_SECONDS };

const NO_BODY = Buffer.alloc(0);

/** What admission decided: an answer at once, or bytes to be kept and the answer for when they are on disk. */
type Decision =
  | { readonly kind: "answer"; readonly answer: Answer }
  | {
      readonly kind: "keep";
      readonly record: RawRecord;
      /** For the journal; `undefined` where marks are all there is: they are carried out before the answer. */
      readonly bytes: Uint8Array | undefined;
      readonly marks: PlannedMarks | undefined;
      readonly counts: ReadonlyMap<SourceSettings, number>;
      readonly items: number;
      readonly accepted: HttpAnswer;
      /** Of a source in development: what the judge finds. */
      readonly findings: Promise<readonly string[]> | undefined;
    };

interface Found {
  readonly receiver: Receiver;
  readonly route: string;
  /** Without `?`. */
  readonly query: string;
}

function header(request: IncomingMessage, name: "content-type" | "content-encoding" | "user-agent"): string {
  return (request.headers[name] ?? "").slice(0, HEADER_MAX_CHARACTERS);
}

/** Handles every request of the public port. */
export class RequestHandler {
  readonly #options: HandlerOptions;
  readonly #proxies: ReturnType<typeof parseProxyRanges>;
  readonly #admit: ReturnType<typeof makeAdmission>;
  /** Origins of all sources: a preflight request names no token. */
  readonly #origins: ReadonlySet<string>;
  #pendingBytes = 0;

  constructor(options: HandlerOptions) {
    this.#options = options;
    this.#proxies = parseProxyRanges(options.trustedProxies);
    this.#admit = makeAdmission(options.sources, () => options.clock.now());
    this.#origins = new Set(options.sources.all.flatMap((source) => source.origins));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const path = mark < 0 ? url : url.slice(0, mark);
    const method = request.method ?? "GET";
    for (const receiver of this.#options.receivers) {
      const route = receiver.route(method, path);
      if (route === undefined) continue;
      return this.#receive(request, response, {
        receiver,
        route,
        query: mark < 0 ? "" : url.slice(mark + 1),
      });
    }
    const { record, sideRoutes } = this.#options;
    if (record && method === "POST" && sideRoutes?.isRecord(path) === true && this.#mayRecord(request)) {
      this.#setCrossOrigin(response, this.#foreignOrigin(request));
      return record(request, response);
    }
    request.resume();
    if (method === "OPTIONS") return this.#preflight(request, response);
    const side = sideRoutes?.answer({
      method,
      path,
      acceptEncoding: request.headers["accept-encoding"]?.toString() ?? "",
      ifNoneMatch: request.headers["if-none-match"] ?? "",
    });
    return this.#send(response, side ?? (path === "/" ? WELCOME : NOT_FOUND), this.#foreignOrigin(request));
  }

  #foreignOrigin(request: IncomingMessage): string | undefined {
    if (request.headers.origin === undefined) return undefined;
    return foreignOrigin(request, isProxyAddress(request.socket.remoteAddress ?? "", this.#proxies));
  }

  /** Recordings are passed on for known sources from their own pages; others get the answer that ends the SDK's tries. */
  #mayRecord(request: IncomingMessage): boolean {
    const { sources, metrics } = this.#options;
    const source = sources.find(readCredential(request));
    const origin = this.#foreignOrigin(request);
    if (source && (origin === undefined || source.origins.includes(origin))) return true;
    metrics.count("plumbline_refused_total", { reason: source ? "origin-not-listed" : "unknown-token" });
    return false;
  }

  #preflight(request: IncomingMessage, response: ServerResponse): void {
    const origin = this.#foreignOrigin(request);
    const headers = origin !== undefined && this.#origins.has(origin) ? preflightHeaders(origin) : {};
    response.writeHead(204, headers).end();
  }

  #setCrossOrigin(response: ServerResponse, origin: string | undefined): void {
    if (origin === undefined || !this.#origins.has(origin)) return;
    for (const [name, value] of Object.entries(crossOriginHeaders(origin))) response.setHeader(name, value);
  }

  #send(response: ServerResponse, answer: HttpAnswer, origin: string | undefined): void {
    const cors = origin !== undefined && this.#origins.has(origin) ? crossOriginHeaders(origin) : undefined;
    response.writeHead(answer.status, cors ? { ...answer.headers, ...cors } : answer.headers);
    response.end(answer.body);
  }

  async #receive(request: IncomingMessage, response: ServerResponse, found: Found): Promise<void> {
    const { clock, metrics } = this.#options;
    const { receiver, route } = found;
    const started = performance.now();
    const origin = this.#foreignOrigin(request);
    const result = await readBody(request, receiver.bodyMaxBytes(route));
    if (result.kind === "aborted") return metrics.count("plumbline_refused_total", { reason: "aborted" });
    const forwarded = request.headers["x-forwarded-for"]?.toString();
    const record: RawRecord = {
      header: {
        receiver: receiver.kind,
        route,
        receivedAt: clock.now(),
        query: found.query,
        contentType: header(request, "content-type"),
        contentEncoding: header(request, "content-encoding"),
        clientAddress: clientAddress(request.socket.remoteAddress ?? "", forwarded, this.#proxies),
        userAgent: header(request, "user-agent"),
        credential: receiver.credential(request),
        ...(origin === undefined ? {} : { origin }),
      },
      body: result.kind === "body" ? result.body : NO_BODY,
    };
    let decision: Decision;
    if (result.kind === "too-large") {
      decision = { kind: "answer", answer: { kind: "too-large", limitBytes: receiver.bodyMaxBytes(route) } };
      // What is left of a body that is too large would be read as the next request.
      response.setHeader("connection", "close");
    } else decision = this.#decide(receiver, record);
    const [outcome, answer] =
      decision.kind === "keep"
        ? await this.#keep(receiver, decision)
        : ([decision.answer.kind, receiver.answer(decision.answer, record)] as const);
    this.#send(response, answer, origin);
    metrics.count("plumbline_received_requests_total", { receiver: receiver.kind, route, outcome });
    metrics.observe(
      "plumbline_ack_seconds",
      { receiver: receiver.kind },
      (performance.now() - started) / 1000,
    );
    return undefined;
  }

  /** What is to be done with a request. Synchronous, so that nothing that was parsed stays in memory while the disk is waited for. */
  #decide(receiver: Receiver, record: RawRecord): Decision {
    const { metrics } = this.#options;
    const decoded = receiver.decode(record);
    switch (decoded.kind) {
      case "items":
        return this.#admitItems(receiver, record, decoded.items);
      case "too-large":
        metrics.count("plumbline_refused_total", { reason: "too-large" });
        return { kind: "answer", answer: decoded };
      case "too-deep":
        metrics.count("plumbline_refused_total", { reason: "too-deep" });
        return {
          kind: "answer",
          answer: { kind: "malformed", reason: "data, nested too deeply or too many members" },
        };
      case "undecodable":
        metrics.count("plumbline_refused_total", { reason: "undecodable" });
        return { kind: "answer", answer: { kind: "malformed", reason: decoded.reason } };
      default:
        return assertNever(decoded);
    }
  }

  #admitItems(receiver: Receiver, record: RawRecord, items: readonly ReceivedItem[]): Decision {
    const { metrics, sources, judgeNow, people } = this.#options;
    if (items.length === 0) return { kind: "answer", answer: { kind: "accepted", items } };
    const { origin, clientAddress: address, route } = record.header;
    const admission = this.#admit({ items, origin, address, trust: receiver.trustNeeded?.(route) });
    switch (admission.kind) {
      case "too-fast":
        metrics.count("plumbline_refused_total", { reason: "rate" }, items.length);
        return { kind: "answer", answer: OVERLOADED };
      case "nobody": {
        metrics.count("plumbline_refused_total", { reason: admission.reason }, items.length);
        if (admission.reason === "trust-too-low") return { kind: "answer", answer: { kind: "forbidden" } };
        const [first] = items;
        // An item without any token is the sender's mistake, and Mixpanel says so.
        const isTokenless = first?.kind === "malformed" && first.token === "";
        return {
          kind: "answer",
          answer: isTokenless ? { kind: "malformed", reason: first.reason } : { kind: "unknown-token" },
        };
      }
      case "admitted": {
        const inDevelopment =
          judgeNow !== undefined && items.some((item) => sources.find(item.token)?.development);
        const marks = planMarks(items, sources, people);
        const accepted: Answer = {
          kind: "accepted",
          items,
          ...(marks === undefined ? {} : { refused: marks.refused }),
        };
        const isMarksOnly = marks !== undefined && items.every(({ kind }) => kind === "mark");
        return {
          kind: "keep",
          record,
          bytes: isMarksOnly ? undefined : encodeRaw(record.header, record.body),
          marks,
          counts: admission.counts,
          items: items.length,
          accepted: receiver.answer(accepted, record),
          findings: inDevelopment ? judgeNow(record) : undefined,
        };
      }
      default:
        return assertNever(admission);
    }
  }

  async #keep(
    receiver: Receiver,
    kept: Extract<Decision, { kind: "keep" }>,
  ): Promise<readonly [outcome: Answer["kind"], answer: HttpAnswer]> {
    const { metrics, pendingMaxBytes } = this.#options;
    const { record } = kept;
    const messages = (await kept.findings) ?? [];
    if (messages.length > 0) return ["findings", receiver.answer({ kind: "findings", messages }, record)];
    const size = kept.bytes?.length ?? record.body.length;
    let refused: string | undefined = "pending";
    if (this.#pendingBytes + size <= pendingMaxBytes) {
      this.#pendingBytes += size;
      try {
        // Marks first: when they fail nothing was kept, and one too many costs no more than a read.
        refused = await this.#mark(kept.marks);
        if (refused === undefined && kept.bytes !== undefined) refused = await this.#append(kept.bytes);
      } finally {
        this.#pendingBytes -= size;
      }
    }
    if (refused !== undefined) {
      metrics.count("plumbline_refused_total", { reason: refused }, kept.items);
      return [OVERLOADED.kind, receiver.answer(OVERLOADED, record)];
    }
    for (const [source, count] of kept.counts)
      metrics.count("plumbline_received_events_total", { source: source.id }, count);
    return ["accepted", kept.accepted];
  }

  /** Puts a request on disk; the code of the error when the journal refuses. */
  async #append(bytes: Uint8Array): Promise<string | undefined> {
    const { journal, log, onAppended } = this.#options;
    try {
      await journal.append(RAW_LOG, bytes);
      onAppended?.();
      return undefined;
    } catch (error) {
      const code = error instanceof AppError ? error.code : "INTERNAL";
      log.error({ code }, "the journal refused a request");
      return code;
    }
  }

  /** Makes marks; why not, when they could not be committed. */
  async #mark(marks: PlannedMarks | undefined): Promise<string | undefined> {
    const { people, metrics, log } = this.#options;
    if (people === undefined || marks === undefined || marks.userIds.length === 0) return undefined;
    try {
      await people.marks.mark(marks.userIds, marks.cause);
      metrics.count("plumbline_received_marks_total", {}, marks.userIds.length);
      return undefined;
    } catch (error) {
      log.error(
        { code: error instanceof AppError ? error.code : "INTERNAL", marks: marks.userIds.length },
        "marks could not be committed; the request is refused",
      );
      return "marks";
    }
  }
}

// Turns an answer of Mixpanel, or the lack of one, into a delivery outcome. Pure.
// Invariant: whatever does not clearly say "stored" or "not stored" is `unknown`, never a guess.
import { type DeliveryOutcome, type EpochMs, type ItemFailure, isObject } from "../../core/index.ts";

/** Longest text of the provider that is kept with a dead letter, in characters. */
const MESSAGE_MAX_CHARACTERS = 300;

/** An HTTP answer as it came. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** What the answer is about. */
export interface AnswerContext {
  /** `import` reports each failed record; the other routes answer only a status for the whole request. */
  readonly route: "import" | "track" | "engage" | "groups";
  readonly items: number;
  readonly now: EpochMs;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller treats it as an answer it does not know.
    return undefined;
  }
}

function textOf(value: unknown, fallback: string): string {
  return typeof value === "string" && value !== "" ? value.slice(0, MESSAGE_MAX_CHARACTERS) : fallback;
}

/** Reads `Retry-After`, seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now. */
export function parseRetryAfterMs(value: string | undefined, now: EpochMs): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function readFailures(value: unknown, items: number): readonly ItemFailure[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const failures: ItemFailure[] = [];
  for (const record of value as readonly unknown[]) {
    if (!isObject(record)) return undefined;
    const { index, field, message } = record;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= items)
      return undefined;
    failures.push({
      index,
      ...(typeof field === "string" && field !== "" ? { field } : {}),
      message: textOf(message, "no message"),
    });
  }
  return failures;
}

function readSuccess(body: unknown, context: AnswerContext): DeliveryOutcome {
  // Without `verbose=1` the answer is a bare 1 or 0; a proxy may have removed the query.
  if (body === 1) return { kind: "accepted" };
  if (body === 0) return { kind: "refused", message: "status 0" };
  if (isObject(body)) {
    if (context.route === "import") {
      const failed = readFailures(body["failed_records"], context.items);
      if (failed) return { kind: "partial", failed };
      if (body["code"] === 200 || body["status"] === "OK") return { kind: "accepted" };
    }
    if (body["status"] === 1) return { kind: "accepted" };
    if (body["status"] === 0) return { kind: "refused", message: textOf(body["error"], "status 0") };
  }
  return { kind: "unknown", message: "status 200 with an answer that says neither yes nor no" };
}

/** Tells what became of the request that this answers. Source (read 2026-11): Mixpanel "Import Events", `openapi/ingestion`. */
export function readAnswer(answer: Answer, context: AnswerContext): DeliveryOutcome {
  const { status } = answer;
  const body = parseJson(answer.body);
  const text = isObject(body) ? textOf(body["error"], `status ${status}`) : `status ${status}`;
  if (status === 200) return readSuccess(body, context);
  if (status === 400) {
    if (!isObject(body)) return { kind: "unknown", message: "status 400 without JSON" };
    const failed =
      context.route === "import" ? readFailures(body["failed_records"], context.items) : undefined;
    return failed ? { kind: "partial", failed } : { kind: "refused", message: text };
  }
  if (status === 413) return { kind: "too-large" };
  if (status === 429 || status === 503) {
    const retryAfterMs = parseRetryAfterMs(answer.retryAfter, context.now);
    return { kind: "busy", status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (status === 422) return { kind: "refused", message: text };
  // 401 and 403, but also a wrong host (404, 405, a redirect): no retry helps before somebody changes the configuration.
  if (status >= 300 && status < 500 && status !== 408) {
    return { kind: "unauthorized", message: `status ${status}: check host, project and credential` };
  }
  return { kind: "unknown", message: `status ${status}` };
}

/** Codes of errors that happen before the first byte of a request is on its way, so that nothing can have been stored. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|CERT_.*|ERR_TLS_.*|ERR_SSL_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/;

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  // Several addresses tried: all must have failed before sending.
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  return first === undefined ? "" : codeOf(first);
}

/** Tells what became of a request that got no answer. */
export function readTransportError(error: unknown): DeliveryOutcome {
  const code = codeOf(error);
  return NOT_SENT.test(code)
    ? { kind: "busy", status: 0 }
    : { kind: "unknown", message: code === "" ? "no answer" : `no answer: ${code}` };
}

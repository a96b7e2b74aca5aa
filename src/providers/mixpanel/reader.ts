// What Mixpanel holds, read back: names of events, profiles page by page, and the raw export. One call is one request; it never retries.
import { pipeline } from "node:stream";
import { type Dispatcher, request } from "undici";
import {
  AppError,
  type Clock,
  type ExportWindow,
  gunzipStream,
  type ProfileAnswer,
  type ProviderReader,
  type ProviderReadLimits,
} from "../../core/index.ts";
import { type AppCaller, callApp } from "./app-call.ts";
import { appOrigin, exportOrigin } from "./app-host.ts";
import { makeProfilePages } from "./profile-pages.ts";
import { parseRetryAfterMs } from "./read-answer.ts";

export interface MixpanelReaderOptions {
  /** Host of the destination; those of queries and of the raw export are known for Mixpanel's own. */
  readonly host: string;
  readonly projectId: number;
  readonly serviceAccount: { readonly username: string; readonly secret: string };
  /**
   * By group key: what queries name it by, `data_group_id`. Source (read 2026-11): Mixpanel "Query Profiles"; the number stands in the project's
   * settings, and no documented call tells it.
   */
  readonly groupIds?: Readonly<Record<string, number>>;
  readonly clock: Clock;
  /** Limits other than Mixpanel's documented ones. */
  readonly limits?: Partial<ProviderReadLimits>;
  /** Time-out for one answer. Default {@link READ_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  readonly dispatcher?: Dispatcher;
}

/** Default of {@link MixpanelReaderOptions.timeoutMs}: a query of a large project takes minutes. */
export const READ_TIMEOUT_MS = 120_000;

/** Source (read 2026-11): Mixpanel "Rate limits": 60 queries and 60 exports an hour, 3 exports a second; "Query Profiles": pages of 1000. */
export const MIXPANEL_READ_LIMITS: ProviderReadLimits = {
  queriesPerHour: 60,
  profilesPerPage: 1000,
  exportsPerHour: 60,
  exportsPerSecond: 3,
};

function readNames(body: unknown): ProfileAnswer<readonly string[]> {
  return Array.isArray(body) && body.every((name) => typeof name === "string")
    ? { kind: "answer", value: body }
    : { kind: "refused", message: "an answer of an unknown shape" };
}

/** A line that says so stands at the end of an export that broke. */
const TERMINATED = Buffer.from("export terminated early");

/** The body as it was meant. A packed one that is cut off or damaged fails, as a plain one does whose connection broke. */
function unpacked({ body, headers }: Dispatcher.ResponseData): AsyncIterable<Buffer> {
  if (headers["content-encoding"] !== "gzip") return body as AsyncIterable<Buffer>;
  // What goes wrong on the way ends the iteration with an error.
  return pipeline(body, gunzipStream(), () => undefined) as AsyncIterable<Buffer>;
}

async function* readLines(
  options: MixpanelReaderOptions,
  { from, to, events }: ExportWindow,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const { host, projectId, serviceAccount, dispatcher, timeoutMs = READ_TIMEOUT_MS } = options;
  const query = new URLSearchParams({
    project_id: String(projectId),
    from_date: from,
    to_date: to,
    time_in_ms: "true",
    ...(events === undefined ? {} : { event: JSON.stringify(events) }),
  });
  const basic = Buffer.from(`${serviceAccount.username}:${serviceAccount.secret}`).toString("base64");
  const response = await request(`${exportOrigin(host)}/api/2.0/export?${query.toString()}`, {
    headers: { authorization: `Basic ${basic}`, "accept-encoding": "gzip" },
    signal,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  if (response.statusCode !== 200) {
    await response.body.dump();
    const { "retry-after": after } = response.headers;
    const retryAfterMs =
      typeof after === "string" ? parseRetryAfterMs(after, options.clock.now()) : undefined;
    throw new AppError("EXPORT_REFUSED", `Cannot read the raw export: status ${response.statusCode}`, {
      details: { status: response.statusCode, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
  }
  // Only whole lines are handed on, so that a broken end is never taken for an event.
  let rest = Buffer.alloc(0);
  for await (const piece of unpacked(response)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = bytes.lastIndexOf(10) + 1;
    const whole = bytes.subarray(0, end);
    const broken = whole.lastIndexOf(TERMINATED);
    if (broken === 0 || (broken > 0 && whole[broken - 1] === 10)) {
      if (broken > 0) yield whole.subarray(0, broken);
      throw new AppError("EXPORT_REFUSED", "Cannot read the raw export to its end: it was terminated early");
    }
    if (end > 0) yield whole;
    rest = Buffer.from(bytes.subarray(end));
  }
  if (rest.length > 0)
    throw new AppError("EXPORT_REFUSED", "Cannot read the raw export to its end: its last line is not whole");
}

/** A connection that breaks is an export that ended early, like any other. */
async function* readExport(
  options: MixpanelReaderOptions,
  window: ExportWindow,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  try {
    yield* readLines(options, window, signal);
  } catch (cause) {
    if (cause instanceof AppError || signal.aborted) throw cause;
    throw new AppError("EXPORT_REFUSED", "Cannot read the raw export to its end: the connection broke", {
      cause,
    });
  }
}

/** Makes the reader of one project. */
export function createMixpanelReader(options: MixpanelReaderOptions): ProviderReader {
  const { host, projectId, serviceAccount, groupIds = {}, clock } = options;
  const { dispatcher, timeoutMs = READ_TIMEOUT_MS } = options;
  const caller: AppCaller = { clock, timeoutMs, ...(dispatcher === undefined ? {} : { dispatcher }) };
  const basic = Buffer.from(`${serviceAccount.username}:${serviceAccount.secret}`).toString("base64");
  const names = `${appOrigin(host)}/api/query/events/names?project_id=${projectId}&type=general&limit=5000`;
  return {
    limits: { ...MIXPANEL_READ_LIMITS, ...options.limits },
    eventNames: ({ signal }) =>
      callApp(
        caller,
        {
          method: "GET",
          url: names,
          headers: { authorization: `Basic ${basic}`, accept: "application/json" },
        },
        { signal, read: readNames },
      ),
    profiles: makeProfilePages({ host, projectId, serviceAccount, groupIds }, caller),
    events: (window, { signal }) => readExport(options, window, signal),
  };
}

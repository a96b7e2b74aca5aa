// The wire client for Mixpanel's ingestion API: one call, one request, one outcome. It never retries; delivery does.
// Nothing of a payload, token or secret goes into a message.
import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import { Agent, request, type Dispatcher } from "undici";
import type {
  Clock,
  DeliveryKind,
  DeliveryLimits,
  DeliveryOutcome,
  DeliveryRequest,
  Provider,
} from "../../core/index.ts";
import { MIXPANEL_IMPORT_LIMITS, MIXPANEL_TRACK_LIMITS } from "./delivery-limits.ts";
import { type Answer, readAnswer, readTransportError } from "./read-answer.ts";
import { buildArray, buildLines, makeEventTokenAdder, makeProfileTokenAdder } from "./request-body.ts";

const gzip = promisify(gzipCallback);

export interface MixpanelOptions {
  /** Ingestion host with its scheme, for example `https://api-eu.mixpanel.com`; a path prefix is kept. */
  readonly host: string;
  readonly token: string;
  readonly clock: Clock;
  readonly projectId?: number;
  readonly serviceAccount?: { readonly username: string; readonly secret: string };
  /**
   * How events go. Default: `import` with a service account, `track` where only a token is configured. `import` without a service
   * account sends the token as Basic user name, which takes old events and reports each failed record.
   */
  readonly route?: "import" | "track";
  /** Time-out for the answer. Default {@link MIXPANEL_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** 1 is fastest. Default {@link MIXPANEL_GZIP_LEVEL}. */
  readonly gzipLevel?: number;
  /** Limits other than Mixpanel's documented ones. */
  readonly limits?: Partial<DeliveryLimits>;
  /** Connections of another owner; it is not closed with the provider. */
  readonly dispatcher?: Dispatcher;
}

/** Default of {@link MixpanelOptions.timeoutMs}. */
export const MIXPANEL_TIMEOUT_MS = 30_000;

/** Default of {@link MixpanelOptions.gzipLevel}: level 6 costs three times the time for a tenth fewer bytes. */
export const MIXPANEL_GZIP_LEVEL = 1;

/** Longest answer that is read; 2000 failed records need about 0.5 MB. */
const ANSWER_MAX_BYTES = 4 * 2 ** 20;

const PROFILE_ROUTES = { user: "engage", group: "groups" } as const;

interface Call {
  readonly route: "import" | "track" | "engage" | "groups";
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly build: (items: readonly Uint8Array[]) => Buffer | Promise<Buffer>;
}

/**
 * Makes the provider for one Mixpanel project. Connections are kept alive and reused.
 *
 * @returns A provider whose `send` resolves for every outcome; it rejects only for a broken payload (not JSON).
 */
export function createMixpanelProvider(options: MixpanelOptions): Provider {
  const route = options.route ?? (options.serviceAccount ? "import" : "track");
  const timeoutMs = options.timeoutMs ?? MIXPANEL_TIMEOUT_MS;
  const limits: DeliveryLimits = {
    ...(route === "import" ? MIXPANEL_IMPORT_LIMITS : MIXPANEL_TRACK_LIMITS),
    ...options.limits,
  };
  const own =
    options.dispatcher === undefined
      ? new Agent({
          connections: limits.parallelEventRequests + limits.parallelProfileRequests,
          connect: { timeout: timeoutMs },
        })
      : undefined;
  const dispatcher = options.dispatcher ?? own;
  const calls = makeCalls(options, route);

  return {
    kind: "mixpanel",
    limits,
    async send({ kind, items }: DeliveryRequest, { signal }): Promise<DeliveryOutcome> {
      const call = calls[kind];
      const body = await call.build(items);
      let answer: Answer;
      try {
        const response = await request(call.url, {
          method: "POST",
          headers: call.headers,
          body,
          signal,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          ...(dispatcher === undefined ? {} : { dispatcher }),
        });
        const { "retry-after": retryAfter } = response.headers;
        answer = {
          status: response.statusCode,
          retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
          body: await readText(response.body),
        };
      } catch (error) {
        return readTransportError(error);
      }
      return readAnswer(answer, { route: call.route, items: items.length, now: options.clock.now() });
    },
    async close() {
      await own?.destroy();
    },
  };
}

function makeCalls(options: MixpanelOptions, route: "import" | "track"): Record<DeliveryKind, Call> {
  const host = options.host.replace(/\/+$/, "");
  const addProfileToken = makeProfileTokenAdder(options.token);
  const json = { "content-type": "application/json", accept: "application/json" };
  const profile = (kind: "user" | "group"): Call => ({
    route: PROFILE_ROUTES[kind],
    // `ip=0`: else every update would move the user to this machine's city. Not compressed: `/engage` does not take gzip.
    url: `${host}/${PROFILE_ROUTES[kind]}?ip=0&verbose=1`,
    headers: json,
    build: (items) => buildArray(items, addProfileToken),
  });
  return {
    event: route === "import" ? importCall(host, options) : trackCall(host, options.token, json),
    user: profile("user"),
    group: profile("group"),
  };
}

function trackCall(host: string, token: string, headers: Record<string, string>): Call {
  const addToken = makeEventTokenAdder(token);
  return {
    route: "track",
    url: `${host}/track?ip=0&verbose=1`,
    headers,
    build: (items) => buildArray(items, addToken),
  };
}

function importCall(host: string, options: MixpanelOptions): Call {
  const { serviceAccount: account, projectId } = options;
  const credential = account ? `${account.username}:${account.secret}` : `${options.token}:`;
  const level = options.gzipLevel ?? MIXPANEL_GZIP_LEVEL;
  // With the token as user name the token decides the project, and `project_id` must be absent.
  const project = account && projectId !== undefined ? `&project_id=${projectId}` : "";
  return {
    route: "import",
    url: `${host}/import?strict=1${project}`,
    headers: {
      authorization: `Basic ${Buffer.from(credential).toString("base64")}`,
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
      accept: "application/json",
    },
    build: (items) => gzip(buildLines(items), { level }),
  };
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // An endless answer is as good as none: the rest is not read, and the text will not parse.
    if (length > ANSWER_MAX_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

// Mixpanel's GDPR API: deletions and retrievals of people. One call, one request; it never retries.
// No id, token or link of a retrieval goes into a message. Source (read 2026-11): Mixpanel "GDPR API", `openapi/gdpr`.
import type { Dispatcher } from "undici";
import {
  AppError,
  type Clock,
  isObject,
  type PrivacyLimits,
  type PrivacyRequest,
  type PrivacyRequests,
  type PrivacyState,
  type PrivacyTaskState,
  type ProfileAnswer,
} from "../../core/index.ts";
import { type AppCaller, callApp } from "./app-call.ts";
import { appOrigin } from "./app-host.ts";
import { STRANGE } from "./profile-answers.ts";

export interface MixpanelPrivacyOptions {
  /** Host of the destination; the one of the application is known for Mixpanel's own. */
  readonly host: string;
  readonly token: string;
  /** OAuth token of a person who owns the project: the API takes no service account. It lasts a year. Absent: every request is refused. */
  readonly erasureToken?: string;
  readonly clock: Clock;
  /** Time-out for one answer. Default {@link MIXPANEL_PRIVACY_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  readonly dispatcher?: Dispatcher;
}

/** Default of {@link MixpanelPrivacyOptions.timeoutMs}. */
export const MIXPANEL_PRIVACY_TIMEOUT_MS = 60_000;

/**
 * Limits of privacy requests.
 * Source (read 2026-11): Mixpanel "GDPR API" allows 1999 ids, its guide 2000, and projects with groups fewer: 500 fits all. One request a
 * second; a deletion may take 30 days.
 */
export const MIXPANEL_PRIVACY_LIMITS: PrivacyLimits = {
  idsPerRequest: 500,
  requestsPerSecond: 1,
  doneDays: 30,
};

const NO_TOKEN: ProfileAnswer<never> = {
  kind: "refused",
  message: "the GDPR API needs the OAuth token of a person, and the configuration has none (`erasure_token`)",
};

const STATES: Readonly<Record<string, PrivacyState>> = {
  PENDING: "waiting",
  STAGING: "waiting",
  STARTED: "running",
  SUCCESS: "done",
  FAILURE: "failed",
  REVOKED: "revoked",
  NOT_FOUND: "gone",
  UNKNOWN: "unknown",
};

function resultsOf(body: unknown): unknown {
  return isObject(body) ? body["results"] : undefined;
}

/** The task of a request: documented both as an object with `task_id` and as a list with `tracking_id`. */
function readTask(body: unknown): ProfileAnswer<string> {
  const results = resultsOf(body);
  const one: unknown = Array.isArray(results) ? results[0] : results;
  if (!isObject(one)) return STRANGE;
  const task = [one["task_id"], one["tracking_id"]].find((id) => typeof id === "string" && id !== "");
  return typeof task === "string" ? { kind: "answer", value: task } : STRANGE;
}

/** The link of a retrieval is documented both as `result` and as `results`. */
function readState(body: unknown): ProfileAnswer<PrivacyTaskState> {
  const results = resultsOf(body);
  const status: unknown = isObject(results) ? results["status"] : isObject(body) ? body["status"] : undefined;
  const state = typeof status === "string" && Object.hasOwn(STATES, status) ? STATES[status] : undefined;
  if (state === undefined) return STRANGE;
  const links = isObject(results) ? [results["result"], results["results"]] : [];
  const link = links.find((one) => typeof one === "string" && one !== "");
  return { kind: "answer", value: { state, link: typeof link === "string" ? link : undefined } };
}

function bodyOf(request: PrivacyRequest): string {
  return JSON.stringify({
    distinct_ids: request.ids,
    compliance_type: request.law,
    ...(request.kind === "retrieval" ? { disclosure_type: request.disclosure } : {}),
  });
}

function isStatus(answer: ProfileAnswer<unknown>, status: number): boolean {
  return answer.kind === "refused" && answer.message.startsWith(`status ${status}`);
}

/** Makes the client of one project. */
export function createMixpanelPrivacy(options: MixpanelPrivacyOptions): PrivacyRequests {
  const { erasureToken, clock, timeoutMs = MIXPANEL_PRIVACY_TIMEOUT_MS, dispatcher } = options;
  const caller: AppCaller = { clock, timeoutMs, ...(dispatcher === undefined ? {} : { dispatcher }) };
  const origin = appOrigin(options.host);
  const url = (kind: PrivacyRequest["kind"], id = ""): string =>
    `${origin}/api/app/data-${kind}s/v3.0/${encodeURIComponent(id)}?token=${encodeURIComponent(options.token)}`;
  const headers = {
    authorization: `Bearer ${erasureToken ?? ""}`,
    accept: "application/json",
    "content-type": "application/json",
  };

  return {
    limits: MIXPANEL_PRIVACY_LIMITS,
    async request(request, { signal }) {
      const { length } = request.ids;
      if (length > MIXPANEL_PRIVACY_LIMITS.idsPerRequest)
        throw new AppError(
          "INTERNAL",
          `Cannot ask about ${length} ids at once: ${MIXPANEL_PRIVACY_LIMITS.idsPerRequest} is the most`,
        );
      if (erasureToken === undefined) return NO_TOKEN;
      const call = { method: "POST", url: url(request.kind), headers, body: bodyOf(request) } as const;
      const answer = await callApp(caller, call, { signal, read: readTask });
      return answer.kind === "refused" && (isStatus(answer, 400) || isStatus(answer, 413))
        ? { kind: "unfit", message: answer.message }
        : answer;
    },
    async state({ kind, id }, { signal }) {
      if (erasureToken === undefined) return NO_TOKEN;
      const call = { method: "GET", url: url(kind, id), headers } as const;
      const answer = await callApp(caller, call, { signal, read: readState });
      return isStatus(answer, 404) ? { kind: "answer", value: { state: "gone", link: undefined } } : answer;
    },
    async cancel(id, { signal }) {
      if (erasureToken === undefined) return NO_TOKEN;
      const call = { method: "DELETE", url: url("deletion", id), headers } as const;
      const read = (): ProfileAnswer<boolean> => ({ kind: "answer", value: true });
      const answer = await callApp(caller, call, { signal, read });
      return isStatus(answer, 405) ? { kind: "answer", value: false } : answer;
    },
  };
}

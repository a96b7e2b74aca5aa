// Reads what Mixpanel's query and privacy APIs answer about profiles. Pure.
// Invariant: an answer of a shape that is not known is never read as "there is nothing".
import {
  type EpochMs,
  isObject,
  type JsonValue,
  type ProfileAnswer,
  type StoredProfile,
} from "../../core/index.ts";
import { parseRetryAfterMs } from "./read-answer.ts";

/** Longest text of the provider that is passed on, in characters. */
const MESSAGE_MAX_CHARACTERS = 200;

/** An HTTP answer as it came. */
export interface AppAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: unknown;
}

/** One page of the engage query. */
export interface EngagePage {
  readonly profiles: readonly StoredProfile[];
  readonly total: number;
  readonly sessionId: string;
}

/** A shape that nobody documents: nothing is concluded from it. */
const STRANGE: ProfileAnswer<never> = { kind: "refused", message: "an answer of an unknown shape" };

/** What is wrong with an answer that does not carry what was asked for; `undefined` for a good one. */
export function readFailure(answer: AppAnswer, now: EpochMs): ProfileAnswer<never> | undefined {
  const { status, body } = answer;
  if (status === 200 || status === 201) return undefined;
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfterMs = parseRetryAfterMs(answer.retryAfter, now);
    const busy = { kind: "busy", message: `status ${status}` } as const;
    return retryAfterMs === undefined ? busy : { ...busy, retryAfterMs };
  }
  const said = isObject(body) && typeof body["error"] === "string" ? body["error"] : "";
  const text = said === "" ? "" : `: ${said.slice(0, MESSAGE_MAX_CHARACTERS)}`;
  return { kind: "refused", message: `status ${status}${text}` };
}

/** A page of `/api/query/engage`. Source (read 2026-11): Mixpanel "Query Profiles". */
export function readEngagePage(body: unknown): ProfileAnswer<EngagePage> {
  if (!isObject(body) || !Array.isArray(body["results"])) return STRANGE;
  const { results, total, session_id: sessionId } = body;
  const profiles: StoredProfile[] = [];
  for (const one of results as readonly unknown[]) {
    if (!isObject(one) || !isObject(one["$properties"])) return STRANGE;
    const id = one["$distinct_id"];
    if (typeof id !== "string" && typeof id !== "number") return STRANGE;
    profiles.push({ id: String(id), properties: one["$properties"] as Readonly<Record<string, JsonValue>> });
  }
  return {
    kind: "answer",
    value: {
      profiles,
      total: typeof total === "number" ? total : profiles.length,
      sessionId: typeof sessionId === "string" ? sessionId : "",
    },
  };
}

/** The task of a deletion that was asked for: documented both as an object with `task_id` and as a list with `tracking_id`. */
export function readDeletionTask(body: unknown): ProfileAnswer<string> {
  const results = isObject(body) ? body["results"] : undefined;
  const one: unknown = Array.isArray(results) ? results[0] : results;
  if (!isObject(one)) return STRANGE;
  const task = [one["task_id"], one["tracking_id"]].find((id) => typeof id === "string" && id !== "");
  return typeof task === "string" ? { kind: "answer", value: task } : STRANGE;
}

/** How far a deletion is. Source (read 2026-11): Mixpanel "GDPR API": eight statuses. */
export function readDeletionState(body: unknown): ProfileAnswer<"pending" | "done" | "failed"> {
  const results = isObject(body) ? body["results"] : undefined;
  const status: unknown = isObject(results) ? results["status"] : isObject(body) ? body["status"] : undefined;
  switch (status) {
    case "PENDING":
    case "STAGING":
    case "STARTED":
    case "UNKNOWN":
      return { kind: "answer", value: "pending" };
    case "SUCCESS":
      return { kind: "answer", value: "done" };
    case "FAILURE":
    case "REVOKED":
    case "NOT_FOUND":
      return { kind: "answer", value: "failed" };
    default:
      return STRANGE;
  }
}

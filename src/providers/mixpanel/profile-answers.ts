// Reads what Mixpanel's query API answers about profiles, and what its application answers in place of an answer. Pure.
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

/** Profiles on a page, as documented. Source (read 2026-11): Mixpanel "Query Profiles". */
const PAGE_PROFILES = 1000;

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
  /** Profiles on a whole page. */
  readonly pageSize: number;
}

/** Answer of a shape that nobody documents: nothing is concluded from it. */
export const STRANGE: ProfileAnswer<never> = { kind: "refused", message: "an answer of an unknown shape" };

/** What is wrong with an answer that does not carry what was asked for; `undefined` for a good one. */
export function readFailure(answer: AppAnswer, now: EpochMs): ProfileAnswer<never> | undefined {
  const { status, body } = answer;
  if (status === 200 || status === 201 || status === 204) return undefined;
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
  const { results, total, session_id: sessionId, page_size: pageSize } = body;
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
      pageSize: typeof pageSize === "number" && pageSize > 0 ? pageSize : PAGE_PROFILES,
    },
  };
}

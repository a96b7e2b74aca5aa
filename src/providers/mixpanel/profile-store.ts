// Mixpanel's profiles read back (engage query) and erased (GDPR API). One call, one question: whoever asks keeps the hourly budget.
// It never retries. No id, property value, token or secret goes into a message.
import type { Dispatcher } from "undici";
import {
  AppError,
  type Clock,
  type PrivacyRequests,
  type PrivacyState,
  type ProfileStore,
  type ProfileStoreLimits,
  type StoredProfile,
} from "../../core/index.ts";
import { type AppCaller, callApp } from "./app-call.ts";
import { appOrigin } from "./app-host.ts";
import { createMixpanelPrivacy, MIXPANEL_PRIVACY_LIMITS } from "./privacy.ts";
import { readEngagePage } from "./profile-answers.ts";

export interface MixpanelProfileStoreOptions {
  /** Host of the destination; the one of queries is known for Mixpanel's own. */
  readonly host: string;
  readonly projectId: number;
  readonly serviceAccount: { readonly username: string; readonly secret: string };
  readonly token: string;
  /**
   * OAuth token of a person who owns the project, for the GDPR API: it takes no service account. It lasts a year. Absent: profiles can be
   * read, and a request for erasure is refused.
   */
  readonly erasureToken?: string;
  readonly clock: Clock;
  /** Time-out for one answer. Default {@link MIXPANEL_QUERY_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  readonly dispatcher?: Dispatcher;
}

/** Default of {@link MixpanelProfileStoreOptions.timeoutMs}: queries take longer than updates. */
export const MIXPANEL_QUERY_TIMEOUT_MS = 60_000;

/**
 * Limits of reading back and erasing.
 * Source (read 2026-11): Mixpanel "Rate limits": 60 queries an hour; "Query Profiles": pages of 1000.
 */
export const MIXPANEL_PROFILE_STORE_LIMITS: ProfileStoreLimits = {
  queriesPerHour: 60,
  idsPerQuery: 1000,
  idsPerErasure: MIXPANEL_PRIVACY_LIMITS.idsPerRequest,
};

/** More ids than a question takes would be cut by the provider without a word. */
function checkCount(ids: readonly string[], max: number): void {
  if (ids.length > max)
    throw new AppError("INTERNAL", `Cannot ask about ${ids.length} ids at once: ${max} is the most`);
}

type Reader = Pick<ProfileStore, "read">;
type Eraser = Pick<ProfileStore, "requestErasure" | "erasureState">;

/** The engage query. */
function makeReader(options: MixpanelProfileStoreOptions, caller: AppCaller): Reader {
  const { username, secret } = options.serviceAccount;
  const url = `${appOrigin(options.host)}/api/query/engage?project_id=${options.projectId}`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`,
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  return {
    async read(ids, { signal, properties }) {
      checkCount(ids, MIXPANEL_PROFILE_STORE_LIMITS.idsPerQuery);
      const profiles: StoredProfile[] = [];
      if (ids.length === 0) return { kind: "answer", value: profiles };
      const form = new URLSearchParams({ distinct_ids: JSON.stringify(ids) });
      if (properties) form.set("output_properties", JSON.stringify(properties));
      for (let page = 1; ; page += 1) {
        const call = { method: "POST", url, headers, body: form.toString() } as const;
        const answer = await callApp(caller, call, { signal, read: readEngagePage });
        if (answer.kind !== "answer") return answer;
        const { profiles: found, total, sessionId } = answer.value;
        profiles.push(...found);
        // As many ids as one page holds: a second page is asked for only where the project's pages are smaller than documented.
        if (found.length === 0 || profiles.length >= total) return { kind: "answer", value: profiles };
        form.set("session_id", sessionId);
        form.set("page", String(page));
      }
    },
  };
}

const ERASURE_STATES: Readonly<Record<PrivacyState, "pending" | "done" | "failed">> = {
  waiting: "pending",
  running: "pending",
  unknown: "pending",
  done: "done",
  failed: "failed",
  revoked: "failed",
  // A task that is not known any more is no reason to wait for it.
  gone: "failed",
};

/** The GDPR API, as far as the people sync uses it. */
function makeEraser(privacy: PrivacyRequests): Eraser {
  return {
    async requestErasure(ids, { signal }) {
      checkCount(ids, MIXPANEL_PROFILE_STORE_LIMITS.idsPerErasure);
      const answer = await privacy.request({ kind: "deletion", law: "GDPR", ids }, { signal });
      return answer.kind === "unfit" ? { kind: "refused", message: answer.message } : answer;
    },
    async erasureState(task, { signal }) {
      const answer = await privacy.state({ kind: "deletion", id: task }, { signal });
      return answer.kind === "answer"
        ? { kind: "answer", value: ERASURE_STATES[answer.value.state] }
        : answer;
    },
  };
}

/** Makes the store of one project. */
export function createMixpanelProfileStore(options: MixpanelProfileStoreOptions): ProfileStore {
  const { clock, timeoutMs = MIXPANEL_QUERY_TIMEOUT_MS, dispatcher } = options;
  const caller: AppCaller = { clock, timeoutMs, ...(dispatcher === undefined ? {} : { dispatcher }) };
  return {
    limits: MIXPANEL_PROFILE_STORE_LIMITS,
    ...makeReader(options, caller),
    ...makeEraser(createMixpanelPrivacy(options)),
  };
}

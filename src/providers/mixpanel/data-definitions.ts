// Mixpanel's data definitions: deletion of events and drop filters. Not a public API: its own open-source tools use it, and it may change.
// One call, one request; it never retries. Sources (read 2026-11): mixpanel/mixpanel-headless for the calls, "Data clean-up" for the rules.
import type { Dispatcher } from "undici";
import {
  type Clock,
  type EventGovernance,
  type EventGovernanceLimits,
  isObject,
  type JsonValue,
  type ProfileAnswer,
  type StoredDropFilter,
  type StoredEventDeletion,
} from "../../core/index.ts";
import { type AppCaller, callApp } from "./app-call.ts";
import { appOrigin } from "./app-host.ts";
import { STRANGE } from "./profile-answers.ts";

export interface MixpanelGovernanceOptions {
  /** Host of the destination; the one of the application is known for Mixpanel's own. */
  readonly host: string;
  readonly projectId: number;
  /** An owner of the project. */
  readonly serviceAccount: { readonly username: string; readonly secret: string };
  readonly clock: Clock;
  /** Time-out for one answer. Default {@link MIXPANEL_GOVERNANCE_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  readonly dispatcher?: Dispatcher;
}

/** Default of {@link MixpanelGovernanceOptions.timeoutMs}: the application itself gives up after about two minutes. */
export const MIXPANEL_GOVERNANCE_TIMEOUT_MS = 120_000;

/**
 * Limits of the unofficial API.
 * Sources (read 2026-11): Mixpanel "Data clean-up" (180 days back, ten deletions a calendar month, undone within 7 days, gone within 30),
 * "Drop filters" (15 a project); mixpanel-headless keeps to 60 requests an hour.
 */
export const MIXPANEL_GOVERNANCE_LIMITS: EventGovernanceLimits = {
  deletionsPerMonth: 10,
  deletionWindowDays: 180,
  deletionUndoDays: 7,
  deletionDoneDays: 30,
  dropFilters: 15,
  requestsPerHour: 60,
};

const DELETION_STATES: Readonly<Record<string, StoredEventDeletion["state"]>> = {
  submitted: "hidden",
  processing: "running",
  completed: "done",
  failed: "failed",
};

/** The list that every call answers. */
function readList<T>(read: (one: Readonly<Record<string, unknown>>) => T | undefined) {
  return (body: unknown): ProfileAnswer<readonly T[]> => {
    const results = isObject(body) ? body["results"] : undefined;
    if (!Array.isArray(results)) return STRANGE;
    const found: T[] = [];
    for (const one of results as readonly unknown[]) {
      const value = isObject(one) ? read(one) : undefined;
      if (value === undefined) return STRANGE;
      found.push(value);
    }
    return { kind: "answer", value: found };
  };
}

function idOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function readDeletion(one: Readonly<Record<string, unknown>>): StoredEventDeletion | undefined {
  const id = idOf(one["id"]);
  const { eventName: event, fromDate, toDate, created, status } = one;
  if (id === undefined || typeof event !== "string") return undefined;
  if (typeof fromDate !== "string" || typeof toDate !== "string") return undefined;
  const requestedAt = typeof created === "string" ? Date.parse(created) : Number.NaN;
  const state = typeof status === "string" ? DELETION_STATES[status.toLowerCase()] : undefined;
  return {
    id,
    event,
    from: fromDate.slice(0, 10),
    to: toDate.slice(0, 10),
    requestedAt: Number.isNaN(requestedAt) ? undefined : requestedAt,
    // A word that is not known: whether it can be called off is found out by trying.
    state: state ?? "hidden",
  };
}

/** The shape of `filters` is described nowhere: a list of `{property, op, value}` is assumed, and other filters are listed without values. */
function readDropFilter(one: Readonly<Record<string, unknown>>): StoredDropFilter | undefined {
  const id = idOf(one["id"]);
  const event = one["event_name"] ?? one["eventName"];
  if (id === undefined || typeof event !== "string") return undefined;
  const filters = Array.isArray(one["filters"]) ? (one["filters"] as readonly unknown[]) : [];
  const known = filters.filter(isObject);
  const properties = new Set(known.map(({ property }) => (typeof property === "string" ? property : "")));
  const [property = ""] = properties;
  const isKnown = properties.size === 1 && known.every(({ op }) => op === "equals");
  return {
    id,
    event,
    property: isKnown ? property : "",
    values: isKnown ? known.map(({ value }) => value as JsonValue) : [],
    isActive: one["active"] !== false,
  };
}

/** Makes the client of one project. */
export function createMixpanelGovernance(options: MixpanelGovernanceOptions): EventGovernance {
  const { serviceAccount: account, clock, dispatcher } = options;
  const caller: AppCaller = {
    clock,
    timeoutMs: options.timeoutMs ?? MIXPANEL_GOVERNANCE_TIMEOUT_MS,
    ...(dispatcher === undefined ? {} : { dispatcher }),
  };
  // With the slash at the end: without it the answer is a redirect, which loses the body.
  const base = `${appOrigin(options.host)}/api/app/projects/${options.projectId}/data-definitions/events`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${account.username}:${account.secret}`).toString("base64")}`,
    accept: "application/json",
    "content-type": "application/json",
  };
  const call = <T>(
    { method, path, body }: { method: "GET" | "POST" | "DELETE"; path: string; body?: object },
    read: (one: Readonly<Record<string, unknown>>) => T | undefined,
    signal: AbortSignal,
  ): Promise<ProfileAnswer<readonly T[]>> =>
    callApp(
      caller,
      { method, url: `${base}/${path}/`, headers, ...(body ? { body: JSON.stringify(body) } : {}) },
      { signal, read: readList(read) },
    );
  const deletions = "deletion-requests";
  const filters = "drop-filters";
  /** Ids are numbers there. */
  const named = (id: string): object => ({ id: /^\d{1,15}$/.test(id) ? Number(id) : id });

  return {
    limits: MIXPANEL_GOVERNANCE_LIMITS,
    deletions: ({ signal }) => call({ method: "GET", path: deletions }, readDeletion, signal),
    requestDeletion: ({ event, from, to }, { signal }) => {
      const body = { eventName: event, fromDate: from, toDate: to };
      return call({ method: "POST", path: deletions, body }, readDeletion, signal);
    },
    cancelDeletion: (id, { signal }) =>
      call({ method: "DELETE", path: deletions, body: named(id) }, readDeletion, signal),
    dropFilters: ({ signal }) => call({ method: "GET", path: filters }, readDropFilter, signal),
    addDropFilter: ({ event, property, values }, { signal }) => {
      const rules = values.map((value) => ({ property, op: "equals", value }));
      const body = { event_name: event, filters: rules, active: true };
      return call({ method: "POST", path: filters, body }, readDropFilter, signal);
    },
    removeDropFilter: (id, { signal }) =>
      call({ method: "DELETE", path: filters, body: named(id) }, readDropFilter, signal),
  };
}

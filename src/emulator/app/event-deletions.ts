// Unofficial deletion of events: hidden at once, called off within seven days, gone within thirty; ten a month, 180 days back.
// Source (read 2026-11): Mixpanel "Data clean-up" for the rules, its open-source tools for the shapes.
import { isObject } from "../../core/index.ts";
import { type Answer, bodyJson, type Call, json, refuse } from "../http/call.ts";
import type { EventDeletion } from "../project.ts";

const DAY_MS = 86_400_000;
const DELETIONS_MAX = 10;
const WINDOW_DAYS = 180;
const UNDO_DAYS = 7;
const DONE_DAYS = 30;

function ok(results: unknown): Answer {
  return json(200, { status: "ok", results });
}

function statusOf({ atMs }: EventDeletion, nowMs: number): string {
  const days = (nowMs - atMs) / DAY_MS;
  if (days >= DONE_DAYS) return "Completed";
  return days >= UNDO_DAYS ? "Processing" : "Submitted";
}

function shown({ project }: Call): Answer {
  const nowMs = project.clock.now();
  return ok(
    project.deletions.map((one) => ({
      id: one.id,
      eventName: one.eventName,
      fromDate: new Date(one.fromMs).toISOString().slice(0, 10),
      toDate: new Date(one.toMs - DAY_MS).toISOString().slice(0, 10),
      filters: null,
      status: statusOf(one, nowMs),
      created: new Date(one.atMs).toISOString(),
      requestingUser: { id: 1 },
    })),
  );
}

function cancel(call: Call, id: string): Answer {
  const { project } = call;
  const at = project.deletions.findIndex((one) => String(one.id) === id);
  const found = project.deletions[at];
  if (!found) return refuse(404, "there is no such deletion");
  if (statusOf(found, project.clock.now()) !== "Submitted")
    return refuse(400, `a deletion can be undone within ${UNDO_DAYS} days`);
  project.deletions.splice(at, 1);
  return shown(call);
}

interface Wanted {
  readonly eventName: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the request asks for, or what is wrong with it. */
function wantedOf(given: Readonly<Record<string, unknown>>, nowMs: number): Wanted | string {
  const fromMs = Date.parse(String(given["fromDate"]));
  const toMs = Date.parse(String(given["toDate"])) + DAY_MS;
  const eventName = given["eventName"];
  if (typeof eventName !== "string" || Number.isNaN(fromMs) || Number.isNaN(toMs))
    return "eventName, fromDate and toDate are needed";
  if (toMs <= fromMs) return "toDate is before fromDate";
  if (given["filters"] !== undefined && given["filters"] !== null)
    return "the local Mixpanel does not know filters";
  if (fromMs < nowMs - WINDOW_DAYS * DAY_MS) return `fromDate must lie within ${WINDOW_DAYS} days`;
  return { eventName, fromMs, toMs };
}

/** `…/data-definitions/events/deletion-requests/…`. */
export function answerDeletions(call: Call, below: string | undefined): Answer {
  const { project, method } = call;
  if (method === "GET") return shown(call);
  const body = bodyJson(call);
  const given = isObject(body) ? body : {};
  if (method === "DELETE") return cancel(call, below ?? String(given["id"]));
  if (method !== "POST") return refuse(405, "method not allowed");
  const nowMs = project.clock.now();
  const wanted = wantedOf(given, nowMs);
  if (typeof wanted === "string") return refuse(400, wanted);
  // Answers the filters as they are understood: none.
  if (below === "preview-filters") return ok([]);
  const month = new Date(nowMs).toISOString().slice(0, 7);
  const used = project.deletions.filter(({ atMs }) => new Date(atMs).toISOString().startsWith(month)).length;
  if (used >= DELETIONS_MAX) return refuse(400, `at most ${DELETIONS_MAX} deletions are possible in a month`);
  project.deletionsMade += 1;
  project.deletions.push({ id: project.deletionsMade, ...wanted, upTo: project.sequence, atMs: nowMs });
  return shown(call);
}

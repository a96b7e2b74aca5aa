// `/api/2.0/export`: what was stored, as lines, repetitions included. Source (read 2026-11): Mixpanel "Raw Event Export".
import { exportedJson, readEvents } from "../events/read-events.ts";
import { type Answer, type Call, refuse, text } from "../http/call.ts";
import { refuseOther } from "../http/credentials.ts";
import { answerTooMany } from "../http/ingestion-answers.ts";
import type { Project } from "../project.ts";
import { parseWhere, type Where } from "./where.ts";

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const LIMIT_MAX = 100_000;

interface Wanted {
  readonly fromMs: number;
  readonly toMs: number;
  readonly names: ReadonlySet<unknown> | undefined;
  readonly where: Where | undefined;
  readonly limit: number;
  readonly inMs: boolean;
}

/** A list of names as JSON, or one bare name. */
function namesOf(given: string | null): ReadonlySet<unknown> | undefined {
  if (given === null || given === "") return undefined;
  try {
    const names: unknown = JSON.parse(given);
    return new Set<unknown>(Array.isArray(names) ? names : [names]);
  } catch {
    // Not JSON: the name itself.
    return new Set([given]);
  }
}

function readWanted(query: URLSearchParams): Wanted | string {
  const from = query.get("from_date") ?? "";
  const to = query.get("to_date") ?? "";
  const fromMs = DAY.test(from) ? Date.parse(from) : Number.NaN;
  const toMs = DAY.test(to) ? Date.parse(to) : Number.NaN;
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) return "from_date and to_date must be dates as YYYY-MM-DD";
  if (toMs < fromMs) return "to_date is before from_date";
  const limit = Number(query.get("limit") ?? Number.POSITIVE_INFINITY);
  if (query.has("limit") && !(Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX))
    return `limit must be a number from 1 to ${LIMIT_MAX}`;
  const expression = query.get("where") ?? "";
  const where = expression === "" ? undefined : parseWhere(expression);
  if (expression !== "" && !where) return "where is not an expression that the local Mixpanel knows";
  return {
    fromMs,
    toMs: toMs + DAY_MS,
    names: namesOf(query.get("event")),
    where,
    limit,
    inMs: query.get("time_in_ms") === "true",
  };
}

async function* exported(project: Project, wanted: Wanted): AsyncGenerator<string> {
  let sent = 0;
  const withHidden = project.switches.text("export_deleted") === "show";
  for await (const events of readEvents(project, { ...wanted, withHidden })) {
    let lines = "";
    for (const event of events) {
      if (wanted.names && !wanted.names.has(event.event)) continue;
      if (wanted.where && !wanted.where(event.properties)) continue;
      if (sent >= wanted.limit) break;
      sent += 1;
      lines += `${exportedJson(event, wanted.inMs)}\n`;
    }
    if (lines !== "") yield lines;
    if (sent >= wanted.limit) return;
  }
  if (project.switches.text("export_end") === "terminated early") yield "export terminated early\n";
}

/** `/api/2.0/export`. */
export function answerExport(call: Call): Answer {
  const refused = refuseOther(call);
  if (refused) return refused;
  const { project } = call;
  if (!project.limits.take("export") || !project.limits.take("export_second")) return answerTooMany(call);
  const wanted = readWanted(call.query);
  if (typeof wanted === "string") return text(400, wanted);
  if (project.storeKind === "swallow")
    return refuse(409, "store=swallow keeps no events: start with store=disk");
  return {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: exported(project, wanted),
  };
}

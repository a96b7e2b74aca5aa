// `/api/query/engage`: profiles read back, page by page. Source (read 2026-11): Mixpanel "Query Profiles".
import { randomUUID } from "node:crypto";
import { type Answer, type Call, json, parametersOf, refuse } from "../http/call.ts";
import { refuseOther } from "../http/credentials.ts";
import { answerTooMany } from "../http/ingestion-answers.ts";
import type { Project } from "../project.ts";
import type { ProfileStore } from "../store/profile-store.ts";
import { parseWhere } from "./where.ts";

const PAGE_SIZE = 1000;
/** Queries whose pages can still be asked for; the oldest goes first. */
const SESSIONS_MAX = 100;

interface Session {
  readonly ids: readonly string[];
  readonly store: ProfileStore;
}

/** Lists in a form are JSON. */
function listOf(given: string | null): readonly string[] | undefined | "invalid" {
  if (given === null || given === "") return undefined;
  try {
    const value: unknown = JSON.parse(given);
    return Array.isArray(value) ? value.map(String) : "invalid";
  } catch {
    // The caller says which field it was.
    return "invalid";
  }
}

/** Mixpanel names group keys by numbers of its own; here they are counted from 1, and the key itself is taken, too. */
function groupKeyOf(project: Project, given: string): string {
  return /^\d+$/.test(given) ? ([...project.groups.keys()][Number(given) - 1] ?? given) : given;
}

function matching(project: Project, form: URLSearchParams): Session | string {
  const key = groupKeyOf(project, form.get("data_group_id") ?? "");
  const store = key === "" ? project.profiles : project.groupProfiles(key);
  const many = listOf(form.get("distinct_ids"));
  if (many === "invalid") return "distinct_ids must be a JSON list";
  const one = form.get("distinct_id");
  const wanted = many ?? (one === null || one === "" ? undefined : [one]);
  const canonical =
    wanted && new Set(wanted.map((id) => (key === "" ? project.identities.profileId(id) : id)));
  const expression = form.get("where") ?? "";
  const where = expression === "" ? undefined : parseWhere(expression);
  if (expression !== "" && !where) return "where is not an expression that the local Mixpanel knows";
  const unknown = ["behaviors", "filter_by_cohort"].find((name) => (form.get(name) ?? "") !== "");
  if (unknown !== undefined) return `the local Mixpanel does not know ${unknown}`;
  const ids: string[] = [];
  for (const [id, { properties }] of store.entries())
    if ((!canonical || canonical.has(id)) && (!where || where(properties))) ids.push(id);
  return { ids, store };
}

function selected(
  properties: Readonly<Record<string, unknown>>,
  names: readonly string[] | undefined,
): Readonly<Record<string, unknown>> {
  if (!names) return properties;
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(properties, name)).map((name) => [name, properties[name]]),
  );
}

/** Makes the route; it remembers the sessions of queries under way. */
export function engageQuery(): (call: Call) => Answer {
  const sessions = new Map<string, Session>();

  function open(id: string, session: Session): void {
    sessions.set(id, session);
    for (const oldest of sessions.keys()) {
      if (sessions.size <= SESSIONS_MAX) break;
      sessions.delete(oldest);
    }
  }

  return (call) => {
    const refused = refuseOther(call);
    if (refused) return refused;
    const { project } = call;
    const form = parametersOf(call);
    const page = Number(form.get("page") ?? 0);
    if (!Number.isInteger(page) || page < 0) return refuse(400, "page must be a whole number");
    const isCounted = page === 0 || project.switches.text("engage_pages_count") === "yes";
    if (isCounted && !project.limits.take("query")) return answerTooMany(call);
    project.applyDuePrivacy();
    const outputs = listOf(form.get("output_properties"));
    if (outputs === "invalid") return refuse(400, "output_properties must be a JSON list");
    const given = form.get("session_id");
    let id = given ?? "";
    let session = sessions.get(id);
    if (!session) {
      if (page > 0) return refuse(400, "request for page in uncached query for params");
      const found = matching(project, form);
      if (typeof found === "string") return refuse(400, found);
      id = `${project.clock.now()}-${randomUUID().slice(0, 8)}`;
      session = found;
      open(id, session);
    }
    const { ids, store } = session;
    const results = ids.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE).flatMap((one) => {
      const profile = store.get(one);
      return profile ? [{ $distinct_id: one, $properties: selected(profile.properties, outputs) }] : [];
    });
    return json(200, {
      page,
      page_size: PAGE_SIZE,
      session_id: id,
      status: "ok",
      total: ids.length,
      results,
    });
  };
}

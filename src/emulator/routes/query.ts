// What a customer reads back: raw export, profiles, names and values. Source (read 2026-11): Mixpanel "Raw Event Export", "Query API".
import { randomUUID } from "node:crypto";
import { createGzip } from "node:zlib";
import { basicCredential, sendJson, type Wire } from "../http/wire.ts";
import type { Project } from "../project.ts";
import type { ProfileStore } from "../store/profile-store.ts";
import { readEvents } from "./read-events.ts";

const DAY_MS = 86_400_000;
const PAGE_SIZE = 1000;
const EXPORT_MAX = 100_000;
const SESSIONS_MAX = 100;

/** False, after answering, when the credential is missing or wrong. */
function isAllowed(wire: Wire, project: Project): boolean {
  const credential = basicCredential(wire.request);
  const known = project.serviceAccounts;
  const open = Object.keys(known).length === 0;
  if (
    credential
      ? open || known[credential.user] === credential.password
      : project.switches.text("auth") === "any" && open
  )
    return true;
  sendJson(wire.response, 401, { error: "Invalid service account credentials", status: "error" });
  return false;
}

function isWithin(wire: Wire, project: Project, limit: "query" | "export"): boolean {
  if (project.limits.take(limit)) return true;
  if (limit === "export") wire.response.setHeader("retry-after", "60");
  sendJson(wire.response, 429, { error: "rate limit exceeded", status: "error" });
  return false;
}

/** `/api/2.0/export`: lines of JSON, duplicates included. */
export async function handleExport(wire: Wire, project: Project): Promise<void> {
  if (!isAllowed(wire, project) || !isWithin(wire, project, "export")) return;
  const { query, response, request } = wire;
  const from = Date.parse(query.get("from_date") ?? "");
  const to = Date.parse(query.get("to_date") ?? "");
  if (Number.isNaN(from) || Number.isNaN(to)) {
    response.writeHead(400, { "content-type": "text/plain" }).end("from_date and to_date are needed");
    return;
  }
  const named = query.get("event");
  const names = named === null ? undefined : new Set<unknown>(JSON.parse(named) as unknown[]);
  const limit = Math.min(Number(query.get("limit") ?? EXPORT_MAX), EXPORT_MAX);
  const hasLimit = query.has("limit");
  const inMs = query.get("time_in_ms") === "true";
  const zip = (request.headers["accept-encoding"] ?? "").includes("gzip");
  response.writeHead(200, { "content-type": "text/plain", ...(zip ? { "content-encoding": "gzip" } : {}) });
  const gzip = zip ? createGzip() : undefined;
  gzip?.pipe(response);
  const out = gzip ?? response;
  let sent = 0;
  for await (const { event, properties } of readEvents(project, { from, to: to + DAY_MS })) {
    if (names && !names.has(event)) continue;
    if (hasLimit && sent >= limit) break;
    sent += 1;
    const time = properties["time"];
    const line = JSON.stringify({
      event,
      properties: { ...properties, time: inMs || typeof time !== "number" ? time : Math.floor(time / 1000) },
    });
    if (!out.write(`${line}\n`)) await new Promise((resolve) => out.once("drain", resolve));
  }
  out.end();
}

interface Session {
  readonly ids: readonly string[];
  readonly store: ProfileStore;
  readonly outputs: readonly string[] | undefined;
}

const CONDITION =
  /^\s*properties\["([^"]+)"\]\s*(==|!=|>=|<=|>|<)\s*("[^"]*"|-?\d+(?:\.\d+)?|true|false)\s*$/;

/** The documented subset of `where`: one comparison of one property. */
function matches(properties: Readonly<Record<string, unknown>>, where: string): boolean {
  const [, name = "", operator = "", literal = ""] = CONDITION.exec(where) ?? [];
  const value = properties[name];
  const wanted: unknown = JSON.parse(literal === "" ? "null" : literal);
  switch (operator) {
    case "==":
      return value === wanted;
    case "!=":
      return value !== wanted;
    case ">":
      return Number(value) > Number(wanted);
    case "<":
      return Number(value) < Number(wanted);
    case ">=":
      return Number(value) >= Number(wanted);
    case "<=":
      return Number(value) <= Number(wanted);
    default:
      return false;
  }
}

function formOf(wire: Wire): URLSearchParams {
  const text = wire.body.toString("utf8");
  return new URLSearchParams(
    text.startsWith("data=")
      ? Buffer.from(new URLSearchParams(text).get("data") ?? "", "base64").toString("utf8")
      : text,
  );
}

function listOf(text: string | null): readonly string[] | undefined {
  if (text === null) return undefined;
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.map(String) : undefined;
}

/** `/api/query/engage`, with pages and sessions. */
export class EngageQuery {
  readonly #sessions = new Map<string, Session>();

  handle(wire: Wire, project: Project): void {
    if (!isAllowed(wire, project)) return;
    const form = formOf(wire);
    const page = Number(form.get("page") ?? 0);
    const counts = page === 0 || project.switches.text("engage_pages_count") === "yes";
    if (counts && !isWithin(wire, project, "query")) return;
    const given = form.get("session_id");
    const found = given === null ? undefined : this.#sessions.get(given);
    if (page > 0 && !found) {
      sendJson(wire.response, 400, {
        error: "request for page in uncached query for params",
        status: "error",
      });
      return;
    }
    const where = form.get("where");
    if (where !== null && !CONDITION.test(where)) {
      sendJson(wire.response, 400, {
        error: 'where: this emulator knows one comparison, for example properties["plan"] == "pro"',
        status: "error",
      });
      return;
    }
    const id = given !== null && found ? given : `${Date.now()}-${randomUUID()}`;
    const session = found ?? this.#open(id, form, project);
    const ids = session.ids.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    sendJson(wire.response, 200, {
      page,
      page_size: PAGE_SIZE,
      session_id: id,
      status: "ok",
      total: session.ids.length,
      results: ids.map((one) => ({
        $distinct_id: one,
        $properties: selected(session.store.get(one)?.properties ?? {}, session.outputs),
      })),
    });
  }

  #open(id: string, form: URLSearchParams, project: Project): Session {
    const key = form.get("data_group_id");
    const store = key === null ? project.profiles : project.groupProfiles(key);
    const wanted =
      listOf(form.get("distinct_ids")) ??
      (form.get("distinct_id") === null ? undefined : [form.get("distinct_id") ?? ""]);
    const canonical =
      wanted && new Set(wanted.map((one) => (key === null ? project.identities.profileId(one) : one)));
    const where = form.get("where");
    const ids: string[] = [];
    for (const [one, { properties }] of store.entries())
      if ((!canonical || canonical.has(one)) && (where === null || matches(properties, where))) ids.push(one);
    const session = { ids, store, outputs: listOf(form.get("output_properties")) };
    this.#sessions.set(id, session);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= SESSIONS_MAX) break;
      this.#sessions.delete(oldest);
    }
    return session;
  }
}

function selected(
  properties: Readonly<Record<string, unknown>>,
  names: readonly string[] | undefined,
): Readonly<Record<string, unknown>> {
  return names
    ? Object.fromEntries(names.filter((name) => name in properties).map((name) => [name, properties[name]]))
    : properties;
}

/** `/api/query/events/names`, `top`, `properties/top`, `properties/values`. */
export function handleNames(wire: Wire, project: Project): void {
  if (!isAllowed(wire, project) || !isWithin(wire, project, "query")) return;
  const { path, query, response } = wire;
  const most = [...project.names].sort(([, a], [, b]) => b.count - a.count);
  const limit = (fallback: number): number => Number(query.get("limit") ?? fallback);
  const event = project.names.get(query.get("event") ?? "");
  if (path.endsWith("/events/names"))
    return sendJson(
      response,
      200,
      most.slice(0, limit(255)).map(([name]) => name),
    );
  if (path.endsWith("/events/top"))
    return sendJson(response, 200, {
      events: most
        .slice(0, limit(100))
        .map(([name, { count }]) => ({ event: name, amount: count, percent_change: 0 })),
      type: query.get("type") ?? "general",
    });
  if (!event) return sendJson(response, 200, path.endsWith("/values") ? [] : {});
  if (path.endsWith("/properties/top")) {
    const top = [...event.properties].sort(([, a], [, b]) => b.count - a.count).slice(0, limit(10));
    return sendJson(response, 200, Object.fromEntries(top.map(([name, { count }]) => [name, { count }])));
  }
  const values = event.properties.get(query.get("name") ?? "")?.values ?? new Map<string, number>();
  return sendJson(
    response,
    200,
    [...values]
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit(255))
      .map(([value]) => value),
  );
}

export { isAllowed };

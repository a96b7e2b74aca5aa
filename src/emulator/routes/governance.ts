// Lexicon schemas and privacy requests. Source (read 2026-11): Mixpanel "Lexicon Schemas API", "GDPR API".
import { randomUUID } from "node:crypto";
import { isObject } from "../../core/index.ts";
import { sendJson, type Wire } from "../http/wire.ts";
import type { Project } from "../project.ts";
import { isAllowed } from "./query.ts";

const IDS_MAX = 2000;
/** How long a privacy request takes in each of its states. */
const STAGE_MS = 1000;

interface Entry {
  readonly entityType: string;
  readonly name: string;
  readonly schemaJson: unknown;
}

function jsonOf(wire: Wire): unknown {
  try {
    return JSON.parse(wire.body.toString("utf8"));
  } catch {
    // The caller answers 400.
    return undefined;
  }
}

/** An absent key keeps its old value, `null` clears it. */
function mergeSchema(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after)) return after;
  const merged: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(after)) {
    if (value === null) delete merged[name];
    else
      merged[name] =
        name === "metadata" || name === "com.mixpanel" ? mergeSchema(merged[name], value) : value;
  }
  return merged;
}

function entriesOf(project: Project, type?: string, name?: string): object[] {
  return [...project.schemas]
    .map(([key, schemaJson]) => {
      const [entityType = "", ...rest] = key.split("/");
      return { entityType, name: rest.join("/"), schemaJson };
    })
    .filter(
      (entry) =>
        (type === undefined || entry.entityType === type) && (name === undefined || entry.name === name),
    );
}

function isEntry(value: unknown): value is Entry {
  return isObject(value) && typeof value["entityType"] === "string" && typeof value["name"] === "string";
}

/** `/api/app/projects/{id}/schemas…`. */
export function handleSchemas(wire: Wire, project: Project): void {
  if (!isAllowed(wire, project)) return;
  if (!project.limits.take("schemas"))
    return sendJson(wire.response, 429, { error: "rate limit exceeded", status: "error" });
  const [type, name] = wire.path.split("/schemas")[1]?.split("/").slice(1).map(decodeURIComponent) ?? [];
  const { method, response } = wire;
  if (method === "GET")
    return sendJson(response, 200, {
      results: entriesOf(project, type, name ?? wire.query.get("entity_name") ?? undefined),
      status: "ok",
    });
  if (method === "DELETE") {
    let deleted = 0;
    for (const key of project.schemas.keys())
      if (
        type === undefined ||
        (name === undefined ? key.startsWith(`${type}/`) : key === `${type}/${name}`)
      ) {
        project.schemas.delete(key);
        deleted += 1;
      }
    return sendJson(response, 200, { results: { delete_count: deleted }, status: "ok" });
  }
  const body = jsonOf(wire);
  if (type !== undefined && name !== undefined && isObject(body)) {
    project.schemas.set(`${type}/${name}`, mergeSchema(project.schemas.get(`${type}/${name}`), body));
    return sendJson(response, 200, { status: "ok" });
  }
  const entries =
    isObject(body) && Array.isArray(body["entries"]) ? (body["entries"] as unknown[]) : undefined;
  if (!isObject(body) || !entries?.every(isEntry))
    return sendJson(response, 400, { error: "entries, invalid", status: "error" });
  const deleted = body["truncate"] === true ? project.schemas.size : 0;
  if (body["truncate"] === true) project.schemas.clear();
  for (const { entityType, name: own, schemaJson } of entries) {
    const key = `${entityType}/${own}`;
    project.schemas.set(key, mergeSchema(project.schemas.get(key), schemaJson));
  }
  return sendJson(response, 200, { results: { added: entries.length, deleted }, status: "ok" });
}

function statusOf(task: { readonly at: number; readonly revoked: boolean }, now: number): string {
  if (task.revoked) return "REVOKED";
  const age = now - task.at;
  if (age < STAGE_MS) return "PENDING";
  if (age < 2 * STAGE_MS) return "STAGING";
  return age < 3 * STAGE_MS ? "STARTED" : "SUCCESS";
}

function createTask(wire: Wire, project: Project, kind: "retrieval" | "deletion"): void {
  const body = jsonOf(wire);
  const ids =
    isObject(body) && Array.isArray(body["distinct_ids"]) ? body["distinct_ids"].map(String) : undefined;
  if (!ids || ids.length === 0 || ids.length > IDS_MAX)
    return sendJson(wire.response, 400, { error: `distinct_ids, 1 to ${IDS_MAX}`, status: "error" });
  const id = randomUUID();
  const now = project.clock.now();
  project.tasks.set(id, { kind, ids, at: now, revoked: false });
  if (kind === "deletion")
    for (const one of ids) {
      project.deletedIds.set(
        project.identities.profileId(one),
        now + 2 * STAGE_MS + project.switches.number("deletion_latency_ms"),
      );
      project.profiles.delete(project.identities.profileId(one));
    }
  const shape = project.switches.text("gdpr_answer");
  const full = [
    {
      status: "PENDING",
      tracking_id: id,
      distinct_id_count: ids.length,
      date_requested: new Date(now).toISOString(),
    },
  ];
  const results =
    shape === "tracking_id" ? full : shape === "task_id" ? { task_id: id } : { task_id: id, tracking_id: id };
  return sendJson(wire.response, 201, { status: "ok", results });
}

/** `/api/app/data-retrievals/v3.0/…` and `/api/app/data-deletions/v3.0/…`. */
export function handlePrivacy(wire: Wire, project: Project): void {
  const kind = wire.path.includes("data-deletions") ? "deletion" : "retrieval";
  if (
    !(wire.request.headers.authorization ?? "").startsWith("Bearer ") &&
    project.switches.text("auth") === "required"
  )
    return sendJson(wire.response, 401, { error: "an OAuth token is needed", status: "error" });
  const id = wire.path.split("/v3.0/")[1] ?? "";
  if (wire.method === "POST") return createTask(wire, project, kind);
  const task = project.tasks.get(id);
  if (task?.kind !== kind) return sendJson(wire.response, 404, { status: "error", error: "NOT_FOUND" });
  const status = statusOf(task, project.clock.now());
  if (wire.method === "DELETE") {
    if (status !== "PENDING" && status !== "STAGING")
      return sendJson(wire.response, 405, { status: "error", error: "already started" });
    task.revoked = true;
    for (const one of task.ids) project.deletedIds.delete(project.identities.profileId(one));
    wire.response.writeHead(204).end();
    return undefined;
  }
  return sendJson(wire.response, 200, {
    status: "ok",
    results: {
      tracking_id: id,
      status,
      distinct_ids: task.ids,
      date_requested: new Date(task.at).toISOString(),
    },
  });
}

/** `/api/app/me` and the unofficial data definitions, behind their switch. */
export function handleApp(wire: Wire, project: Project): void {
  if (!isAllowed(wire, project)) return;
  if (wire.path === "/api/app/me")
    return sendJson(wire.response, 200, {
      status: "ok",
      results: { projects: { 1: { name: "local", role: "owner" } } },
    });
  if (project.switches.text("data_definitions") === "on" && wire.path.endsWith("/data-definitions/events"))
    return sendJson(wire.response, 200, {
      status: "ok",
      results: [...project.names].map(([name, { count }]) => ({
        name,
        count,
        hidden: false,
        dropped: false,
      })),
    });
  return sendJson(wire.response, 404, {
    status: "error",
    error: "this emulator does not have this endpoint",
  });
}

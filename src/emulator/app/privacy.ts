// Retrievals and deletions by the privacy laws. Source (read 2026-11): Mixpanel "GDPR API".
import { randomUUID } from "node:crypto";
import { isObject } from "../../core/index.ts";
import { type Answer, bodyJson, type Call, json, refuse } from "../http/call.ts";
import { credentialOf } from "../http/credentials.ts";
import { answerTooMany } from "../http/ingestion-answers.ts";
import { type PrivacyTask, statusOfTask } from "../project.ts";

const COMPLIANCE = ["GDPR", "CCPA"] as const;

function described(call: Call, id: string, task: PrivacyTask): object {
  return {
    status: statusOfTask(task, call.project),
    tracking_id: id,
    project_id: call.project.projectId,
    compliance_type: task.complianceType,
    ...(task.kind === "retrieval" ? { disclosure_type: task.disclosureType } : {}),
    date_requested: new Date(task.atMs).toISOString(),
    requesting_user: "local",
    distinct_id_count: task.distinctIds.length,
  };
}

function create(call: Call, kind: PrivacyTask["kind"]): Answer {
  const { project } = call;
  const body = bodyJson(call);
  const given = isObject(body) ? body["distinct_ids"] : undefined;
  const most = project.switches.number("gdpr_ids_max");
  if (!isObject(body) || !Array.isArray(given) || given.length === 0 || given.length > most)
    return refuse(400, `distinct_ids must be a list of 1 to ${most} ids`);
  const complianceType = COMPLIANCE.find((one) => one === (body["compliance_type"] ?? "GDPR"));
  if (complianceType === undefined) return refuse(400, "compliance_type must be GDPR or CCPA");
  const id = randomUUID();
  const task: PrivacyTask = {
    kind,
    distinctIds: given.map(String),
    complianceType,
    disclosureType: typeof body["disclosure_type"] === "string" ? body["disclosure_type"] : "Data",
    atMs: project.clock.now(),
    upTo: project.sequence,
    isApplied: false,
    isRevoked: false,
  };
  project.tasks.set(id, task);
  project.applyDuePrivacy();
  switch (project.switches.text("gdpr_answer")) {
    case "task_id":
      return json(201, { status: "ok", results: { task_id: id } });
    case "tracking_id":
      return json(201, { status: "ok", results: [described(call, id, task)] });
    default:
      return json(201, { status: "ok", results: { task_id: id, ...described(call, id, task) } });
  }
}

function show(call: Call, id: string, task: PrivacyTask): Answer {
  call.project.applyDuePrivacy();
  const status = statusOfTask(task, call.project);
  const isReady = task.kind === "retrieval" && status === "SUCCESS";
  return json(200, {
    status: "ok",
    results: {
      ...described(call, id, task),
      distinct_ids: task.distinctIds,
      ...(isReady ? { result: `http://${call.request.headers.host ?? ""}/emulator/retrievals/${id}` } : {}),
    },
  });
}

/** `/api/app/data-retrievals/v3.0/…` and `/api/app/data-deletions/v3.0/…`. */
export function answerPrivacy(call: Call): Answer {
  const { project, path, method } = call;
  // Documented: the token of a person. Service accounts are not listed; switch `gdpr_auth` lets them through.
  const credential = credentialOf(call.request);
  if (!credential || (credential.kind !== "bearer" && project.switches.text("gdpr_auth") === "bearer"))
    return refuse(401, "an OAuth token is needed: Authorization: Bearer …");
  if ((call.query.get("token") ?? "") === "") return refuse(400, "token is a required parameter");
  if (!project.limits.take("gdpr")) return answerTooMany(call);
  const kind = path.startsWith("/api/app/data-deletions") ? "deletion" : "retrieval";
  const [, id = ""] = path.split("/v3.0/");
  if (id === "") return method === "POST" ? create(call, kind) : refuse(405, "method not allowed");
  const task = project.tasks.get(id);
  if (task?.kind !== kind)
    return json(404, { status: "error", error: "NOT_FOUND", results: { status: "NOT_FOUND" } });
  if (method === "GET") return show(call, id, task);
  if (method !== "DELETE" || kind !== "deletion") return refuse(405, "method not allowed");
  const status = statusOfTask(task, project);
  if (status !== "PENDING" && status !== "STAGING") return refuse(405, "the deletion has already started");
  task.isRevoked = true;
  return { status: 204, headers: {}, body: "" };
}

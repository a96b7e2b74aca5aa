// `/api/app/…`: finds the endpoint. Source (read 2026-11): Mixpanel "Service Accounts", "Lexicon Schemas API".
import { type Answer, type Call, json, refuse } from "../http/call.ts";
import { credentialOf, refuseStranger } from "../http/credentials.ts";
import { answerDefinitions } from "./definitions.ts";
import { answerPrivacy } from "./privacy.ts";
import { answerSchemas } from "./schemas.ts";

function answerMe(call: Call): Answer {
  const id = String(call.project.projectId);
  return json(200, {
    status: "ok",
    results: {
      user_email: credentialOf(call.request)?.user ?? "",
      organizations: { 1: { id: 1, name: "local", role: "owner" } },
      projects: {
        [id]: { id: call.project.projectId, name: "local", organization_id: 1, role: { name: "owner" } },
      },
    },
  });
}

/** `/api/app/…`. */
export function answerApp(call: Call): Answer {
  const { path, project } = call;
  if (/^\/api\/app\/data-(?:retrievals|deletions)\/v3\.0(?:\/|$)/.test(path)) return answerPrivacy(call);
  const refused = refuseStranger(call);
  if (refused) return refused;
  if (path === "/api/app/me") return answerMe(call);
  let parts: string[];
  try {
    parts = path.slice("/api/app/".length).split("/").map(decodeURIComponent);
  } catch {
    return refuse(400, "the path is not valid");
  }
  const [projects, id, ...after] = parts;
  if (projects !== "projects") return refuse(404, "the local Mixpanel does not have this endpoint");
  if (id !== String(project.projectId)) return refuse(403, "this account has no access to the project");
  const [section, ...rest] = after[0] === "workspaces" ? after.slice(2) : after;
  if (section === "schemas") return answerSchemas(call, rest);
  if (section === "data-definitions") return answerDefinitions(call, rest);
  return refuse(404, "the local Mixpanel does not have this endpoint");
}

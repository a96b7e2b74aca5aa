// Who calls. By default any service account will do: the local Mixpanel guards nothing.
import type { IncomingMessage } from "node:http";
import { type Answer, type Call, refuse } from "./call.ts";

export interface Credential {
  readonly kind: "basic" | "bearer";
  readonly user: string;
  readonly password: string;
}

/** The credential of a request; `undefined` when there is none. */
export function credentialOf(request: IncomingMessage): Credential | undefined {
  const header = request.headers.authorization ?? "";
  const space = header.indexOf(" ");
  const rest = header.slice(space + 1).trim();
  if (space < 0 || rest === "") return undefined;
  switch (header.slice(0, space).toLowerCase()) {
    case "bearer":
      return { kind: "bearer", user: rest, password: "" };
    case "basic": {
      const [user = "", ...password] = Buffer.from(rest, "base64").toString("utf8").split(":");
      return { kind: "basic", user, password: password.join(":") };
    }
    default:
      return undefined;
  }
}

/** A service account, or a project secret (user name without password), that this project knows. */
export function isKnown({ project }: Call, { kind, user, password }: Credential): boolean {
  if (user === "") return false;
  if (project.switches.text("service_accounts") === "any") return true;
  return (
    kind === "basic" &&
    Object.hasOwn(project.serviceAccounts, user) &&
    project.serviceAccounts[user] === password
  );
}

/** Why a query, export or app call may not go on; `undefined` when it may. */
export function refuseStranger(call: Call): Answer | undefined {
  const credential = credentialOf(call.request);
  if (!credential) return refuse(401, "Missing service account credentials");
  if (!isKnown(call, credential)) return refuse(401, "Invalid service account credentials");
  return undefined;
}

/** As {@link refuseStranger}, and the call must name this project in its query. */
export function refuseOther(call: Call): Answer | undefined {
  const stranger = refuseStranger(call);
  if (stranger) return stranger;
  const wanted = call.query.get("project_id");
  const isSecret = credentialOf(call.request)?.password === "";
  if (wanted === null && !isSecret)
    return refuse(400, "project_id is a required parameter for service accounts");
  return wanted === null || wanted === String(call.project.projectId)
    ? undefined
    : refuse(403, "this account has no access to the project");
}

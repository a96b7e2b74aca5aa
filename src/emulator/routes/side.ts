// What SDKs ask beside ingestion: flags, settings, replays, lookup tables. Answers come from `/emulator/` and are empty until set.
// Source (read 2026-11): Mixpanel's feature flags and ingestion OpenAPI, and mixpanel-browser 2.83.
import { randomUUID } from "node:crypto";
import { BODY_MAX_BYTES, type Answer, type Call, json, refuse, unpack } from "../http/call.ts";
import { credentialOf, isKnown } from "../http/credentials.ts";
import { answerError, answerTooMany } from "../http/ingestion-answers.ts";

const TABLE_MAX_BYTES = 100_000_000;
/** Answer to a connection check. */
const WELCOME = "Welcome. Get started with our API by visiting https://developer.mixpanel.com/";

/** `/`. */
export function answerRoot(): Answer {
  return json(200, { error: WELCOME });
}

/** `/decide`: nothing asks it any more. */
export function answerDecide(): Answer {
  return json(200, {});
}

/** `/record`: session replays are counted and not kept. */
export function answerRecord(call: Call): Answer {
  if (!credentialOf(call.request)) return refuse(401, "a project token is needed");
  call.project.replayBytes += call.body.length;
  return json(200, call.project.switches.text("record_answer") === "ok" ? { code: 200, status: "OK" } : {});
}

/** `/flags`, `/flags/definitions`, `/flags/{id}/first-time-events`. */
export function answerFlags(call: Call): Answer {
  const { project, path, method } = call;
  if (!credentialOf(call.request)) return refuse(401, "a project token is needed");
  if (!project.limits.take("flags")) return answerTooMany(call);
  if (path === "/flags/definitions") return json(200, { flags: Object.values(project.side.flags) });
  if (/^\/flags\/[^/]+\/first-time-events$/.test(path)) {
    if (method !== "POST") return refuse(405, "method not allowed");
    project.firstTimeEvents += 1;
    return json(200, { status: "ok" });
  }
  if (path !== "/flags") return refuse(404, "there is no such endpoint");
  const pending = project.side.pendingFirstTimeEvents;
  return json(200, {
    flags: project.side.flags,
    ...(pending.length === 0 ? {} : { pending_first_time_events: pending }),
  });
}

/** `/settings`. */
export function answerSettings({ project, request }: Call): Answer {
  if (!credentialOf(request)) return refuse(401, "a project token is needed");
  return json(200, { sdk_config: { config: project.side.settings } });
}

/** Rows of a CSV that lack a key in their first column. */
function rowsWithoutKey(lines: readonly string[]): object[] {
  return lines.flatMap((line, index) =>
    line.startsWith(",") ? [{ index, message: "the first column must not be empty" }] : [],
  );
}

function replaceTable(call: Call, id: string): Answer {
  const { project } = call;
  if (!project.limits.take("lookup_tables")) return answerTooMany(call);
  const table = project.lookupTables.get(id);
  if (!table)
    return answerError(404, "there is no such lookup table: make one with POST /emulator/lookup-tables");
  const bytes = unpack(call, BODY_MAX_BYTES);
  if (bytes === "too-large" || bytes.length > TABLE_MAX_BYTES)
    return answerError(413, `request exceeds max limit of ${TABLE_MAX_BYTES} bytes`);
  const [header = "", ...rows] = bytes.toString("utf8").trimEnd().split(/\r?\n/);
  if (header === "") return answerError(400, "the table is empty");
  const failed = rowsWithoutKey(rows);
  if (failed.length > 0)
    return json(400, {
      code: 400,
      error: "some rows failed validation",
      failed_records: failed.slice(0, 10),
      status: "Bad Request",
    });
  table.rows = rows.length;
  return json(200, { code: 200, status: "OK" });
}

/** `/lookup-tables` and `/lookup-tables/{id}`. */
export function answerLookupTables(call: Call): Answer {
  const { project, request, method, path } = call;
  const credential = credentialOf(request);
  if (!credential || !isKnown(call, credential)) return answerError(401, "Invalid credentials");
  const id = path.slice("/lookup-tables/".length);
  if (method === "GET" && id === "")
    return json(200, {
      code: 200,
      status: "OK",
      results: [...project.lookupTables.values()].map(({ id: own, name }) => ({ id: own, name })),
    });
  return method === "PUT" && id !== ""
    ? replaceTable(call, id)
    : answerError(404, "there is no such endpoint");
}

/** Makes a lookup table, as the user interface would; answers its id. */
export function makeLookupTable({ project }: Call, name: string): string {
  const id = randomUUID();
  project.lookupTables.set(id, { id, name, rows: 0 });
  return id;
}

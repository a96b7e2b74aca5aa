// `/import`: trusted events of any age, strict or loose. Source (read 2026-11): Mixpanel "Import Events".
import { isObject } from "../../core/index.ts";
import { type CheckFailure, checkRules, checkStrict } from "../events/check-event.ts";
import { type CheckedEvent, senderOf, storeEvents } from "../events/store-events.ts";
import { type Answer, type Call, json, unpack } from "../http/call.ts";
import { credentialOf, isKnown } from "../http/credentials.ts";
import { answerError, answerFull, answerIngestion, answerTooMany } from "../http/ingestion-answers.ts";
import { type Payload, readPayload } from "../http/payload.ts";
import { checkLoosely, ITEMS_MAX, mixedError } from "./track.ts";

const LINE_FEED = 10;

/** Why the sender may not import; `undefined` when it may. */
function refuseSender(call: Call): Answer | undefined {
  const { query, project, request } = call;
  const credential = credentialOf(request);
  // Old SDKs send a key in the query or nothing at all beside the token in each event: taken, as at Mixpanel.
  if (!credential) {
    const isLegacy = query.get("strict") !== "1" || query.has("api_key");
    return isLegacy ? undefined : answerError(401, "Invalid credentials");
  }
  // A user name alone is a project's token or secret: tokens are not checked.
  if (credential.kind === "basic" && credential.password === "")
    return credential.user === "" ? answerError(401, "Invalid credentials") : undefined;
  if (!isKnown(call, credential)) return answerError(401, "Invalid service account credentials");
  const wanted = query.get("project_id");
  if (wanted === null || wanted === "")
    return answerError(400, "project_id is a required parameter for service accounts");
  return wanted === String(project.projectId)
    ? undefined
    : answerError(403, "this account has no access to the project");
}

function countLines(body: Buffer): number {
  let lines = 0;
  let start = 0;
  for (let at = body.indexOf(LINE_FEED); at >= 0; at = body.indexOf(LINE_FEED, start)) {
    if (at > start) lines += 1;
    start = at + 1;
  }
  return start < body.length ? lines + 1 : lines;
}

function answerImported(count: number): Answer {
  return json(200, { code: 200, num_records_imported: count, status: "OK" });
}

interface Failed extends CheckFailure {
  readonly index: number;
  readonly value: unknown;
}

function failedRecords(call: Call, failed: readonly Failed[]): object[] {
  const key = call.project.switches.text("failed_record_id_key");
  return failed.map(({ index, field, message, value }) => {
    const properties = isObject(value) && isObject(value["properties"]) ? value["properties"] : {};
    const insertId = properties["$insert_id"];
    return { index, [key]: typeof insertId === "string" ? insertId : "", field, message };
  });
}

const ASKED_FOR: CheckFailure = {
  field: "properties.time",
  message: "'properties.time' is invalid: must be specified as seconds since epoch",
};

function importStrictly(call: Call, { items, lines, form, isDamaged }: Payload): Answer {
  const { project } = call;
  const rules = checkRules(project, isDamaged);
  const refused = call.fault?.partial ?? 0;
  const failed: Failed[] = [];
  const checked: CheckedEvent[] = [];
  for (const [index, value] of items.entries()) {
    const text = lines?.[index] ?? JSON.stringify(value);
    const failure = index < refused ? ASKED_FOR : checkStrict(value, rules, text?.length ?? 0);
    if (failure) failed.push({ index, value, ...failure });
    else checked.push({ value, json: text });
  }
  if (!storeEvents(project, senderOf(call, form, "import"), checked))
    return answerFull("events", "events_max");
  if (failed.length === 0) return answerImported(checked.length);
  return json(400, {
    code: 400,
    error: "some data points in the request failed validation",
    failed_records: failedRecords(call, failed),
    num_records_imported: checked.length,
    status: "Bad Request",
  });
}

/** Bodies without `strict=1` are answered as `/track` answers, or as switch `import_answer` says. */
function importLoosely(call: Call, payload: Payload): Answer {
  const { checked, error } = checkLoosely(call, payload, "import");
  if (!storeEvents(call.project, senderOf(call, payload.form, "import"), checked))
    return answerFull("events", "events_max");
  if (call.project.switches.text("import_answer") === "import") return answerImported(checked.length);
  return answerIngestion(call, payload.form, mixedError(call, checked.length, error));
}

/** `/import`. */
export function answerImport(call: Call): Answer {
  const refused = refuseSender(call);
  if (refused) return refused;
  const { project } = call;
  const maxBytes = project.switches.number("import_max_bytes");
  const tooLarge = answerError(413, `request exceeds max limit of ${maxBytes} bytes`);
  if (
    project.storeKind === "swallow" &&
    !call.fault &&
    (call.request.headers["content-type"] ?? "").includes("ndjson")
  ) {
    const body = unpack(call, maxBytes);
    if (body === "too-large") return tooLarge;
    if (body !== "broken") {
      const count = countLines(body);
      if (!project.limits.take("events", count) || !project.limits.take("bytes", body.length))
        return answerTooMany(call);
      project.events.swallow(count);
      return answerImported(count);
    }
  }
  const payload = readPayload(call, maxBytes);
  if (payload === "too-large") return tooLarge;
  if (payload === "unreadable") return answerError(400, "the body is not JSON, or its compression is broken");
  const { items, bytes } = payload;
  if (items.length > ITEMS_MAX) return answerError(400, `request has more than ${ITEMS_MAX} events`);
  if (!project.limits.take("events", items.length) || !project.limits.take("bytes", bytes))
    return answerTooMany(call);
  const isStrict = (call.query.get("strict") ?? payload.form.get("strict")) === "1";
  return isStrict ? importStrictly(call, payload) : importLoosely(call, payload);
}

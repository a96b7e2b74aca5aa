// `/track` and `/import`: takes events in, stamps them, stores them. Source (read 2026-11): Mixpanel "Track Events", "Import Events".
import { randomUUID } from "node:crypto";
import { isObject } from "../../core/index.ts";
import type { Fault } from "../faults.ts";
import { placeOf } from "../geolocation.ts";
import { basicCredential, readPayload, senderAddress, sendJson, unpack, type Wire } from "../http/wire.ts";
import type { Project } from "../project.ts";
import { type CheckFailure, checkStrict, checkTrack, type EventProperties, timeMs } from "./event-checks.ts";

const ITEMS_MAX = 2000;
const HOUR_MS = 3_600_000;
const STRING_MAX = 255;
const LINE_FEED = 10;
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

interface Origin {
  readonly address: string;
  /** Value of the parameter `ip`. */
  readonly ip: string | undefined;
  readonly endpoint: "api.mixpanel.com/track" | "api.mixpanel.com/import";
}

function cutText(text: string, unit: string): string {
  if (text.length <= STRING_MAX / 4) return text;
  if (unit === "characters") return text.length > STRING_MAX ? text.slice(0, STRING_MAX) : text;
  const bytes = Buffer.from(text);
  return bytes.length > STRING_MAX
    ? bytes
        .subarray(0, STRING_MAX)
        .toString("utf8")
        .replace(/\uFFFD$/, "")
    : text;
}

/** The address to look up: the record's own or the sender's, by the rules of the two routes. */
function lookedUp(properties: EventProperties, origin: Origin, project: Project): string | undefined {
  const own = properties["ip"];
  const named = typeof own === "string" && own !== "" ? own : undefined;
  if (origin.endpoint.endsWith("import"))
    return own === 0 || own === "0" ? undefined : (named ?? origin.address);
  if (origin.ip === "1") return origin.address;
  if (project.switches.text("ip_precedence") === "query" && origin.ip === "0") return undefined;
  return named;
}

function stamp(
  properties: EventProperties,
  origin: Origin,
  project: Project,
): { readonly timeMs: number; readonly properties: EventProperties } {
  const now = project.clock.now();
  const unit = project.switches.text("truncate_unit");
  const out: EventProperties = {};
  for (const name of Object.keys(properties)) {
    if (name === "token" || name === "ip") continue;
    const value = properties[name];
    out[name] = typeof value === "string" ? cutText(value, unit) : value;
  }
  const sent = timeMs(properties["time"]);
  const at = sent === undefined || sent > now + HOUR_MS ? now : sent;
  const address = lookedUp(properties, origin, project);
  const place = address === undefined ? undefined : placeOf(address);
  if (place) {
    out["$city"] ??= place.city;
    out["$region"] ??= place.region;
    out["mp_country_code"] ??= place.country;
  }
  out["time"] = at;
  out["$insert_id"] ??= randomUUID();
  out["distinct_id"] ??= "";
  if (origin.endpoint.endsWith("import")) out["$import"] = true;
  out["$mp_api_endpoint"] = origin.endpoint;
  out["$mp_api_timestamp_ms"] = now;
  out["mp_processing_time_ms"] = now;
  return { timeMs: at, properties: out };
}

/** `$ignore` drops an event silently. Source (read 2026-11): Mixpanel "Bot traffic". */
function isIgnored({ $ignore: ignore }: EventProperties): boolean {
  return ignore !== undefined && ignore !== false && ignore !== "" && ignore !== null && ignore !== 0;
}

/** Stores events that were checked; false when there is no room. */
function storeEvents(values: readonly unknown[], origin: Origin, project: Project): boolean {
  const lines: { timeMs: number; json: string }[] = [];
  for (const value of values) {
    if (!isObject(value) || !isObject(value["properties"]) || typeof value["event"] !== "string") continue;
    const event = value["event"];
    if (isIgnored(value["properties"])) continue;
    const stamped = stamp(value["properties"], origin, project);
    const failure = project.identities.learn(event, stamped.properties);
    if (failure !== undefined) stamped.properties["$identity_failure_reason"] = failure;
    const json = JSON.stringify({ event, properties: stamped.properties });
    project.note(event, stamped.properties, json);
    lines.push({ timeMs: stamped.timeMs, json });
  }
  return project.events.add(lines);
}

/** Text or JSON, a pixel, or a script: whatever the sender asked for. */
export function answerTrack(
  wire: Wire,
  form: URLSearchParams,
  outcome: { readonly ok: boolean; readonly error: string | null },
): void {
  const { query, response } = wire;
  const { ok, error } = outcome;
  const status = ok ? 1 : 0;
  const callback = query.get("callback");
  const verbose = query.get("verbose") ?? form.get("verbose") ?? "0";
  if (callback !== null && /^[\w$.]{1,100}$/.test(callback))
    response.writeHead(200, { "content-type": "text/javascript" }).end(`${callback}(${status});`);
  else if (query.get("img") === "1") response.writeHead(200, { "content-type": "image/gif" }).end(PIXEL);
  else if (verbose !== "0" && verbose !== "") sendJson(response, 200, { error: ok ? null : error, status });
  else response.writeHead(200, { "content-type": "text/plain" }).end(String(status));
}

function noRoom(wire: Wire): void {
  sendJson(wire.response, 507, {
    error: "the emulator's store is full: reset it (POST /emulator/reset), or raise the switch events_max",
    status: 0,
  });
}

function tooMany(wire: Wire, project: Project): void {
  if (project.switches.text("retry_after") === "on") wire.response.setHeader("retry-after", "2");
  sendJson(wire.response, 429, {
    code: 429,
    error: "Project exceeded rate limits. Please retry the request with exponential backoff.",
    status: "Too Many Requests",
  });
}

function originOf(wire: Wire, form: URLSearchParams, endpoint: Origin["endpoint"]): Origin {
  return {
    address: senderAddress(wire.request),
    ip: wire.query.get("ip") ?? form.get("ip") ?? undefined,
    endpoint,
  };
}

/** `/track`. */
export function handleTrack(wire: Wire, project: Project): void {
  const payload = readPayload(wire);
  if (!payload)
    return answerTrack(wire, new URLSearchParams(), { ok: false, error: "data, missing or empty" });
  const { items, form } = payload;
  if (!project.limits.take("events", items.length) || !project.limits.take("bytes", wire.body.length))
    return tooMany(wire, project);
  if (project.switches.text("verbose_2") === "error" && wire.query.get("verbose") === "2")
    return sendJson(wire.response, 400, { error: "verbose, invalid", status: 0 });
  const good: unknown[] = [];
  let error: string | null = items.length > ITEMS_MAX ? `data, more than ${ITEMS_MAX} events` : null;
  if (error === null)
    for (const item of items) {
      const reason = checkTrack(item, project);
      if (reason === undefined) good.push(item);
      else error ??= reason;
    }
  const ok = project.switches.text("mixed_batch") === "all" ? error === null : good.length > 0;
  if (ok && project.storeKind === "swallow") project.events.swallow(good.length);
  else if (ok && !storeEvents(good, originOf(wire, form, "api.mixpanel.com/track"), project))
    return noRoom(wire);
  return answerTrack(wire, form, { ok, error });
}

function isAuthorized(wire: Wire, project: Project): boolean {
  const credential = basicCredential(wire.request);
  const bearer = (wire.request.headers.authorization ?? "").startsWith("Bearer ");
  if (bearer || wire.query.has("api_key")) return true;
  if (!credential || credential.user === "")
    return project.switches.text("auth") === "any" && wire.query.get("strict") !== "1";
  const known = Object.keys(project.serviceAccounts);
  // A project token as user name has no password.
  if (known.length === 0 || credential.password === "") return true;
  return project.serviceAccounts[credential.user] === credential.password;
}

function countLines(body: Buffer): number {
  let lines = 0;
  for (let at = body.indexOf(LINE_FEED); at >= 0; at = body.indexOf(LINE_FEED, at + 1)) lines += 1;
  return body.length > 0 && body.at(-1) !== LINE_FEED ? lines + 1 : lines;
}

function swallowImport(wire: Wire, body: Buffer, project: Project): void {
  const count = countLines(body);
  project.events.swallow(count);
  sendJson(wire.response, 200, { code: 200, num_records_imported: count, status: "OK" });
}

interface FailedRecord extends CheckFailure {
  readonly index: number;
  readonly value: unknown;
}

function failedRecords(failed: readonly FailedRecord[], project: Project): object[] {
  const key = project.switches.text("failed_record_id_key");
  return failed.map(({ index, field, message, value }) => {
    const properties = isObject(value) && isObject(value["properties"]) ? value["properties"] : {};
    return { index, [key]: properties["$insert_id"] ?? "", field, message };
  });
}

/** `/import`. */
export function handleImport(wire: Wire, project: Project, fault: Fault | undefined): void {
  if (!isAuthorized(wire, project))
    return sendJson(wire.response, 401, { code: 401, error: "Invalid credentials", status: "Unauthorized" });
  const body = unpack(wire);
  const maxBytes = project.switches.number("import_max_bytes");
  if (body && body.length > maxBytes)
    return sendJson(wire.response, 413, {
      code: 413,
      error: `request exceeds max limit of ${maxBytes} bytes`,
      status: "Request Entity Too Large",
    });
  if (!project.limits.take("bytes", body?.length ?? 0)) return tooMany(wire, project);
  const ndjson = (wire.request.headers["content-type"] ?? "").includes("ndjson");
  if (project.storeKind === "swallow" && ndjson && body && fault === undefined)
    return swallowImport(wire, body, project);
  const payload = readPayload(wire);
  if (!payload)
    return sendJson(wire.response, 400, { code: 400, error: "the body is not JSON", status: "Bad Request" });
  if (!project.limits.take("events", payload.items.length)) return tooMany(wire, project);
  if (wire.query.get("strict") !== "1") return importLoosely(wire, payload, project);
  if (payload.items.length > ITEMS_MAX)
    return sendJson(wire.response, 400, {
      code: 400,
      error: `more than ${ITEMS_MAX} events`,
      status: "Bad Request",
    });
  return importStrictly(wire, payload.items, { project, fault });
}

function importLoosely(
  wire: Wire,
  { items, form }: NonNullable<ReturnType<typeof readPayload>>,
  project: Project,
): void {
  const good = items.filter(
    (item) => isObject(item) && typeof item["event"] === "string" && isObject(item["properties"]),
  );
  if (!storeEvents(good, originOf(wire, form, "api.mixpanel.com/import"), project)) return noRoom(wire);
  if (project.switches.text("import_answer") === "import")
    return sendJson(wire.response, 200, { code: 200, num_records_imported: good.length, status: "OK" });
  return answerTrack(wire, form, { ok: good.length > 0, error: "event, missing" });
}

function importStrictly(
  wire: Wire,
  items: readonly unknown[],
  context: { readonly project: Project; readonly fault: Fault | undefined },
): void {
  const { project, fault } = context;
  const failed: FailedRecord[] = [];
  const good: unknown[] = [];
  for (const [index, value] of items.entries()) {
    const failure =
      index < (fault?.partial ?? 0)
        ? {
            field: "properties.time",
            message: "'properties.time' is invalid: must be specified as seconds since epoch",
          }
        : checkStrict(value, project);
    if (failure) failed.push({ index, value, ...failure });
    else good.push(value);
  }
  const origin = originOf(wire, new URLSearchParams(), "api.mixpanel.com/import");
  if (!storeEvents(good, origin, project)) return noRoom(wire);
  if (failed.length === 0)
    return sendJson(wire.response, 200, { code: 200, num_records_imported: good.length, status: "OK" });
  return sendJson(wire.response, 400, {
    code: 400,
    error: "some data points in the request failed validation",
    failed_records: failedRecords(failed, project),
    num_records_imported: good.length,
    status: "Bad Request",
  });
}

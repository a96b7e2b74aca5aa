// The local Mixpanel's own endpoints, all below `/emulator/`: state for tests, faults, switches, and what its page shows.
import { AppError, isObject } from "../../core/index.ts";
import { ALL_TIME, exportedJson, readDeduplicated, readEvents, shown } from "../events/read-events.ts";
import { type Answer, bodyJson, type Call, json, refuse } from "../http/call.ts";
import { type Project, statusOfTask } from "../project.ts";
import type { Profile } from "../store/profile-store.ts";
import { makeLookupTable } from "./side.ts";

const LATEST_PROFILES = 20;

function objectOf(call: Call): Readonly<Record<string, unknown>> {
  const body = call.body.length === 0 ? {} : bodyJson(call);
  if (!isObject(body))
    throw new AppError("EMULATOR_FAULT_INVALID", "Cannot read the body: not a JSON object");
  return body;
}

async function* lines(call: Call): AsyncGenerator<string> {
  const { project, query } = call;
  const inMs = query.get("time_in_ms") !== "false";
  const read = query.get("view") === "deduplicated" ? readDeduplicated : readEvents;
  for await (const events of read(project, ALL_TIME)) {
    let text = "";
    for (const event of events) text += `${exportedJson(event, inMs)}\n`;
    if (text !== "") yield text;
  }
}

function listEvents(call: Call): Answer {
  if (call.project.storeKind === "swallow")
    return refuse(409, "store=swallow keeps no events: start with store=disk");
  const view = call.query.get("view") ?? "raw";
  if (view !== "raw" && view !== "deduplicated") return refuse(400, "view must be raw or deduplicated");
  return { status: 200, headers: { "content-type": "application/x-ndjson" }, body: lines(call) };
}

function statsOf(project: Project): object {
  project.applyDuePrivacy();
  return {
    events: project.events.count,
    eventBytes: project.events.bytes,
    profiles: project.profiles.count,
    updates: project.updates,
    groups: Object.fromEntries([...project.groups].map(([key, store]) => [key, store.count])),
    linkedIds: project.identities.count,
    requests: Object.fromEntries(
      [...project.requests].map(([route, statuses]) => [route, Object.fromEntries(statuses)]),
    ),
    replayBytes: project.replayBytes,
    firstTimeEvents: project.firstTimeEvents,
    lookupTables: [...project.lookupTables.values()],
    store: project.storeKind,
    switches: project.switches.all(),
    faults: project.faults.list,
    memoryBytes: process.memoryUsage().rss,
  };
}

function latestOf(project: Project): object {
  project.applyDuePrivacy();
  const skipped = Math.max(0, project.profiles.count - LATEST_PROFILES);
  const profiles: object[] = [];
  let at = 0;
  for (const [id, { properties }] of project.profiles.entries()) {
    at += 1;
    if (at > skipped) profiles.unshift({ id, properties });
  }
  return {
    events: project.recent
      .map((line) => shown(project, line))
      .filter((event) => event !== undefined)
      .reverse(),
    profiles,
    counts: { events: project.events.count, profiles: project.profiles.count },
  };
}

async function* adds(project: Project): AsyncGenerator<string> {
  await Promise.resolve();
  let before = "{";
  for (const [id, { adds: counts }] of project.profiles.entries()) {
    if (Object.keys(counts).length === 0) continue;
    yield `${before}${JSON.stringify(id)}:${JSON.stringify(counts)}`;
    before = ",\n";
  }
  yield before === "{" ? "{}" : "}";
}

/** What a finished privacy retrieval points to. */
function answerRetrieval({ project, path }: Call): Answer {
  const task = project.tasks.get(path.slice("/emulator/retrievals/".length));
  if (task?.kind !== "retrieval" || statusOfTask(task, project) !== "SUCCESS")
    return refuse(404, "not ready");
  const ids = new Set(task.distinctIds.map((id) => project.identities.profileId(id)));
  const profiles: (readonly [string, Profile["properties"]])[] = [];
  for (const id of ids) {
    const profile = project.profiles.get(id);
    if (profile) profiles.push([id, profile.properties]);
  }
  async function* found(): AsyncGenerator<string> {
    for (const [id, properties] of profiles)
      yield `${JSON.stringify({ $distinct_id: id, $properties: properties })}\n`;
    for await (const events of readEvents(project, ALL_TIME))
      for (const event of events)
        if (ids.has(String(event.properties["distinct_id"]))) yield `${exportedJson(event, true)}\n`;
  }
  return { status: 200, headers: { "content-type": "application/x-ndjson" }, body: found() };
}

function setSwitches(call: Call): Answer {
  for (const [name, value] of Object.entries(objectOf(call))) call.project.switches.set(name, String(value));
  return json(200, call.project.switches.all());
}

function setFlags(call: Call): Answer {
  const { flags, pending_first_time_events: pending } = objectOf(call);
  if (isObject(flags)) call.project.side.flags = flags;
  if (Array.isArray(pending)) call.project.side.pendingFirstTimeEvents = pending;
  return json(200, call.project.side);
}

const ENDPOINTS: Readonly<Record<string, (call: Call) => Answer>> = {
  "GET /emulator/stats": ({ project }) => json(200, statsOf(project)),
  "GET /emulator/latest": ({ project }) => json(200, latestOf(project)),
  "GET /emulator/events": listEvents,
  "GET /emulator/adds": ({ project }) => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: adds(project),
  }),
  "GET /emulator/faults": ({ project }) => json(200, project.faults.list),
  "POST /emulator/faults": (call) => {
    call.project.faults.add(bodyJson(call));
    return json(200, call.project.faults.list);
  },
  "DELETE /emulator/faults": ({ project }) => {
    project.faults.clear();
    return json(200, []);
  },
  "GET /emulator/switches": ({ project }) => json(200, project.switches.all()),
  "POST /emulator/switches": setSwitches,
  "POST /emulator/flags": setFlags,
  "POST /emulator/settings": (call) => {
    call.project.side.settings = objectOf(call);
    return json(200, call.project.side.settings);
  },
  "POST /emulator/lookup-tables": (call) => {
    const { name } = objectOf(call);
    return json(200, { id: makeLookupTable(call, typeof name === "string" ? name : "table") });
  },
  "POST /emulator/reset": ({ project }) => {
    project.reset();
    return json(200, { status: "ok" });
  },
};

/** `/emulator/…` but for the page itself. */
export function answerControl(call: Call): Answer {
  const key = `${call.method} ${call.path}`;
  const endpoint = Object.hasOwn(ENDPOINTS, key) ? ENDPOINTS[key] : undefined;
  if (endpoint) return endpoint(call);
  if (call.method === "GET" && call.path.startsWith("/emulator/retrievals/")) return answerRetrieval(call);
  return refuse(404, `there is no such endpoint; there are ${Object.keys(ENDPOINTS).join(", ")}`);
}

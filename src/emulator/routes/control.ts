// The emulator's own endpoints, all below `/emulator/`: state for tests, faults, switches, and the page.
import { hash } from "node:crypto";
import { AppError, isObject } from "../../core/index.ts";
import { sendJson, type Wire } from "../http/wire.ts";
import type { Project } from "../project.ts";
import { ALL_TIME, deduplicationKey, readEvents } from "./read-events.ts";

const LATEST_PROFILES = 20;

function jsonOf(wire: Wire): unknown {
  try {
    return JSON.parse(wire.body.toString("utf8") || "{}");
  } catch (cause) {
    throw new AppError("EMULATOR_FAULT_INVALID", "Cannot read the body: not JSON", { cause });
  }
}

/** Lines of JSON: what a query sees, repetitions removed; of equal events the latest stays. */
async function sendDeduplicated(wire: Wire, project: Project): Promise<void> {
  const latest = new Map<string, number>();
  let index = 0;
  for await (const event of readEvents(project, ALL_TIME)) {
    latest.set(hash("sha1", deduplicationKey(event)), index);
    index += 1;
  }
  const kept = new Set(latest.values());
  const { response } = wire;
  response.writeHead(200, {
    "content-type": "application/x-ndjson",
    "x-total": String(index),
    "x-unique": String(kept.size),
  });
  index = 0;
  for await (const event of readEvents(project, ALL_TIME)) {
    if (kept.has(index) && !response.write(`${JSON.stringify(event)}\n`))
      await new Promise((resolve) => response.once("drain", resolve));
    index += 1;
  }
  response.end();
}

function statsOf(project: Project): object {
  return {
    events: project.events.count,
    profiles: project.profiles.count,
    groups: Object.fromEntries([...project.groups].map(([key, store]) => [key, store.count])),
    requests: Object.fromEntries(project.requests),
    switches: project.switches.all(),
    faults: project.faults.list,
    memoryBytes: process.memoryUsage().rss,
  };
}

function latestOf(project: Project): object {
  const profiles: object[] = [];
  for (const [id, { properties }] of [...project.profiles.entries()].slice(-LATEST_PROFILES))
    profiles.unshift({ id, properties });
  return {
    events: project.recent.map((json): unknown => JSON.parse(json)).reverse(),
    profiles,
    counts: { events: project.events.count, profiles: project.profiles.count },
  };
}

/** `/emulator/…` but for the page itself. */
export async function handleControl(wire: Wire, project: Project): Promise<void> {
  const { path, method, response } = wire;
  switch (`${method} ${path}`) {
    case "GET /emulator/stats":
      return sendJson(response, 200, statsOf(project));
    case "GET /emulator/latest":
      return sendJson(response, 200, latestOf(project));
    case "GET /emulator/events":
      return sendDeduplicated(wire, project);
    case "GET /emulator/adds":
      return sendJson(
        response,
        200,
        Object.fromEntries([...project.profiles.entries()].map(([id, { adds }]) => [id, adds])),
      );
    case "GET /emulator/faults":
      return sendJson(response, 200, project.faults.list);
    case "POST /emulator/faults":
      project.faults.add(jsonOf(wire));
      return sendJson(response, 200, project.faults.list);
    case "DELETE /emulator/faults":
      project.faults.clear();
      return sendJson(response, 200, []);
    case "POST /emulator/switches": {
      const body = jsonOf(wire);
      for (const [name, value] of Object.entries(isObject(body) ? body : {}))
        project.switches.set(name, String(value));
      return sendJson(response, 200, project.switches.all());
    }
    case "POST /emulator/reset":
      project.reset();
      return sendJson(response, 200, { status: "ok" });
    default:
      return sendJson(response, 404, { error: "there is no such emulator endpoint" });
  }
}

// Stamps checked events as the server does and stores them as they came. Source (read 2026-11): Mixpanel "Geolocation", "Reserved properties".
import { createHash, randomUUID } from "node:crypto";
import { isObject } from "../../core/index.ts";
import { placeOf } from "../geolocation.ts";
import { type Call, senderAddress } from "../http/call.ts";
import type { Project } from "../project.ts";
import { writeLine } from "../store/stored-line.ts";
import { storedTimeMs } from "./check-event.ts";

type Properties = Readonly<Record<string, unknown>>;

/** What the events of one request have in common. */
export interface Sender {
  readonly route: "track" | "import";
  readonly address: string;
  /** Value of the parameter `ip`. */
  readonly ip: string | undefined;
}

/** An event that was checked, and its JSON where the sender wrote it on one line. */
export interface CheckedEvent {
  readonly value: unknown;
  readonly json: string | undefined;
}

/** Reads who sends. */
export function senderOf(call: Call, form: URLSearchParams, route: Sender["route"]): Sender {
  return { route, address: senderAddress(call), ip: call.query.get("ip") ?? form.get("ip") ?? undefined };
}

/** The address to look up, by the rules of the two routes; `undefined` for none. */
function lookedUp(properties: Properties, sender: Sender, recordWins: boolean): string | undefined {
  const own = properties["ip"];
  const named = typeof own === "string" && own !== "" && own !== "0" ? own : undefined;
  if (sender.route === "import") {
    if (!recordWins && sender.ip === "0") return undefined;
    if (own === 0 || own === "0") return undefined;
    return named ?? (sender.ip === "0" ? undefined : sender.address);
  }
  // Documented: with ip=1 the request's address is used, whatever the event says.
  if (sender.ip === "1") return sender.address;
  return !recordWins && sender.ip === "0" ? undefined : named;
}

function isIgnored({ $ignore: ignore }: Properties): boolean {
  return Boolean(ignore);
}

/** Writes the stamps of one request's events. What is the same for all is written once. */
class Stamper {
  readonly #project: Project;
  readonly #sender: Sender;
  readonly #nowMs: number;
  readonly #common: string;
  readonly #recordWins: boolean;
  readonly #places = new Map<string, string>();

  constructor(project: Project, sender: Sender, nowMs: number) {
    this.#project = project;
    this.#sender = sender;
    this.#nowMs = nowMs;
    this.#recordWins = project.switches.text("ip_precedence") === "record";
    const endpoint = `"$mp_api_endpoint":"api.mixpanel.com","$mp_api_timestamp_ms":${nowMs},"mp_processing_time_ms":${nowMs}`;
    this.#common = sender.route === "import" ? `{"$import":true,${endpoint}` : `{${endpoint}`;
  }

  stamps(event: string, properties: Properties): string {
    const address = lookedUp(properties, this.#sender, this.#recordWins);
    let stamps = address === undefined ? this.#common : this.#common + this.#place(address);
    const insertId = properties["$insert_id"];
    if (insertId === undefined || insertId === null || insertId === "")
      stamps += `,"$insert_id":"${randomUUID()}"`;
    if (properties["distinct_id"] === undefined) {
      const own = this.#missingId(properties);
      if (own !== undefined) stamps += `,"distinct_id":${JSON.stringify(own)}`;
    }
    const failure = this.#project.identities.learn(event, properties);
    if (failure !== undefined) stamps += `,"$identity_failure_reason":${JSON.stringify(failure)}`;
    return `${stamps}}`;
  }

  timeMs(properties: Properties): number {
    return storedTimeMs(properties["time"], this.#nowMs);
  }

  #place(address: string): string {
    let text = this.#places.get(address);
    if (text === undefined) {
      const place = placeOf(address);
      text = place
        ? `,${JSON.stringify({ $city: place.city, $region: place.region, mp_country_code: place.country }).slice(1, -1)}`
        : "";
      this.#places.set(address, text);
    }
    return text;
  }

  /** Without any id the sender's address stands for the person, hashed. */
  #missingId(properties: Properties): string | undefined {
    if (properties["$device_id"] !== undefined || properties["$user_id"] !== undefined) return undefined;
    if (this.#sender.route === "track" && this.#sender.ip !== "1") return "";
    return createHash("sha256").update(this.#sender.address).digest("hex").slice(0, 36);
  }
}

/** Stores events in the order given; false when there is no room, and then none is stored. Ignored and blocked ones are dropped silently. */
export function storeEvents(project: Project, sender: Sender, checked: readonly CheckedEvent[]): boolean {
  if (project.events.count + checked.length > project.switches.number("events_max")) return false;
  const stamper = new Stamper(project, sender, project.clock.now());
  const lines: string[] = [];
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  let swallowed = 0;
  for (const { value, json } of checked) {
    if (!isObject(value) || typeof value["event"] !== "string" || !isObject(value["properties"])) continue;
    const { event, properties } = value;
    if (isIgnored(properties) || project.isBlocked(event, properties)) continue;
    if (project.storeKind === "swallow") {
      swallowed += 1;
      continue;
    }
    project.sequence += 1;
    const timeMs = stamper.timeMs(properties);
    const line = writeLine({
      timeMs,
      sequence: project.sequence,
      stamps: stamper.stamps(event, properties),
      json: json ?? JSON.stringify(value),
    });
    lines.push(line);
    if (timeMs < minMs) minMs = timeMs;
    if (timeMs > maxMs) maxMs = timeMs;
    project.names.note(event, properties);
  }
  project.remember(lines);
  if (swallowed > 0) project.events.swallow(swallowed);
  else project.events.add({ lines, minMs, maxMs });
  return true;
}

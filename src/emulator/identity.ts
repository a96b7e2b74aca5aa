// Which ids are one person. Simplified: devices belong to users, learnt from events that carry both. Original: clusters joined by identity events.
// Source (read 2026-11): Mixpanel "Identity management".
import type { Switches } from "./switches.ts";

type Properties = Readonly<Record<string, unknown>>;

const DEVICE_PREFIX = "$device:";
/** Ids that one cluster can hold in original mode. */
const CLUSTER_MAX = 500;

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function bare(id: string): string {
  return id.startsWith(DEVICE_PREFIX) ? id.slice(DEVICE_PREFIX.length) : id;
}

/** The links between ids that events taught, in the mode of switch `identity`. */
export class Identities {
  readonly #switches: Switches;
  /** Simplified: device → user. */
  readonly #users = new Map<string, string>();
  /** Original: id → the cluster it is in; a cluster's first member is its canonical id. */
  readonly #clusters = new Map<string, string[]>();

  constructor(switches: Switches) {
    this.#switches = switches;
  }

  /** Learns from an event; answers why it could not, as Mixpanel puts it on the event. */
  learn(event: string, properties: Properties): string | undefined {
    if (this.#switches.text("identity") === "simplified") {
      this.#learnDevice(properties);
      return undefined;
    }
    switch (event) {
      case "$identify":
        return this.#join(
          text(properties["$identified_id"]) || text(properties["distinct_id"]),
          text(properties["$anon_id"]) || text(properties["$anon_distinct_id"]),
        );
      case "$create_alias":
        return this.#join(text(properties["distinct_id"]), text(properties["alias"]));
      case "$merge": {
        const ids = properties["$distinct_ids"];
        return Array.isArray(ids) && ids.length === 2
          ? this.#join(text(ids[0]), text(ids[1]))
          : "exactly two ids are needed";
      }
      default:
        return undefined;
    }
  }

  #learnDevice(properties: Properties): void {
    const device = text(properties["$device_id"]);
    const user = text(properties["$user_id"]);
    if (device === "" || user === "" || this.#users.size >= this.#switches.number("linked_ids_max")) return;
    if (!this.#users.has(device)) this.#users.set(device, user);
  }

  #join(user: string, other: string): string | undefined {
    if (user === "" || other === "" || user === other) return undefined;
    const mine = this.#clusters.get(bare(user)) ?? [bare(user)];
    const theirs = this.#clusters.get(bare(other)) ?? [bare(other)];
    if (mine === theirs) return undefined;
    if (this.#clusters.size >= this.#switches.number("linked_ids_max"))
      return "the local Mixpanel holds no more linked ids";
    if (mine.length + theirs.length > CLUSTER_MAX) return `a cluster holds at most ${CLUSTER_MAX} ids`;
    const joined = [...mine, ...theirs];
    for (const id of joined) this.#clusters.set(id, joined);
    return undefined;
  }

  /** The id that queries and exports show. */
  canonical(properties: Properties): string {
    const distinctId = text(properties["distinct_id"]);
    if (this.#switches.text("identity") === "original")
      return this.#clusters.get(bare(distinctId))?.[0] ?? distinctId;
    const user = text(properties["$user_id"]);
    if (user !== "") return user;
    const device =
      text(properties["$device_id"]) || (distinctId.startsWith(DEVICE_PREFIX) ? bare(distinctId) : "");
    if (device !== "") {
      const known = this.#users.get(device);
      if (known !== undefined) return known;
      if (distinctId === "" || distinctId === device) return `${DEVICE_PREFIX}${device}`;
    }
    return distinctId;
  }

  /** The id under which a profile is kept. */
  profileId(id: string): string {
    if (this.#switches.text("identity") === "original") return this.#clusters.get(bare(id))?.[0] ?? id;
    return id.startsWith(DEVICE_PREFIX) ? (this.#users.get(bare(id)) ?? id) : id;
  }

  /** Ids held in memory. */
  get count(): number {
    return this.#users.size + this.#clusters.size;
  }

  clear(): void {
    this.#users.clear();
    this.#clusters.clear();
  }
}

// Golden vectors as calls of a generated client: those about plain events of the plan, by their own names, whose properties the client has.
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { type EventToJudge, type Lock, makeValidator, type Trust } from "../../src/plan/index.ts";
import { loadGoldenPlan } from "../golden/load-plan.ts";

export const USER = "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e";

export interface GoldenCase {
  /** File and name of the vector. */
  readonly name: string;
  /** Id of the event. */
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** The validator accepts it as it is. What the gateway would have to repair is wrong in a call, too. */
  readonly fine: boolean;
}

interface Vector {
  readonly name: string;
  readonly input: EventToJudge;
}

/** The golden plan with its `web` source given a trust and what clients own, so that clients and servers are held against the same vectors. */
export function goldenLock(trust: Trust): Lock {
  const lock = loadGoldenPlan();
  const people = Object.entries(lock.people).map(
    ([id, its]) => [id, its.owner === "client" ? { ...its, owner: trust } : its] as const,
  );
  return {
    ...lock,
    hash: "0123456789abcdef",
    sources: { ...lock.sources, web: { trust } },
    people: Object.fromEntries(people),
  };
}

function vectorsOf(file: URL): readonly Vector[] {
  const read = JSON.parse(readFileSync(file, "utf8")) as { with?: object; vectors: Vector[] };
  // Files that lay other rules over the plan would need a client of their own.
  return read.with === undefined ? read.vectors : [];
}

function hasAll(lock: Lock, id: string, properties: object): boolean {
  const event = lock.events[id];
  const isForbidden = (data: string): boolean =>
    lock.sources["web"]?.trust === "client" && lock.data_classes[data]?.client === "forbid";
  if (!event || event.deprecated || !Object.hasOwn(event.sources, "web")) return false;
  if (Object.values(event.properties).some((its) => its.presence === "required" && isForbidden(its.data)))
    return false;
  return Object.keys(properties).every((key) => {
    const property = event.properties[key];
    // What a data class changes on the way is the gateway's business.
    const gateway = property && lock.data_classes[property.data]?.gateway;
    return property && !isForbidden(property.data) && (gateway === undefined || gateway === "accept");
  });
}

/** Every vector that a call can express. */
export function goldenCases(lock: Lock): readonly GoldenCase[] {
  const validator = makeValidator(lock, {
    hash: (text) => createHmac("sha256", "k").update(text).digest("hex"),
  });
  const folder = new URL("../golden/verdicts/", import.meta.url);
  const ids = new Map(Object.entries(lock.events).map(([id, event]) => [event.name, id]));
  const files = readdirSync(folder).filter((file) => file !== "hostile.json");
  return files.flatMap((file) =>
    vectorsOf(new URL(file, folder)).flatMap(({ name, input }): GoldenCase[] => {
      const event = ids.get(input.event);
      if (event === undefined || "operation" in input || input.source !== "web") return [];
      if (typeof input.properties !== "object") return [];
      const { distinct_id: user, ...properties } = input.properties;
      if (user !== USER || !hasAll(lock, event, properties)) return [];
      const { verdict } = validator.judgeEvent(input);
      return [{ name: `${file}: ${name}`, event, properties, fine: verdict === "accepted" }];
    }),
  );
}

// One event: name, source, identity, properties, in that order. Collects every finding, also after the verdict is certain:
// whoever repairs the app wants the whole list.
import { isObject } from "../../core/index.ts";
import type { EventJudgement, EventToJudge } from "../judgement.ts";
import type { UnknownEventPolicy } from "../lock.ts";
import { type Call, RANK } from "./call.ts";
import type { EventRoute, EventRoutes } from "./event-rules.ts";
import type { Identity } from "./identity.ts";
import { judgeProperties } from "./property-table.ts";

/** What judging an event needs, made from the plan. */
export interface EventJudge {
  readonly sources: ReadonlyMap<string, EventRoutes>;
  readonly identity: Identity;
  readonly unknownEvent: UnknownEventPolicy;
}

const BLANK = /^\s*$/;

function finish(call: Call, eventId: string | undefined, output: EventJudgement["output"]): EventJudgement {
  return {
    verdict: call.verdict,
    eventId,
    output: call.rank >= RANK.quarantined ? undefined : output,
    repairs: call.repairs,
    findings: call.findings,
    withhold: call.withhold,
  };
}

function noteRoute(route: EventRoute, unknownEvent: UnknownEventPolicy, call: Call): void {
  if (route.kind === "unknown") {
    call.find("unknown-event", unknownEvent === "accept" ? { at: "event", level: "info" } : { at: "event" });
    if (unknownEvent === "quarantine") call.atLeast(RANK.quarantined);
    if (unknownEvent === "drop") call.atLeast(RANK.dropped);
  }
  if (route.deprecated) call.find("deprecated-used", { at: "event" });
  if (!route.allowed) {
    call.find("not-this-source", { at: "event" });
    call.atLeast(RANK.quarantined);
  }
  if (route.dropped) call.atLeast(RANK.dropped);
}

function refuse(call: Call, id: "event-malformed" | "unknown-source"): EventJudgement {
  call.find(id, { at: "event" });
  call.atLeast(RANK.quarantined);
  return finish(call, undefined, undefined);
}

/** Judges one event. Never throws. */
export function judgeEvent(judge: EventJudge, input: EventToJudge, call: Call): EventJudgement {
  call.begin(input.source, "properties");
  call.oldIds = input.oldIds;
  const sent: unknown = input.event;
  if (typeof sent !== "string" || !isObject(input.properties)) return refuse(call, "event-malformed");
  const routes = judge.sources.get(input.source);
  if (routes === undefined) return refuse(call, "unknown-source");
  const route = routes.route(sent);
  if (route.kind === "unknown" && BLANK.test(sent)) return refuse(call, "event-malformed");
  noteRoute(route, judge.unknownEvent, call);
  if (route.change !== undefined) call.renamed(route.change, "event", { from: sent, to: route.name });
  const identified = judge.identity.judgeEvent(route.identity, input.properties, call);
  const properties = route.table === undefined ? identified : judgeProperties(route.table, identified, call);
  return finish(call, route.eventId, { event: route.name, properties });
}

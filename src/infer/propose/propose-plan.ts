// From a profile of traffic to a plan: a draft and what is wrong with the traffic. Pure and without a clock: the same profile gives the same plan.
import type { Finding } from "../../core/index.ts";
import type { TrafficProfile } from "../profile/traffic-profile.ts";
import { clusterEvents, type Clusters } from "./event-cluster.ts";
import { UNSEEN_DAYS } from "./event-history.ts";
import { inferFinding } from "./infer-findings.ts";
import { EMPTY_DRAFT, type PlanDraft } from "./plan-draft.ts";
import { proposeEvents } from "./propose-events.ts";
import { placeFindings, proposeIdentity } from "./propose-identity.ts";
import { proposeProperties } from "./propose-properties.ts";
import { counted, dayText } from "./words.ts";

export interface ProposeOptions {
  /** Name of the plan. */
  readonly name: string;
  /** Default: {@link UNSEEN_DAYS}. */
  readonly unseenDays?: number;
}

export interface Proposal {
  readonly draft: PlanDraft;
  /** Errors first, then by place. */
  readonly findings: readonly Finding[];
  readonly summary: ProposalSummary;
}

export interface ProposalSummary {
  readonly events: number;
  readonly builtIn: number;
  /** `YYYY-MM-DD`; empty where no event has a time. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Events that a gateway will hold back under any plan: for their ids, or because they have no name. */
  readonly refused: number;
}

function profileFindings(profile: TrafficProfile, clusters: Clusters): Finding[] {
  const findings = clusters.fromValues.map(({ form, names, count }) =>
    inferFinding("names-from-values", {
      at: "events",
      count,
      message: `${counted(names, "event name")} seem to be made from values: \`${form}\``,
      fix: "Send one event with the value in a property; until then the plan lets unknown events pass.",
    }),
  );
  if (profile.malformed > 0)
    findings.push(
      inferFinding("event-nameless", {
        at: "events",
        count: profile.malformed,
        message: `${counted(profile.malformed, "event")} without a name`,
        fix: "The gateway holds them back whatever the plan says; find who sends them.",
      }),
    );
  if (profile.overflow > 0)
    findings.push(
      inferFinding("over-the-cap", {
        at: "events",
        count: profile.overflow,
        message: `More than ${profile.caps.events} event names; ${counted(profile.overflow, "event")} are not in the plan`,
        fix: "The plan lets unknown events pass; look for names that are made from values.",
      }),
    );
  if (profile.propertyOverflow > 0)
    findings.push(
      inferFinding("over-the-cap", {
        at: "properties",
        count: profile.propertyOverflow,
        message: `More property names than are remembered; ${counted(profile.propertyOverflow, "value")} are not in the plan`,
        fix: "The plan lets unknown properties pass; look for names that are made from values.",
      }),
    );
  return [...findings, ...watchedFindings(profile)];
}

/** SDK properties that need no entry in a plan, and may hold personal data all the same. */
function watchedFindings(profile: TrafficProfile): Finding[] {
  const totals = new Map<string, { found: number; looked: number }>();
  for (const { watched } of profile.events.values())
    for (const [name, { personal, looked }] of watched) {
      const total = totals.get(name) ?? { found: 0, looked: 0 };
      total.found += personal.reduce((sum, count) => sum + count, 0);
      total.looked += looked;
      totals.set(name, total);
    }
  return [...totals]
    .filter(([, { found }]) => found > 0)
    .map(([name, { found }]) =>
      inferFinding("personal-data", {
        at: `properties.${name}`,
        count: found,
        message:
          "An SDK's own property that probably holds personal data; it passes without an entry in the plan",
        fix: "Turn it off in the SDK, or cut it before it is sent.",
      }),
    );
}

const LEVELS = { error: 0, warn: 1, info: 2 } as const;

function byLevel(a: Finding, b: Finding): number {
  const level = LEVELS[a.level] - LEVELS[b.level];
  return level || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
}

/** Proposes a plan that lets the traffic through: what the gateway would hold back all the same is a finding. */
export function proposePlan(profile: TrafficProfile, options: ProposeOptions): Proposal {
  const sourceIds = profile.sources.map(({ source }) => source.id);
  const clusters = clusterEvents(profile.events.values(), sourceIds.length);
  const properties = proposeProperties(clusters.events, sourceIds);
  const span = { firstDay: profile.firstDay, lastDay: profile.lastDay };
  const events = proposeEvents(clusters.events, {
    span,
    unseenDays: options.unseenDays ?? UNSEEN_DAYS,
    sourceIds,
    chosen: properties.chosen,
    nameOf: (key) => properties.properties.get(key)?.name ?? key,
  });
  const { identity, findings: idFindings } = proposeIdentity(profile.ids);
  const [firstDay, lastDay] = [dayText(span.firstDay), dayText(span.lastDay)];
  const period = lastDay === "" ? "" : `, ${firstDay} to ${lastDay}`;
  return {
    draft: {
      ...EMPTY_DRAFT,
      name: options.name,
      sources: profile.sources.map(({ source, count }) => ({
        id: source.id,
        trust: source.trust,
        evidence: counted(count, "event"),
      })),
      identity,
      acceptsUnknownEvents: clusters.fromValues.length > 0 || profile.overflow > 0,
      acceptsUnknownProperties: profile.propertyOverflow > 0,
      properties: properties.properties,
      events: events.events,
      head: [`A first plan, proposed from ${counted(profile.count, "event")}${period}.`],
    },
    findings: [
      ...profileFindings(profile, clusters),
      ...properties.findings,
      ...events.findings,
      ...idFindings,
      ...placeFindings(profile.sources),
    ].sort(byLevel),
    summary: {
      events: profile.count,
      builtIn: profile.builtIn,
      firstDay,
      lastDay,
      refused: profile.ids.refused + profile.malformed,
    },
  };
}

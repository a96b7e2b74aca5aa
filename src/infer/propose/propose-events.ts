// The events of a proposed plan: one entry for all spellings, with what became of it over the days.
import type { Finding } from "../../core/index.ts";
import { chooseType, type ChosenType } from "./choose-type.ts";
import { type EventCluster, spellingsOf } from "./event-cluster.ts";
import { replacementOf, repurposedSince, unseenFor, type DataSpan } from "./event-history.ts";
import { inferFinding } from "./infer-findings.ts";
import { byCount, canonicalName, commonStyle } from "./name-style.ts";
import type { DraftEvent, DraftUse } from "./plan-draft.ts";
import { presenceOf } from "./presence.ts";
import { spellingList } from "./property-findings.ts";
import { factsOf } from "./property-facts.ts";
import { counted, dayText, shown } from "./words.ts";

export interface EventContext {
  readonly span: DataSpan;
  readonly unseenDays: number;
  readonly sourceIds: readonly string[];
  /** By key of the property. */
  readonly chosen: ReadonlyMap<string, ChosenType>;
  /** Wire names of properties by key. */
  readonly nameOf: (key: string) => string;
}

export interface ProposedEvents {
  readonly events: ReadonlyMap<string, DraftEvent>;
  readonly findings: readonly Finding[];
}

/** A deprecated event may go this long after the last day of the data. */
const REMOVE_AFTER_DAYS = 90;

/** Whether some values of this event need more than the property's type. */
function hasMisfits(cluster: EventCluster, context: EventContext): boolean {
  return [...cluster.properties].some(([key, profiles]) => {
    const chosen = context.chosen.get(key);
    if (chosen === undefined || chosen.fitsAll) return false;
    const own = chooseType(factsOf(profiles, context.sourceIds.length));
    return !own.fitsAll || own.type.type !== chosen.type.type;
  });
}

function spellingFinding(cluster: EventCluster, name: string, sourceIds: readonly string[]): Finding[] {
  const spellings = spellingsOf(cluster.profiles, ({ count }) => count);
  if (spellings.length < 2) return [];
  const sourcesOf = (spelling: string): readonly string[] =>
    sourceIds.filter((_, source) =>
      cluster.profiles.some((one) => one.name === spelling && (one.bySource[source] ?? 0) > 0),
    );
  return [
    inferFinding("many-spellings", {
      at: `events.${shown(name)}`,
      count: cluster.count,
      message: `${counted(spellings.length, "spelling")} of one event: ${spellingList(spellings, sourcesOf)}`,
      fix: `Keep \`${shown(name)}\`; the gateway rewrites the others.`,
    }),
  ];
}

function historyFindings(
  cluster: EventCluster,
  names: { readonly own: string; readonly replacement: string | undefined },
  context: EventContext,
): Finding[] {
  const at = `events.${shown(names.own)}`;
  const findings: Finding[] = [];
  const last = dayText(cluster.lastDay);
  const unseen = unseenFor(cluster, context.span, context.unseenDays);
  if (names.replacement !== undefined)
    findings.push(
      inferFinding("event-renamed", {
        at,
        count: cluster.count,
        message: `Last seen on ${last}; \`${shown(names.replacement)}\` began then and carries the same`,
        fix: "If it is the same event, add this name to its `was` and remove the entry; else take `to` out.",
      }),
    );
  else if (unseen !== undefined)
    findings.push(
      inferFinding("event-unseen", {
        at,
        count: cluster.count,
        message: `Not seen for ${counted(unseen, "day")}, since ${last}`,
        fix: "Remove it where nobody sends it any more; until then it passes with a finding.",
      }),
    );
  const repurposed = repurposedSince(cluster, context.span);
  if (repurposed !== undefined) {
    const list = (keys: readonly string[]): string =>
      keys.map((key) => `\`${shown(context.nameOf(key))}\``).join(", ");
    findings.push(
      inferFinding("event-repurposed", {
        at,
        count: cluster.count,
        message: `Since ${dayText(repurposed.day)} it carries ${list(repurposed.come)} and no longer ${list(repurposed.gone)}`,
        fix: "If it means something else now, give the new meaning a name of its own.",
      }),
    );
  }
  return findings;
}

/** Proposes an entry for every event. */
export function proposeEvents(clusters: readonly EventCluster[], context: EventContext): ProposedEvents {
  const spellings = new Map(
    clusters.map((cluster) => [cluster.key, spellingsOf(cluster.profiles, ({ count }) => count)]),
  );
  const style = commonStyle([...spellings.values()]);
  const nameOf = (cluster: EventCluster): string => canonicalName(spellings.get(cluster.key) ?? [], style);
  const events = new Map<string, DraftEvent>();
  const findings: Finding[] = [];
  for (const cluster of clusters) {
    const name = nameOf(cluster);
    const replacement = replacementOf(cluster, clusters, context.span);
    const unseen = unseenFor(cluster, context.span, context.unseenDays);
    const isDeprecated = replacement !== undefined || unseen !== undefined;
    const properties = new Map<string, DraftUse>(
      [...cluster.properties]
        .map(([key, profiles]) => [key, presenceOf(cluster, profiles, context.sourceIds)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    const was = byCount(spellings.get(cluster.key) ?? [])
      .map((spelling) => spelling.name)
      .filter((spelling) => spelling !== name);
    const acceptsMisfits = hasMisfits(cluster, context);
    events.set(cluster.key, {
      name,
      was,
      sources: context.sourceIds.filter((_, index) => (cluster.bySource[index] ?? 0) > 0),
      properties,
      ...(isDeprecated
        ? {
            deprecated: {
              ...(replacement === undefined ? {} : { to: replacement.key }),
              removeAfter: dayText(context.span.lastDay + REMOVE_AFTER_DAYS),
            },
          }
        : {}),
      acceptsMisfits,
      acceptsUnknown: cluster.fromValues > 0,
      evidence: [
        counted(cluster.count, "event"),
        ...(Number.isFinite(cluster.lastDay)
          ? [`${dayText(cluster.firstDay)} to ${dayText(cluster.lastDay)}`]
          : []),
        ...(was.length > 0 ? [counted(was.length + 1, "spelling")] : []),
        ...(acceptsMisfits ? ["values of several types"] : []),
      ],
    });
    findings.push(
      ...spellingFinding(cluster, name, context.sourceIds),
      ...historyFindings(
        cluster,
        { own: name, replacement: replacement === undefined ? undefined : nameOf(replacement) },
        context,
      ),
    );
    if (cluster.fromValues > 0)
      findings.push(
        inferFinding("names-from-values", {
          at: `events.${shown(name)}.properties`,
          count: cluster.fromValues,
          message: `${counted(cluster.fromValues, "property name")} seem to be made from values`,
          fix: "Send one property with the value in it; until then the event lets them pass.",
        }),
      );
  }
  return { events, findings };
}

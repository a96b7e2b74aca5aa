// Traffic and plans together: traffic says what is sent, a plan what it means. Where they disagree about a type, the traffic is right,
// since nothing that is sent today may be lost; what is only planned is taken over.
import type { DraftEvent, DraftProperty, PlanDraft } from "./plan-draft.ts";

function joinProperty(seen: DraftProperty, planned: DraftProperty): DraftProperty {
  const differs = seen.type.type !== planned.type.type;
  return {
    ...seen,
    ...(planned.description === undefined ? {} : { description: planned.description }),
    evidence: differs ? [...seen.evidence, `planned as ${planned.type.type}`] : seen.evidence,
  };
}

function joinEvent(seen: DraftEvent, planned: DraftEvent): DraftEvent {
  const only = [...planned.properties].filter(([key]) => !seen.properties.has(key));
  const properties = new Map([
    ...seen.properties,
    // Nobody sends it, so it cannot be required.
    ...only.map(([key]) => [key, { presence: "optional", sources: {} }] as const),
  ]);
  return {
    ...seen,
    ...(planned.description === undefined ? {} : { description: planned.description }),
    ...(planned.tags === undefined ? {} : { tags: planned.tags }),
    properties,
  };
}

/** Joins a plan into what was seen, or into another plan. */
export function joinDrafts(seen: PlanDraft, planned: PlanDraft): PlanDraft {
  const properties = new Map(seen.properties);
  for (const [key, property] of planned.properties) {
    const known = properties.get(key);
    properties.set(
      key,
      known === undefined
        ? { ...property, evidence: [...property.evidence, "planned, not seen"] }
        : joinProperty(known, property),
    );
  }
  const events = new Map(seen.events);
  for (const [key, event] of planned.events) {
    const known = events.get(key);
    events.set(
      key,
      known === undefined
        ? { ...event, evidence: [...event.evidence, "planned, not seen"] }
        : joinEvent(known, event),
    );
  }
  return {
    ...seen,
    properties,
    events,
    people: new Map([...planned.people, ...seen.people]),
    head: [...seen.head, ...planned.head],
  };
}

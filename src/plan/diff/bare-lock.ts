// A lock whose maps inherit nothing: names come from plans, and a property may be called `toString` or `constructor`.
import type { Lock, LockEvent } from "../lock.ts";

function bare<Value>(map: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null) as Record<string, Value>, map);
}

function bareEvent(event: LockEvent): LockEvent {
  return { ...event, sources: bare(event.sources), properties: bare(event.properties) };
}

/** The same lock, in which a look-up finds what the plan says and nothing else. */
export function bareLock(lock: Lock): Lock {
  const events = Object.entries(lock.events).map(([id, event]) => [id, bareEvent(event)] as const);
  const groups = Object.entries(lock.groups).map(([key, people]) => [key, bare(people)] as const);
  return {
    ...lock,
    sources: bare(lock.sources),
    data_classes: bare(lock.data_classes),
    events: bare(Object.fromEntries(events)),
    people: bare(lock.people),
    groups: bare(Object.fromEntries(groups)),
    provenance: bare(lock.provenance),
  };
}

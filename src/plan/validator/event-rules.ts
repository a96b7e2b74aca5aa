// Which rule an event name leads to, for one source: Mixpanel's own events, the plan's names, old names, other spellings.
// Rules are compiled at their first use: a large plan starts at once, and a source pays only for what it sends.
import type { Lock, LockEvent, LockProperty, Trust, ValueType } from "../lock.ts";
import {
  IDENTITY_EVENTS,
  type IdentityKind,
  isBuiltInEvent,
  isBuiltInEventProperty,
  isSdkEventProperty,
  isGatewayProperty,
  isUnsafeKey,
} from "./built-in.ts";
import { compileFit } from "./fit.ts";
import type { Fit } from "./fit-result.ts";
import { FOLDED_NAME_MAX_CHARACTERS, type MemoBudget, NameIndex, type Named } from "./names.ts";
import { classEffect, type KeyedHash, type PropertyRule } from "./property-rule.ts";
import { PropertyTable } from "./property-table.ts";

/** Longest chain of deprecated events that is followed. */
const REPLACEMENTS_MAX = 10;

/** Where an event's name leads. */
export interface EventRoute {
  readonly kind: "planned" | "built-in" | "unknown";
  /** Of the plan's event; undefined for others. */
  readonly eventId: string | undefined;
  /** Name as it goes out. */
  readonly name: string;
  readonly change: "event-renamed" | "event-replaced" | undefined;
  readonly identity: IdentityKind;
  readonly deprecated: boolean;
  readonly dropped: boolean;
  /** The plan lets the source send it. */
  readonly allowed: boolean;
  /** Undefined for an unknown event. */
  readonly table: PropertyTable | undefined;
}

interface PlannedEvent extends Named {
  readonly id: string;
  readonly event: LockEvent;
  readonly names: NameIndex<Named>;
}

/** What every source shares. */
export interface EventPlan {
  readonly lock: Lock;
  readonly hash: KeyedHash | undefined;
  readonly memo: MemoBudget;
  readonly byId: ReadonlyMap<string, PlannedEvent>;
  readonly names: NameIndex<PlannedEvent>;
  /** Compiled checkers by property: sources share them. */
  readonly fits: Map<LockProperty, Fit>;
}

/** The properties that a plan may speak about. */
export function plannedProperties(event: LockEvent): readonly (readonly [string, LockProperty])[] {
  return Object.entries(event.properties).filter(([name]) => !isUnsafeKey(name) && !isGatewayProperty(name));
}

/** Indexes the events of a lock. */
export function planEvents(
  lock: Lock,
  options: { hash: KeyedHash | undefined; memo: MemoBudget },
): EventPlan {
  const byId = new Map<string, PlannedEvent>();
  for (const [id, event] of Object.entries(lock.events)) {
    if (IDENTITY_EVENTS.has(event.name)) continue;
    const names = new NameIndex(plannedProperties(event).map(([name, { was }]) => ({ name, was })));
    byId.set(id, { id, event, name: event.name, was: event.was, names });
  }
  const fits = new Map<LockProperty, Fit>();
  for (const { event } of byId.values()) {
    // Compiled now and not at first use, so that a broken pattern shows when the plan is loaded.
    for (const property of Object.values(event.properties))
      fits.set(property, compileProperty(lock, property));
  }
  return { lock, ...options, byId, names: new NameIndex(byId.values()), fits };
}

function compileProperty(lock: Lock, { data, type }: LockProperty): Fit {
  const dataClass = Object.hasOwn(lock.data_classes, data) ? lock.data_classes[data] : undefined;
  const truncate = dataClass?.gateway === "truncate" ? dataClass.max : undefined;
  return compileFit(type, truncate === undefined ? {} : { truncate });
}

/** Properties that any built-in event may carry: SDKs add super properties to their own events too. */
function builtInEvent(lock: Lock): PlannedEvent {
  const own = new Map<string, LockProperty>();
  for (const event of Object.values(lock.events)) {
    for (const [name, property] of plannedProperties(event)) if (!own.has(name)) own.set(name, property);
  }
  const event: LockEvent = {
    name: "",
    tags: [],
    sources: {},
    was: [],
    properties: Object.fromEntries(own),
    unknown_property: "strip",
    invalid_property: "strip",
    missing_property: "accept",
  };
  const names = new NameIndex(Object.entries(event.properties).map(([name, { was }]) => ({ name, was })));
  return { id: "", event, name: "", was: [], names };
}

const UNKNOWN_ROUTE: Omit<EventRoute, "name"> = {
  kind: "unknown",
  eventId: undefined,
  change: undefined,
  identity: "event",
  deprecated: false,
  dropped: false,
  allowed: true,
  table: undefined,
};

/** The routes of one source. */
export class EventRoutes {
  readonly #plan: EventPlan;
  readonly #source: string;
  readonly #trust: Trust;
  readonly #routes = new Map<string, EventRoute>();
  #builtInTable: PropertyTable | undefined;

  constructor(plan: EventPlan, source: string, trust: Trust) {
    this.#plan = plan;
    this.#source = source;
    this.#trust = trust;
  }

  route(name: string): EventRoute {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const route = this.#find(name);
    // Planned names are few; all others come from outside.
    if (name.length <= FOLDED_NAME_MAX_CHARACTERS && this.#plan.memo.left > 0) {
      this.#plan.memo.left--;
      this.#routes.set(name, route);
    }
    return route;
  }

  #find(name: string): EventRoute {
    const identity = IDENTITY_EVENTS.get(name);
    const planned = identity === undefined ? this.#plan.names.listed(name) : undefined;
    if (planned !== undefined) return this.#planned(planned, name);
    if (identity !== undefined || isBuiltInEvent(name)) {
      this.#builtInTable ??= this.#table(builtInEvent(this.#plan.lock));
      return {
        ...UNKNOWN_ROUTE,
        kind: "built-in",
        name,
        identity: identity ?? "event",
        table: this.#builtInTable,
      };
    }
    const folded = this.#plan.names.folded(name);
    return folded === undefined ? { ...UNKNOWN_ROUTE, name } : this.#planned(folded, name);
  }

  #planned(from: PlannedEvent, name: string): EventRoute {
    const to = this.#replacement(from);
    const sources = to.event.sources;
    return {
      kind: "planned",
      eventId: to.id,
      name: to.name,
      change: to !== from ? "event-replaced" : name === to.name ? undefined : "event-renamed",
      identity: "event",
      deprecated: from.event.deprecated !== undefined,
      dropped: to.event.deprecated?.gateway === "drop",
      allowed: Object.hasOwn(sources, this.#source) || Object.keys(sources).length === 0,
      table: this.#table(to, to === from ? undefined : from),
    };
  }

  #replacement(event: PlannedEvent): PlannedEvent {
    let to = event;
    for (let step = 0; step < REPLACEMENTS_MAX; step++) {
      const { deprecated } = to.event;
      if (deprecated?.gateway !== "rewrite" || deprecated.to === undefined) return to;
      const next = this.#plan.byId.get(deprecated.to);
      if (next === undefined) return to;
      to = next;
    }
    // A circle, which `check` refuses: the event stays what it is.
    return event;
  }

  /** The table of an event; `old` is the deprecated event whose property names are understood too. */
  #table({ event, names }: PlannedEvent, old?: PlannedEvent): PropertyTable {
    const rules = plannedProperties(event).map(([name, property]) => this.#rule(event, name, property));
    const throughOld = (entry: Named | undefined): Named | undefined =>
      entry === undefined ? undefined : names.listed(entry.name);
    return new PropertyTable({
      rules,
      listed: (name) =>
        isGatewayProperty(name)
          ? undefined
          : (names.listed(name) ?? throughOld(old?.names.listed(name)))?.name,
      folded: (name) => (names.folded(name) ?? throughOld(old?.names.folded(name)))?.name,
      isSdk: event.name === "" ? isBuiltInEventProperty : isSdkEventProperty,
      stamp: this.#plan.lock.plan_property,
      unknown: event.unknown_property,
      missing: event.missing_property,
      memo: this.#plan.memo,
    });
  }

  #rule(event: LockEvent, name: string, property: LockProperty): PropertyRule {
    // Mixpanel's own events require nothing of the plan's, and no source leaves anything out of them.
    const presence = event.name === "" ? "optional" : (property.sources?.[this.#source] ?? property.presence);
    const effect = this.#effect(property.data, property.type);
    const removed = presence === "omitted" ? "property-omitted" : effect.removed;
    return {
      ...effect,
      name,
      at: `properties.${name}`,
      // A property that never goes out cannot be missed, or judging twice would differ from judging once.
      required: presence === "required" && removed === undefined,
      removed,
      fit: this.#plan.fits.get(property) ?? compileProperty(this.#plan.lock, property),
      invalid: event.invalid_property,
    };
  }

  #effect(dataClass: string, type: ValueType): ReturnType<typeof classEffect> {
    const classes = this.#plan.lock.data_classes;
    return classEffect(Object.hasOwn(classes, dataClass) ? classes[dataClass] : undefined, {
      type,
      trust: this.#trust,
      hash: this.#plan.hash,
    });
  }
}

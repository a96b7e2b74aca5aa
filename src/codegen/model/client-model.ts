// What one source may send, made from a lock: the only thing that generators read. Everything is sorted, filtered and named here, so that
// a generator decides nothing but how its language writes it.
import {
  type Lock,
  type LockEvent,
  type LockProfileProperty,
  type ProfileOperation,
  planStamp,
  type Trust,
  type ValueType,
} from "../../plan/index.ts";
import type { GenerateSettings } from "../settings.ts";
import { type ClientRule, clientRule } from "./client-rule.ts";
import { FORMAT_PATTERNS } from "./format-patterns.ts";

export interface ClientProperty {
  /** Wire name. */
  readonly name: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly type: ValueType;
  readonly rule: ClientRule;
}

export interface ClientDeprecation {
  /** Id of the event to use instead, when this source may send it. */
  readonly to: string | undefined;
  readonly since: string | undefined;
  readonly removeAfter: string | undefined;
}

export interface ClientEvent {
  readonly id: string;
  /** Wire name. */
  readonly name: string;
  readonly description: string | undefined;
  readonly owner: string | undefined;
  readonly deprecated: ClientDeprecation | undefined;
  /** In the plan's order of names: required first, then by name. */
  readonly properties: readonly ClientProperty[];
  /** The client forgets the user after it (`identity.reset_on`). */
  readonly resets: boolean;
}

export interface ClientProfileProperty {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly type: ValueType;
  readonly rule: ClientRule;
  /** Sorted as {@link PROFILE_METHODS} has them. */
  readonly operations: readonly ProfileOperation[];
}

/** What one plan file defines: one generated file. */
export interface ClientDomain {
  /** File name without its ending; unique, kebab-case. */
  readonly name: string;
  readonly events: readonly ClientEvent[];
  readonly profile: readonly ClientProfileProperty[];
}

export interface ClientModel {
  readonly plan: string;
  /** First characters of the lock's hash: what events carry. */
  readonly hash: string;
  /** Wire name of the property that carries it. */
  readonly planProperty: string;
  readonly source: string;
  readonly trust: Trust;
  readonly settings: GenerateSettings;
  /** Form of user ids; `pattern` says the same as RE2, anchored where the form is. */
  readonly userId: {
    readonly format: "uuid" | "ulid" | "integer" | "any" | "pattern";
    readonly pattern: string;
  };
  readonly domains: readonly ClientDomain[];
}

const OPERATION_ORDER: readonly ProfileOperation[] = [
  "$set",
  "$set_once",
  "$add",
  "$append",
  "$union",
  "$remove",
  "$unset",
];

function operationsFor(property: LockProfileProperty): readonly ProfileOperation[] {
  const { type } = property.type;
  return OPERATION_ORDER.filter((operation) => {
    if (property.operations !== undefined && !property.operations.includes(operation)) return false;
    if (operation === "$add") return type === "integer" || type === "number";
    if (operation === "$append" || operation === "$union" || operation === "$remove") return type === "list";
    return true;
  });
}

function userIdOf(identity: Lock["identity"]["user_id"]): ClientModel["userId"] {
  if ("pattern" in identity) return { format: "pattern", pattern: identity.pattern };
  switch (identity.format) {
    case "uuid":
    case "ulid":
      return { format: identity.format, pattern: FORMAT_PATTERNS[identity.format] };
    case "integer":
      return { format: "integer", pattern: "^(?:0|[1-9][0-9]{0,18})$" };
    case "any":
      return { format: "any", pattern: "." };
  }
}

class ModelMaker {
  readonly #lock: Lock;
  readonly #source: string;
  readonly #trust: Trust;

  constructor(lock: Lock, source: string, trust: Trust) {
    this.#lock = lock;
    this.#source = source;
    this.#trust = trust;
  }

  isSendable(event: LockEvent): boolean {
    return Object.hasOwn(event.sources, this.#source);
  }

  #isForbidden(data: string): boolean {
    return this.#trust === "client" && this.#lock.data_classes[data]?.client === "forbid";
  }

  event(id: string, event: LockEvent): ClientEvent {
    const { deprecated } = event;
    const target = deprecated?.to === undefined ? undefined : this.#lock.events[deprecated.to];
    const properties = Object.entries(event.properties).flatMap(([name, property]): ClientProperty[] => {
      const presence = property.sources?.[this.#source] ?? property.presence;
      if (presence === "omitted" || this.#isForbidden(property.data)) return [];
      const required = presence === "required";
      const { type, description } = property;
      return [{ name, description, required, type, rule: clientRule(type, required) }];
    });
    return {
      id,
      name: event.name,
      description: event.description,
      owner: event.owner,
      deprecated: deprecated && {
        to: target !== undefined && this.isSendable(target) ? deprecated.to : undefined,
        since: deprecated.since,
        removeAfter: deprecated.remove_after,
      },
      properties: properties.sort(
        (a, b) => Number(b.required) - Number(a.required) || (a.name < b.name ? -1 : 1),
      ),
      resets: this.#trust === "client" && this.#lock.identity.reset_on.includes(id),
    };
  }

  profileProperty(id: string, property: LockProfileProperty): ClientProfileProperty | undefined {
    const { owner, sources, name, description, type, data } = property;
    // `state` belongs to the database: nobody gets a setter.
    if (owner !== this.#trust || (sources !== undefined && !sources.includes(this.#source))) return undefined;
    if (this.#isForbidden(data)) return undefined;
    const operations = operationsFor(property);
    return operations.length === 0
      ? undefined
      : { id, name, description, type, rule: clientRule(type, true), operations };
  }
}

function domainName(place: string | undefined): string {
  const file = (place ?? "").replace(/:\d+:\d+$/, "");
  const base = file.replace(/^.*\//, "").replace(/\.(?:ya?ml|json)$/i, "");
  return (
    base
      .replace(/[^A-Za-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .toLowerCase() || "plan"
  );
}

/** Collects what each plan file defines, by the file's name. */
class Domains {
  readonly #domains = new Map<string, { events: ClientEvent[]; profile: ClientProfileProperty[] }>();

  of(place: string | undefined): { events: ClientEvent[]; profile: ClientProfileProperty[] } {
    const name = domainName(place);
    const found = this.#domains.get(name) ?? { events: [], profile: [] };
    this.#domains.set(name, found);
    return found;
  }

  sorted(): readonly ClientDomain[] {
    return [...this.#domains]
      .map(([name, { events, profile }]) => ({ name, events, profile }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Makes the model of one source. The source has to be in the plan. */
export function makeClientModel(lock: Lock, source: string, settings: GenerateSettings): ClientModel {
  const trust = lock.sources[source]?.trust ?? "client";
  const maker = new ModelMaker(lock, source, trust);
  const domains = new Domains();
  for (const [id, event] of Object.entries(lock.events))
    if (maker.isSendable(event))
      domains.of(lock.provenance[`events.${id}`]).events.push(maker.event(id, event));
  for (const [id, property] of Object.entries(lock.people)) {
    const made = maker.profileProperty(id, property);
    if (made) domains.of(lock.provenance[`people.${id}`]).profile.push(made);
  }
  return {
    plan: lock.name,
    hash: planStamp(lock),
    planProperty: lock.plan_property,
    source,
    trust,
    settings,
    userId: userIdOf(lock.identity.user_id),
    domains: domains.sorted(),
  };
}

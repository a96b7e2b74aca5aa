// From a resolved plan without errors to its lock. The same plan gives the same bytes on every machine, whatever the order of its files.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { AppError, canonicalJson, type FileLocation, isObject, type PlanLimits } from "../core/index.ts";
import type { DocumentPath } from "./files/located-document.ts";
import type { Lock, LockEvent, LockProfileProperty, LockProperty } from "./lock.ts";
import type { RawPlan } from "./raw-plan.ts";
import { dataClassesOf } from "./resolve/data-classes.ts";
import { oldIdsOf } from "./resolve/old-ids.ts";
import type {
  ResolvedEvent,
  ResolvedPerson,
  ResolvedPlan,
  ResolvedProperty,
} from "./resolve/resolve-plan.ts";

/** What holds where a plan says nothing. */
export const PLAN_DEFAULTS = {
  unknown_event: "quarantine",
  unknown_property: "strip",
  invalid_property: "quarantine",
  missing_property: "quarantine",
  identity_missing: "quarantine",
  plan_property: "plan",
} as const;

export interface CompileInput {
  /** Path of the entry file; provenance is written relative to its folder. */
  readonly entry: string;
  readonly plan: RawPlan;
  readonly resolved: ResolvedPlan;
  readonly limits: readonly PlanLimits[];
  readonly locate: (path: DocumentPath) => FileLocation;
}

function compileProperty({ presence, type, raw, sources }: ResolvedProperty): LockProperty {
  return {
    presence,
    type,
    data: raw.data ?? "none",
    ...(raw.description === undefined ? {} : { description: raw.description }),
    was: raw.was ?? [],
    ...(Object.keys(sources).length === 0 ? {} : { sources }),
  };
}

function compileEvent({ raw, sources, properties }: ResolvedEvent, plan: RawPlan): LockEvent {
  const { defaults } = plan;
  const { deprecated } = raw;
  return {
    name: raw.name,
    ...(raw.description === undefined ? {} : { description: raw.description }),
    ...(raw.owner === undefined ? {} : { owner: raw.owner }),
    tags: raw.tags ?? [],
    sources,
    was: raw.was ?? [],
    properties: Object.fromEntries(
      [...properties.values()].map((property) => [property.name, compileProperty(property)]),
    ),
    unknown_property: raw.unknown_property ?? defaults.unknown_property ?? PLAN_DEFAULTS.unknown_property,
    invalid_property: raw.invalid_property ?? defaults.invalid_property ?? PLAN_DEFAULTS.invalid_property,
    missing_property: raw.missing_property ?? defaults.missing_property ?? PLAN_DEFAULTS.missing_property,
    ...(deprecated === undefined
      ? {}
      : { deprecated: { ...deprecated, gateway: deprecated.gateway ?? "accept" } }),
  };
}

function compilePerson({ name, type, raw }: ResolvedPerson): LockProfileProperty {
  return {
    name,
    type,
    data: raw.data ?? "none",
    owner: raw.owner,
    ...(raw.sources === undefined ? {} : { sources: raw.sources }),
    ...(raw.operations === undefined ? {} : { operations: raw.operations }),
    was: raw.was ?? [],
    ...(raw.description === undefined ? {} : { description: raw.description }),
    ...(raw.from === undefined ? {} : { from: raw.from }),
  };
}

function compilePeople(people: readonly ResolvedPerson[]): Record<string, LockProfileProperty> {
  return Object.fromEntries(people.map((person) => [person.id, compilePerson(person)]));
}

function provenanceOf({ entry, plan, resolved, locate }: CompileInput): Record<string, string> {
  const folder = entry.replaceAll("\\", "/").replace(/[^/]*$/, "");
  const place = (path: DocumentPath): string => {
    const { file, line, column } = locate(path);
    const name = file.replaceAll("\\", "/");
    return `${name.startsWith(folder) ? name.slice(folder.length) : name}:${line}:${column}`;
  };
  const entries: [string, string][] = [];
  for (const { id, properties } of resolved.events) {
    entries.push([`events.${id}`, place(["events", id])]);
    for (const { name, definedAt } of properties.values())
      entries.push([`events.${id}.properties.${name}`, place(definedAt)]);
  }
  for (const id of Object.keys(plan.identity?.translate ?? {}))
    entries.push([`identity.translate.${id}`, place(["identity", "translate", id])]);
  for (const people of [resolved.people, ...resolved.groups.values()])
    for (const { path } of people) entries.push([path.join("."), place(path)]);
  // By code unit, as canonical JSON has it.
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hashOfText(canonical: string): string {
  return bytesToHex(sha256(utf8ToBytes(canonical)));
}

/** Compiles a lock. */
export function compileLock(input: CompileInput): Lock {
  const { plan, resolved, limits } = input;
  const { identity } = plan;
  const translate = oldIdsOf(identity?.translate);
  if (identity === undefined)
    throw new AppError("INTERNAL", "Cannot compile a plan without identity: check lets none through");
  const body: Omit<Lock, "hash" | "provenance"> = {
    lock: 1,
    name: plan.name,
    ...(plan.version === undefined ? {} : { version: plan.version }),
    ...(Object.keys(plan.support).length === 0 ? {} : { support: plan.support }),
    ...(Object.keys(plan.state).length === 0 ? {} : { state: plan.state }),
    unknown_event: plan.defaults.unknown_event ?? PLAN_DEFAULTS.unknown_event,
    plan_property: plan.defaults.plan_property ?? PLAN_DEFAULTS.plan_property,
    sources: Object.fromEntries(Object.entries(plan.sources).map(([id, { trust }]) => [id, { trust }])),
    identity: {
      user_id: identity.user_id,
      reset_on: identity.reset_on ?? [],
      forbidden: [...new Set(limits.flatMap(({ forbiddenIds }) => forbiddenIds))].sort(),
      missing: identity.missing ?? PLAN_DEFAULTS.identity_missing,
      ...(translate === undefined ? {} : { translate }),
    },
    data_classes: dataClassesOf(plan),
    events: Object.fromEntries(resolved.events.map((event) => [event.id, compileEvent(event, plan)])),
    people: compilePeople(resolved.people),
    groups: Object.fromEntries([...resolved.groups].map(([key, people]) => [key, compilePeople(people)])),
  };
  // Through the canonical text, so that a lock just compiled and one read from a file are the same in every respect.
  const text = canonicalJson(body);
  const read = JSON.parse(text) as typeof body;
  return { ...read, hash: hashOfText(text), provenance: provenanceOf(input) };
}

/** The lock as a file: canonical JSON with a line end. */
export function lockText(lock: Lock): string {
  return `${canonicalJson(lock)}\n`;
}

/**
 * Reads a lock.
 *
 * @throws {AppError} `PLAN_LOCK_INVALID` when it is not JSON, of another version, or changed by hand.
 */
export function parseLock(text: string): Lock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError("PLAN_LOCK_INVALID", "Cannot read the lock: not JSON", { cause });
  }
  if (!isObject(value) || value["lock"] !== 1)
    throw new AppError("PLAN_LOCK_INVALID", "Cannot read the lock: not version 1");
  // The hash vouches for the shape: only `compile` makes one that fits.
  const lock = value as unknown as Lock;
  const { hash, provenance: _, ...body } = lock;
  if (hashOfText(canonicalJson(body)) !== hash)
    throw new AppError("PLAN_LOCK_INVALID", "Cannot read the lock: its content does not fit its hash");
  return lock;
}

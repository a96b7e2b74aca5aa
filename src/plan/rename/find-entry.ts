// From what a person calls a thing to its one place in the plan.
import { AppError, isObject } from "../../core/index.ts";
import { didYouMean, type DocumentPath } from "../files/located-document.ts";
import type { RawPlan, RawPropertyUse } from "../raw-plan.ts";

/** What can be renamed. */
export const RENAME_KINDS = ["event", "property", "profile"] as const;
/** One of {@link RENAME_KINDS}. */
export type RenameKind = (typeof RENAME_KINDS)[number];

export interface FoundEntry {
  readonly path: DocumentPath;
  /** Wire name today. */
  readonly name: string;
}

interface Place extends FoundEntry {
  readonly use: unknown;
}

function unknownId(kind: RenameKind, id: string, known: readonly string[]): AppError {
  const meant = didYouMean(id, known);
  const hint = meant === undefined ? "" : `; did you mean ${meant}`;
  return new AppError("RENAME_ID_UNKNOWN", `Cannot rename ${kind} ${id}: the plan has no such id${hint}`);
}

/** An entry that says its own type is a property of its own; anything else refers to a shared one. */
function isOwn(use: RawPropertyUse | undefined, id: string, plan: RawPlan): boolean {
  return isObject(use) && (use["type"] !== undefined || plan.properties[id] === undefined);
}

function nameOf(id: string, entry: unknown): string {
  return isObject(entry) && typeof entry["name"] === "string" ? entry["name"] : id;
}

/** Everything that a property's id may stand for. */
function propertyPlaces(id: string, plan: RawPlan): readonly Place[] {
  const shared = plan.properties[id];
  if (shared !== undefined) return [{ path: ["properties", id], name: nameOf(id, shared), use: shared }];
  const groups = Object.entries(plan.groups_of_properties).map(
    ([group, members]) => [["groups_of_properties", group, id], members[id]] as const,
  );
  const events = Object.entries(plan.events).map(
    ([event, { properties }]) => [["events", event, "properties", id], properties?.[id]] as const,
  );
  return [...groups, ...events]
    .filter(([, use]) => isObject(use))
    .map(([path, use]) => ({ path, name: nameOf(id, use), use }));
}

function findProperty(id: string, plan: RawPlan): FoundEntry {
  const steps = id.split(".");
  const [section, owner, ...rest] = steps;
  if (section === "properties" && owner !== undefined && rest.length === 0) return findProperty(owner, plan);
  const isQualified = (section === "events" || section === "groups_of_properties") && rest.length > 0;
  if (!isQualified || owner === undefined) {
    const [first, ...others] = propertyPlaces(id, plan);
    if (first === undefined) throw unknownId("property", id, knownProperties(plan));
    if (others.length > 0)
      throw new AppError(
        "RENAME_AMBIGUOUS",
        `Cannot rename property ${id}: it is defined at ${[first, ...others].map(({ path }) => path.join(".")).join(", ")}`,
      );
    return first;
  }
  const name = (rest[0] === "properties" ? rest.slice(1) : rest).join(".");
  const members = section === "events" ? plan.events[owner]?.properties : plan.groups_of_properties[owner];
  const use = members?.[name];
  if (use === undefined) throw unknownId("property", id, Object.keys(members ?? {}));
  if (!isOwn(use, name, plan))
    throw new AppError("RENAME_NOT_HERE", `Cannot rename ${id}: it refers to the shared property ${name}`);
  const path = section === "events" ? ["events", owner, "properties", name] : [section, owner, name];
  return { path, name: nameOf(name, use) };
}

function knownProperties(plan: RawPlan): readonly string[] {
  return [
    ...Object.keys(plan.properties),
    ...Object.values(plan.groups_of_properties).flatMap((members) => Object.keys(members)),
    ...Object.values(plan.events).flatMap(({ properties }) => Object.keys(properties ?? {})),
  ];
}

function findProfile(id: string, plan: RawPlan): FoundEntry {
  const [section, key, ...rest] = id.split(".");
  if (section === "groups" && key !== undefined && rest.length > 0) {
    const name = rest.join(".");
    const property = plan.groups[key]?.[name];
    if (property === undefined) throw unknownId("profile", id, Object.keys(plan.groups[key] ?? {}));
    return { path: ["groups", key, name], name: nameOf(name, property) };
  }
  const own = id.replace(/^people\./, "");
  const property = plan.people[own];
  if (property === undefined) throw unknownId("profile", id, Object.keys(plan.people));
  return { path: ["people", own], name: nameOf(own, property) };
}

/**
 * Finds what is to be renamed.
 *
 * @throws {AppError} `RENAME_ID_UNKNOWN`, `RENAME_AMBIGUOUS`, `RENAME_NOT_HERE`.
 */
export function findEntry(kind: RenameKind, id: string, plan: RawPlan): FoundEntry {
  if (kind === "property") return findProperty(id, plan);
  if (kind === "profile") return findProfile(id, plan);
  const own = id.replace(/^events\./, "");
  const event = plan.events[own];
  if (event === undefined) throw unknownId("event", id, Object.keys(plan.events));
  return { path: ["events", own], name: event.name };
}

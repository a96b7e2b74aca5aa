// A profile in a step's backup, and the absolute updates that lead from there to what it is to be, or back. Pure.
// Invariant: no update moves a user's place (`$ip: "0"`) or "last seen" (`$ignore_time`). Source (read 2026-11): Mixpanel "Update profiles".
import { canonicalJson, type JsonValue } from "../../core/index.ts";

/** Properties by name. */
export type Properties = Readonly<Record<string, JsonValue>>;

/** As it was before the step: of all of its properties those that the step may change, or all where `isWhole`. */
export interface ProfileRecord {
  readonly id: string;
  readonly had: Properties;
}

/** What is to be written: names that are set, and names that are removed. */
export interface ProfileChange {
  readonly set: Properties;
  readonly unset: readonly string[];
}

/** Reads a record of a backup; it was written by this program and its checksum fits. */
export function asRecord(value: object): ProfileRecord {
  return value as ProfileRecord;
}

/** A value of an object's own, whatever its name. */
export function valueOf(properties: Properties, name: string): JsonValue | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Two values, or their absence, are the same. */
export function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b);
}

/** Only these names. */
export function pick(properties: Properties, names: readonly string[]): Properties {
  const found: [string, JsonValue][] = [];
  for (const name of names) {
    const value = valueOf(properties, name);
    if (value !== undefined) found.push([name, value]);
  }
  return Object.fromEntries(found);
}

/** The change that leads from some properties to others, over all names of both. */
export function changeBetween(from: Properties, to: Properties): ProfileChange {
  const set: [string, JsonValue][] = [];
  for (const name of Object.keys(to)) {
    const value = valueOf(to, name);
    if (value !== undefined && !isSame(valueOf(from, name), value)) set.push([name, value]);
  }
  const unset = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
  return { set: Object.fromEntries(set), unset };
}

/** Nothing is to be written. */
export function isEmpty({ set, unset }: ProfileChange): boolean {
  return unset.length === 0 && Object.keys(set).length === 0;
}

/** The beginning of an update, up to its operator. Put together as text: this is done for every profile of a project. */
function headOf(id: string, group: string | undefined): string {
  const target =
    group === undefined
      ? `"$distinct_id":${JSON.stringify(id)}`
      : `"$group_key":${JSON.stringify(group)},"$group_id":${JSON.stringify(id)}`;
  return `{${target},"$ip":"0","$ignore_time":true`;
}

/** The updates of one profile as the wire has them, without token: one operator an object. */
export function changeItems(id: string, change: ProfileChange, group?: string): readonly Uint8Array[] {
  const head = headOf(id, group);
  const items: Uint8Array[] = [];
  if (Object.keys(change.set).length > 0)
    items.push(Buffer.from(`${head},"$set":${JSON.stringify(change.set)}}`));
  if (change.unset.length > 0) items.push(Buffer.from(`${head},"$unset":${JSON.stringify(change.unset)}}`));
  return items;
}

/** The deletion of one profile; `isExact`: of exactly this id, also where it was joined to another. */
export function deletionItem(id: string, isExact: boolean, group?: string): Uint8Array {
  return Buffer.from(`${headOf(id, group)}${isExact ? ',"$ignore_alias":true' : ""},"$delete":""}`);
}

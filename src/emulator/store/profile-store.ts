// Profiles and what updates do to them, operator by operator. Source (read 2026-11): Mixpanel "Create Profile" and its sister pages.
import { isObject } from "../../core/index.ts";

export interface Profile {
  readonly properties: Record<string, unknown>;
  /** How often `$add` was applied to each property: a test's proof that none was applied twice. */
  readonly adds: Record<string, number>;
}

export const PROFILE_OPERATIONS = [
  "$set",
  "$set_once",
  "$add",
  "$union",
  "$append",
  "$remove",
  "$unset",
  "$delete",
] as const;
export type ProfileOperation = (typeof PROFILE_OPERATIONS)[number];

/** Properties that one profile can hold. */
const PROPERTIES_MAX = 2000;
/** Longer names are cut. */
const NAME_MAX = 255;

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? [...(value as unknown[])] : value === undefined ? [] : [value];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Without a prototype: a property may be called `__proto__`. */
function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** Why an operator's value cannot be applied; `undefined` when it can. */
export function operandError(operation: ProfileOperation, value: unknown): string | undefined {
  switch (operation) {
    case "$delete":
      return undefined;
    case "$unset":
      return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")
        ? undefined
        : "$unset, must be a non-empty list of names";
    case "$add":
      return isObject(value) && Object.values(value).every((one) => typeof one === "number")
        ? undefined
        : "$add, values must be numbers";
    case "$union":
      return isObject(value) && Object.values(value).every((one) => Array.isArray(one))
        ? undefined
        : "$union, values must be lists";
    case "$set":
    case "$set_once":
    case "$append":
    case "$remove":
      return isObject(value) ? undefined : `${operation}, must be an object`;
  }
}

/** Applies one operator; the operand was checked. */
function apply(profile: Profile, operation: ProfileOperation, value: unknown): void {
  const { properties, adds } = profile;
  if (operation === "$unset") {
    for (const name of value as readonly string[]) delete properties[name];
    return;
  }
  for (const [longName, operand] of Object.entries(value as Record<string, unknown>)) {
    const name = longName.slice(0, NAME_MAX);
    const before = properties[name];
    if (before === undefined && Object.keys(properties).length >= PROPERTIES_MAX) continue;
    switch (operation) {
      case "$set":
        properties[name] = operand;
        break;
      case "$set_once":
        if (before === undefined) properties[name] = operand;
        break;
      case "$add":
        properties[name] = (typeof before === "number" ? before : 0) + (operand as number);
        adds[name] = (adds[name] ?? 0) + 1;
        break;
      case "$append":
        properties[name] = [...listOf(before), operand];
        break;
      case "$union": {
        const list = listOf(before);
        for (const item of operand as readonly unknown[])
          if (!list.some((one) => same(one, item))) list.push(item);
        properties[name] = list;
        break;
      }
      case "$remove":
        if (Array.isArray(before)) properties[name] = before.filter((one) => !same(one, operand));
        break;
      case "$delete":
        break;
    }
  }
}

/** Profiles by id, at most `max` of them. */
export class ProfileStore {
  readonly #profiles = new Map<string, Profile>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#profiles.size;
  }

  get(id: string): Profile | undefined {
    return this.#profiles.get(id);
  }

  entries(): IterableIterator<[string, Profile]> {
    return this.#profiles.entries();
  }

  delete(id: string): boolean {
    return this.#profiles.delete(id);
  }

  /** There is no room for a profile with this id. */
  isFullFor(id: string): boolean {
    return this.#profiles.size >= this.#max && !this.#profiles.has(id);
  }

  /** Applies an operator whose operand {@link operandError} passed; `undefined` when no profile is left or made by it. */
  apply(id: string, operation: ProfileOperation, value: unknown): Profile | undefined {
    if (operation === "$delete") {
      this.#profiles.delete(id);
      return undefined;
    }
    let profile = this.#profiles.get(id);
    if (!profile) {
      if (operation === "$unset" || operation === "$remove" || this.isFullFor(id)) return undefined;
      profile = { properties: emptyRecord(), adds: emptyRecord() };
      this.#profiles.set(id, profile);
    }
    apply(profile, operation, value);
    return profile;
  }

  clear(): void {
    this.#profiles.clear();
  }
}

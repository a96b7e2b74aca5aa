// All properties that one event, or one profile operation, may carry from one source: by any spelling, with the policies for the rest.
// `judgeProperties` is the hot loop: one map look-up a property, and no copy while nothing changes.
import type { MissingPropertyPolicy, UnknownPropertyPolicy } from "../lock.ts";
import { isUnsafeKey } from "./built-in.ts";
import { type Call, RANK } from "./call.ts";
import { copyBefore } from "./copy-before.ts";
import { FOLDED_NAME_MAX_CHARACTERS, type MemoBudget } from "./names.ts";
import { isPlanStamp } from "./plan-stamp.ts";
import { applyRule, type PropertyRule, REMOVED } from "./property-rule.ts";

/** Where a payload's name leads. */
type Route =
  | { readonly kind: "sdk" | "stamp" | "unknown" | "unsafe" }
  | { readonly kind: "planned"; readonly rule: PropertyRule; readonly renamed: boolean };

const SDK: Route = { kind: "sdk" };
const STAMP: Route = { kind: "stamp" };
const UNKNOWN: Route = { kind: "unknown" };
const UNSAFE: Route = { kind: "unsafe" };

export interface PropertyTableParts {
  readonly rules: readonly PropertyRule[];
  /** The plan's spelling for any listed old one, and for one that is equal once folded. */
  readonly listed: (name: string) => string | undefined;
  readonly folded: (name: string) => string | undefined;
  /** Passes without being in the plan. */
  readonly isSdk: (name: string) => boolean;
  /** In which generated clients name their plan; undefined where there is none. */
  readonly stamp: string | undefined;
  readonly unknown: UnknownPropertyPolicy;
  readonly missing: MissingPropertyPolicy;
  readonly memo: MemoBudget;
}

export class PropertyTable {
  readonly unknown: UnknownPropertyPolicy;
  readonly missing: MissingPropertyPolicy;
  readonly required: readonly string[];
  readonly #parts: PropertyTableParts;
  readonly #rules: ReadonlyMap<string, PropertyRule>;
  readonly #routes = new Map<string, Route>();

  constructor(parts: PropertyTableParts) {
    this.#parts = parts;
    this.unknown = parts.unknown;
    this.missing = parts.missing;
    this.#rules = new Map(parts.rules.map((rule) => [rule.name, rule]));
    this.required = parts.rules.filter((rule) => rule.required).map((rule) => rule.name);
    for (const rule of parts.rules) this.#routes.set(rule.name, { kind: "planned", rule, renamed: false });
  }

  route(name: string): Route {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const route = this.#find(name);
    if (this.#parts.memo.left > 0 && name.length <= FOLDED_NAME_MAX_CHARACTERS) {
      this.#parts.memo.left--;
      this.#routes.set(name, route);
    }
    return route;
  }

  #find(name: string): Route {
    if (isUnsafeKey(name)) return UNSAFE;
    const listed = this.#planned(this.#parts.listed(name));
    if (listed !== undefined) return listed;
    if (this.#parts.isSdk(name)) return SDK;
    return this.#planned(this.#parts.folded(name)) ?? (name === this.#parts.stamp ? STAMP : UNKNOWN);
  }

  #planned(name: string | undefined): Route | undefined {
    const rule = name === undefined ? undefined : this.#rules.get(name);
    return rule === undefined ? undefined : { kind: "planned", rule, renamed: true };
  }
}

function strip(call: Call): typeof REMOVED {
  call.atLeast(RANK.stripped);
  return REMOVED;
}

function judgeUnplanned(kind: "stamp" | "unknown" | "unsafe", value: unknown, call: Call): unknown {
  if (kind === "unsafe") {
    call.find("unsafe-key");
    return strip(call);
  }
  // Any other value under that name is a property like any that the plan does not have.
  if (kind === "stamp" && isPlanStamp(value)) return value;
  const policy = call.unknownMembers;
  call.find("unknown-property", policy === "accept" ? { level: "info" } : {});
  if (policy === "quarantine") call.atLeast(RANK.quarantined);
  return policy === "strip" ? strip(call) : value;
}

/** Judges a planned property that came by its own name or by another spelling of it. */
function judgePlanned(rule: PropertyRule, value: unknown, call: Call): unknown {
  const kept = applyRule(rule, value, call);
  if (kept === REMOVED) return strip(call);
  if (rule.withholdFrom !== undefined) call.withholdFrom(rule.withholdFrom, rule.name);
  return kept;
}

function judgeRenamed(rule: PropertyRule, from: { name: string; value: unknown }, call: Call): unknown {
  const repairs = call.repairCount;
  call.renamed("property-renamed", rule.at, { from: from.name, to: rule.name });
  const kept = judgePlanned(rule, from.value, call);
  // What does not go out was not repaired either.
  if (kept === REMOVED) call.rollBack(repairs, call.rank);
  return kept;
}

function checkMissing(table: PropertyTable, properties: Readonly<Record<string, unknown>>, call: Call): void {
  for (const name of table.required) {
    if (Object.hasOwn(properties, name)) continue;
    call.place = call.placeOf(name);
    call.find("missing-required", table.missing === "accept" ? { level: "info" } : {});
    if (table.missing === "quarantine") call.atLeast(RANK.quarantined);
  }
}

/**
 * Judges every member of a payload object.
 *
 * @returns The object itself when nothing changed, else a new one.
 */
export function judgeProperties(
  table: PropertyTable,
  properties: Readonly<Record<string, unknown>>,
  call: Call,
): Readonly<Record<string, unknown>> {
  let out: Record<string, unknown> | undefined;
  let requiredSeen = 0;
  call.unknownMembers = table.unknown;
  for (const name in properties) {
    const value = properties[name];
    const route = table.route(name);
    if (route.kind === "sdk") {
      if (out !== undefined) out[name] = value;
      continue;
    }
    let to = name;
    let kept: unknown;
    if (route.kind === "planned") {
      const rule = route.rule;
      to = rule.name;
      call.place = rule.at;
      if (!route.renamed) kept = judgePlanned(rule, value, call);
      else if (Object.hasOwn(properties, to) || (out !== undefined && Object.hasOwn(out, to))) {
        call.place = call.placeOf(name);
        call.find("name-collision");
        kept = strip(call);
      } else kept = judgeRenamed(rule, { name, value }, call);
      if (rule.required && kept !== REMOVED) requiredSeen++;
    } else {
      call.place = call.placeOf(name);
      kept = judgeUnplanned(route.kind, value, call);
    }
    if (kept === value && to === name) {
      if (out !== undefined) out[name] = value;
      continue;
    }
    out ??= copyBefore(properties, name);
    if (kept !== REMOVED) out[to] = kept;
  }
  call.place = call.root;
  if (requiredSeen < table.required.length) {
    checkMissing(table, out ?? properties, call);
    call.place = call.root;
  }
  return out ?? properties;
}

// One operator of one profile update: who may write which property, and how. What may not be written is removed, never the whole update:
// the rest is still true. `$delete` passes from every source for users: it is how an SDK carries out a person's wish to be forgotten.
import { assertNever, isObject } from "../../core/index.ts";
import type { ProfileJudgement, ProfileToJudge } from "../judgement.ts";
import {
  type Lock,
  type LockProfileProperty,
  PROFILE_OPERATIONS,
  type ProfileOperation,
  type Trust,
  type ValueType,
} from "../lock.ts";
import { isSdkProfileProperty, isUnsafeKey } from "./built-in.ts";
import { type Call, RANK } from "./call.ts";
import type { RuntimeFindingId } from "./finding-ids.ts";
import { compileFit, withoutConstraints } from "./fit.ts";
import { INVALID, type Fit } from "./fit-result.ts";
import type { Identity } from "./identity.ts";
import { type MemoBudget, NameIndex } from "./names.ts";
import { classEffect, type KeyedHash, type PropertyRule } from "./property-rule.ts";
import { judgeProperties, PropertyTable } from "./property-table.ts";

type Properties = Readonly<Record<string, LockProfileProperty>>;

/** What judging profiles needs, made from the plan. Tables are compiled at their first use. */
export interface ProfileJudge {
  readonly lock: Lock;
  readonly hash: KeyedHash | undefined;
  readonly memo: MemoBudget;
  readonly identity: Identity;
  readonly tables: Map<string, PropertyTable>;
}

/** Whether an operator makes sense for a type at all. */
function fitsType(operation: ProfileOperation, type: ValueType): boolean {
  switch (operation) {
    case "$add":
      return type.type === "number" || type.type === "integer";
    case "$union":
    case "$append":
    case "$remove":
      return type.type === "list";
    case "$set":
    case "$set_once":
    case "$unset":
    case "$delete":
      return true;
    default:
      return assertNever(operation);
  }
}

const OPERATIONS: ReadonlySet<string> = new Set(PROFILE_OPERATIONS);

const ANYTHING: Fit = (value) => value;

/** The type of an operator's value, which is not the property's own for numbers to add and for items. */
function operandFit(operation: ProfileOperation, type: ValueType): (truncate: number | undefined) => Fit {
  const compile = (operand: ValueType) => (truncate: number | undefined) =>
    compileFit(operand, truncate === undefined ? {} : { truncate });
  if (operation === "$add" && (type.type === "number" || type.type === "integer")) {
    return compile({ type: type.type });
  }
  if (type.type !== "list" || operation === "$set" || operation === "$set_once") return compile(type);
  if (operation === "$union") {
    return compile(type.items === undefined ? { type: "list" } : { type: "list", items: type.items });
  }
  if (type.items === undefined) return () => ANYTHING;
  if (operation === "$append") return compile(type.items);
  // `$remove`: a value that the plan no longer allows must still be removable.
  return (truncate) => {
    const fit = compile(withoutConstraints(type.items ?? type))(truncate);
    return (value, call) => {
      const repairs = call.repairCount;
      const { rank } = call;
      const fitted = fit(value, call);
      if (fitted !== INVALID) return fitted;
      call.rollBack(repairs, rank);
      return value;
    };
  };
}

/** For who speaks for the application's state. */
function stateRefusal(
  property: LockProfileProperty,
  operation: ProfileOperation,
  trust: Trust,
): RuntimeFindingId | undefined {
  if (property.owner !== "state" || trust !== "server") return "not-owner";
  return operation === "$set" || operation === "$unset" ? undefined : "op-not-allowed";
}

function refusal(
  property: LockProfileProperty,
  operation: ProfileOperation,
  from: { readonly source: string; readonly trust: Trust },
): RuntimeFindingId | undefined {
  if (property.owner === "state" || (property.owner === "server" && from.trust === "client"))
    return "not-owner";
  if (property.sources !== undefined && !property.sources.includes(from.source)) return "not-this-source";
  const allowed = property.operations === undefined || property.operations.includes(operation);
  return allowed && fitsType(operation, property.type) ? undefined : "op-not-allowed";
}

function profileTable(judge: ProfileJudge, properties: Properties, input: ProfileToJudge): PropertyTable {
  const { lock } = judge;
  const trust = lock.sources[input.source]?.trust ?? "client";
  const entries = Object.values(properties).filter(({ name }) => !isUnsafeKey(name));
  const names = new NameIndex(entries);
  const rules = entries.map((property): PropertyRule => {
    const classes = lock.data_classes;
    const effect = classEffect(Object.hasOwn(classes, property.data) ? classes[property.data] : undefined, {
      type: property.type,
      trust,
      hash: judge.hash,
    });
    const refused =
      input.asState === true
        ? stateRefusal(property, input.operation, trust)
        : refusal(property, input.operation, { source: input.source, trust });
    // Taking a value away sends none: the data class has nothing to say.
    const takesAway = input.operation === "$unset";
    return {
      ...effect,
      name: property.name,
      at: `${input.operation}.${property.name}`,
      required: false,
      removed: refused ?? (takesAway ? undefined : effect.removed),
      fit: takesAway ? ANYTHING : operandFit(input.operation, property.type)(effect.truncate),
      invalid: "strip",
    };
  });
  return new PropertyTable({
    rules,
    listed: (name) => names.listed(name)?.name,
    folded: (name) => names.folded(name)?.name,
    // What SDKs write by themselves is no application's state.
    isSdk: input.asState === true ? () => false : isSdkProfileProperty,
    stamp: undefined,
    unknown: "strip",
    missing: "accept",
    memo: judge.memo,
  });
}

function tableFor(judge: ProfileJudge, properties: Properties, input: ProfileToJudge): PropertyTable {
  const key = JSON.stringify([input.source, input.groupKey ?? null, input.operation, input.asState === true]);
  let table = judge.tables.get(key);
  if (table === undefined) {
    table = profileTable(judge, properties, input);
    judge.tables.set(key, table);
  }
  return table;
}

/** Judges the names of an `$unset`; answers the list itself where nothing changed. */
function judgeNames(table: PropertyTable, names: readonly unknown[], call: Call): readonly unknown[] {
  const wanted: string[] = [];
  for (const name of names) {
    if (typeof name !== "string") {
      call.find("profile-malformed");
      call.atLeast(RANK.stripped);
      continue;
    }
    // One name at a time through the same rules as every other operator; the value plays no part.
    const kept = Object.keys(judgeProperties(table, { [name]: null }, call))[0];
    if (kept !== undefined && !wanted.includes(kept)) wanted.push(kept);
  }
  const same = wanted.length === names.length && wanted.every((name, index) => name === names[index]);
  return same ? names : wanted;
}

const NOTHING: unique symbol = Symbol("nothing");

/** One update on its way through. */
interface Update {
  readonly judge: ProfileJudge;
  readonly input: ProfileToJudge;
  readonly call: Call;
}

function judgeValue({ judge, input, call }: Update, properties: Properties): unknown {
  const { value } = input;
  const table = tableFor(judge, properties, input);
  if (input.operation === "$unset" && Array.isArray(value)) {
    const names = judgeNames(table, value, call);
    return names.length === 0 && value.length > 0 ? NOTHING : names;
  }
  if (input.operation === "$unset" || !isObject(value))
    return refuse(call, "profile-malformed", RANK.stripped);
  const out = judgeProperties(table, value, call);
  return out !== value && Object.keys(out).length === 0 ? NOTHING : out;
}

function refuse(call: Call, id: RuntimeFindingId, rank: number): typeof NOTHING {
  call.find(id);
  call.atLeast(rank);
  return NOTHING;
}

function judgeDelete({ judge, input, call }: Update): unknown {
  // A client may forget its user, never a company that others belong to.
  const trust = judge.lock.sources[input.source]?.trust;
  if (input.groupKey !== undefined && trust !== "server")
    return refuse(call, "op-not-allowed", RANK.stripped);
  return input.value;
}

const UNKNOWN_RANK = { accept: RANK.accepted, quarantine: RANK.quarantined, drop: RANK.dropped } as const;

function judgeGroup(update: Update, groupKey: string): unknown {
  const { judge, input, call } = update;
  judge.identity.judgeGroupId(input.id, call);
  const properties = Object.hasOwn(judge.lock.groups, groupKey) ? judge.lock.groups[groupKey] : undefined;
  if (properties === undefined) {
    const policy = judge.lock.unknown_event;
    call.find("unknown-group", policy === "accept" ? { level: "info" } : {});
    call.atLeast(UNKNOWN_RANK[policy]);
    return input.value;
  }
  return input.operation === "$delete" ? judgeDelete(update) : judgeValue(update, properties);
}

/** Judges one operator of one profile update. Never throws. */
export function judgeProfile(judge: ProfileJudge, input: ProfileToJudge, call: Call): ProfileJudgement {
  call.begin(input.source, input.operation);
  call.oldIds = input.oldIds;
  const update = { judge, input, call };
  let id = input.id;
  let output: unknown;
  if (!Object.hasOwn(judge.lock.sources, input.source))
    output = refuse(call, "unknown-source", RANK.quarantined);
  else if (typeof id !== "string" || !OPERATIONS.has(input.operation))
    output = refuse(call, "profile-malformed", RANK.quarantined);
  else if (input.groupKey !== undefined) output = judgeGroup(update, input.groupKey);
  else if (input.operation === "$delete") {
    id = judge.identity.translateProfileId(id, input.deviceId, call);
    output = judgeDelete(update);
  } else {
    id =
      input.asState === true
        ? judge.identity.judgeKnownUserId(id, call)
        : judge.identity.judgeProfileId(id, input.deviceId, call);
    output = judgeValue(update, judge.lock.people);
  }
  return {
    verdict: call.verdict,
    id,
    output: call.rank >= RANK.quarantined || output === NOTHING ? undefined : output,
    repairs: call.repairs,
    findings: call.findings,
    withhold: call.withhold,
  };
}

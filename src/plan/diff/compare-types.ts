// How one value type differs from another: other, narrower, wider, or another list of values.
import { assertNever } from "../../core/index.ts";
import type { ValueType } from "../lock.ts";
import type { ChangeKind } from "./change-kinds.ts";

/** Which way a type went. Both flags: some values left and others came. */
interface Direction {
  readonly narrower: boolean;
  readonly wider: boolean;
}

const SAME: Direction = { narrower: false, wider: false };
const BOTH: Direction = { narrower: true, wider: true };

function join(directions: readonly Direction[]): Direction {
  return {
    narrower: directions.some(({ narrower }) => narrower),
    wider: directions.some(({ wider }) => wider),
  };
}

function least(before = -Infinity, after = -Infinity): Direction {
  return { narrower: after > before, wider: after < before };
}

function most(before = Infinity, after = Infinity): Direction {
  return { narrower: after < before, wider: after > before };
}

/** A rule such as a pattern: more with it, fewer without; another one is both. */
function rule(before: string | undefined, after: string | undefined): Direction {
  if (before === after) return SAME;
  if (before === undefined) return { narrower: true, wider: false };
  return after === undefined ? { narrower: false, wider: true } : BOTH;
}

interface Listed {
  readonly enum?: readonly (string | number)[];
  readonly open?: boolean;
}

const closedValues = ({ enum: values, open }: Listed) => (open === true ? undefined : values);

function lists(before: Listed, after: Listed): Direction {
  const [old, now] = [closedValues(before), closedValues(after)];
  if (old === undefined || now === undefined)
    return {
      narrower: old === undefined && now !== undefined,
      wider: old !== undefined && now === undefined,
    };
  return {
    narrower: old.some((value) => !now.includes(value)),
    wider: now.some((value) => !old.includes(value)),
  };
}

function constraints(before: ValueType, after: ValueType): Direction {
  switch (after.type) {
    case "string":
      if (before.type !== "string") return BOTH;
      return join([
        least(before.min_length, after.min_length),
        most(before.max_length, after.max_length),
        rule(before.pattern, after.pattern),
        rule(before.format, after.format),
      ]);
    case "integer":
    case "number":
      if (before.type !== "integer" && before.type !== "number") return BOTH;
      return join([
        least(before.min, after.min),
        most(before.max, after.max),
        {
          narrower: before.type === "number" && after.type === "integer",
          wider: before.type === "integer" && after.type === "number",
        },
      ]);
    case "list":
      if (before.type !== "list") return BOTH;
      return join([
        least(before.min_items, after.min_items),
        most(before.max_items, after.max_items),
        parts(before.items, after.items),
      ]);
    case "object":
      return before.type === "object" ? members(before, after) : BOTH;
    case "boolean":
    case "datetime":
      return before.type === after.type ? SAME : BOTH;
    default:
      return assertNever(after);
  }
}

function parts(before: ValueType | undefined, after: ValueType | undefined): Direction {
  if (before === undefined || after === undefined)
    return {
      narrower: before === undefined && after !== undefined,
      wider: before !== undefined && after === undefined,
    };
  return direction(before, after);
}

type Shape = Extract<ValueType, { type: "object" }>;

function members(before: Shape, after: Shape): Direction {
  const [old, now] = [before.properties, after.properties];
  if (old === undefined || now === undefined)
    return {
      narrower: old === undefined && now !== undefined,
      wider: old !== undefined && now === undefined,
    };
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return join([
    {
      narrower: before.open === true && after.open !== true,
      wider: before.open !== true && after.open === true,
    },
    ...names.map((name) => {
      const was = Object.hasOwn(old, name) ? old[name] : undefined;
      const is = Object.hasOwn(now, name) ? now[name] : undefined;
      if (was === undefined) return { narrower: is?.presence === "required", wider: after.open !== true };
      if (is === undefined) return { narrower: after.open !== true, wider: was.presence === "required" };
      const presence = {
        narrower: was.presence === "optional" && is.presence === "required",
        wider: was.presence === "required" && is.presence === "optional",
      };
      return join([presence, direction(was.type, is.type)]);
    }),
  ]);
}

function direction(before: ValueType, after: ValueType): Direction {
  const nullable = {
    narrower: before.nullable === true && after.nullable !== true,
    wider: before.nullable !== true && after.nullable === true,
  };
  return join([constraints(before, after), nullable, lists(before as Listed, after as Listed)]);
}

function isOther(before: ValueType, after: ValueType): boolean {
  if (before.type === "list" && after.type === "list")
    return before.items !== undefined && after.items !== undefined && isOther(before.items, after.items);
  const pair = `${before.type} ${after.type}`;
  return before.type !== after.type && pair !== "integer number" && pair !== "number integer";
}

/** Kinds about the list of values, where both types have one. */
function listKinds(before: Listed, after: Listed): ChangeKind[] {
  const { enum: old, open: wasOpen = false } = before;
  const { enum: now, open: isOpen = false } = after;
  if (old === undefined || now === undefined) return [];
  const kinds: ChangeKind[] = [];
  if (wasOpen && !isOpen) kinds.push("enum-closed");
  if (!wasOpen && isOpen) kinds.push("enum-opened");
  if (old.some((value) => !now.includes(value)))
    kinds.push(isOpen ? "enum-value-removed-open" : "enum-value-removed");
  if (now.some((value) => !old.includes(value)))
    kinds.push(isOpen ? "enum-value-added-open" : "enum-value-added");
  return kinds;
}

/** What changed between two types; empty when they are the same. */
export function compareTypes(before: ValueType, after: ValueType): readonly ChangeKind[] {
  if (isOther(before, after)) return ["property-type-changed"];
  const kinds = listKinds(before as Listed, after as Listed);
  const hasLists = (before as Listed).enum !== undefined && (after as Listed).enum !== undefined;
  const { narrower, wider } = hasLists
    ? direction(withoutList(before), withoutList(after))
    : direction(before, after);
  if (narrower) kinds.push("property-narrowed");
  else if (wider) kinds.push("property-widened");
  return kinds;
}

function withoutList(type: ValueType): ValueType {
  const { enum: _enum, open: _open, ...rest } = type as ValueType & Listed;
  return rest;
}

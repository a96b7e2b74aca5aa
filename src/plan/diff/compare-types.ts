// How one type differs from another: narrower, wider, or another type altogether.
import type { ValueType } from "../lock.ts";
import type { Change, ChangeKind } from "./change-table.ts";

type Found = readonly [ChangeKind, string];

/** A bound that rises (`min`) or falls (`max`) narrows. */
function bound(
  name: string,
  [before, after]: readonly [number | undefined, number | undefined],
  narrowsWhen: "rises" | "falls",
): readonly Found[] {
  if (before === after) return [];
  const text = `\`${name}\` ${before ?? "none"} → ${after ?? "none"}`;
  const narrower =
    after !== undefined &&
    (before === undefined || (narrowsWhen === "rises" ? after > before : after < before));
  return [[narrower ? "constraint-narrowed" : "constraint-widened", text]];
}

/** A constraint that is there or not, and whose change cannot be compared. */
function whole(name: string, before: string | undefined, after: string | undefined): readonly Found[] {
  if (before === after) return [];
  return [
    [
      after === undefined ? "constraint-widened" : "constraint-narrowed",
      `\`${name}\` ${before ?? "none"} → ${after ?? "none"}`,
    ],
  ];
}

interface Enum {
  readonly enum?: readonly (string | number)[];
  readonly open?: boolean;
}

function enums(before: Enum, after: Enum): readonly Found[] {
  if (before.enum === undefined && after.enum === undefined) return [];
  const wasClosed = before.enum !== undefined && before.open !== true;
  const isClosed = after.enum !== undefined && after.open !== true;
  const found: Found[] = [];
  if (wasClosed && !isClosed) found.push(["constraint-widened", "The enum is open now"]);
  if (!wasClosed && isClosed) found.push(["constraint-narrowed", "The enum is closed now"]);
  if (before.enum === undefined || after.enum === undefined) return found;
  const known = before.enum;
  const values = after.enum;
  const added = values.filter((value) => !known.includes(value));
  const removed = known.filter((value) => !values.includes(value));
  for (const value of added)
    found.push([isClosed ? "enum-value-added" : "open-enum-value-added", `\`${value}\``]);
  for (const value of removed)
    found.push([isClosed ? "enum-value-removed" : "open-enum-value-removed", `\`${value}\``]);
  return found;
}

function constraints(before: ValueType, after: ValueType): readonly Found[] {
  if (before.type === "string" && after.type === "string")
    return [
      ...enums(before, after),
      ...whole("pattern", before.pattern, after.pattern),
      ...whole("format", before.format, after.format),
      ...bound("min_length", [before.min_length, after.min_length], "rises"),
      ...bound("max_length", [before.max_length, after.max_length], "falls"),
    ];
  if (
    (before.type === "integer" || before.type === "number") &&
    (after.type === "integer" || after.type === "number")
  )
    return [
      ...enums(before, after),
      ...bound("min", [before.min, after.min], "rises"),
      ...bound("max", [before.max, after.max], "falls"),
    ];
  if (before.type === "list" && after.type === "list")
    return [
      ...bound("min_items", [before.min_items, after.min_items], "rises"),
      ...bound("max_items", [before.max_items, after.max_items], "falls"),
    ];
  return [];
}

function nullable(before: ValueType, after: ValueType): readonly Found[] {
  if ((before.nullable ?? false) === (after.nullable ?? false)) return [];
  return [
    after.nullable === true
      ? ["constraint-widened", "Null is allowed"]
      : ["constraint-narrowed", "Null is not allowed"],
  ];
}

function items(before: ValueType, after: ValueType, at: string): readonly Change[] {
  if (before.type !== "list" || after.type !== "list") return [];
  if (before.items === undefined && after.items === undefined) return [];
  if (before.items === undefined)
    return [{ kind: "constraint-narrowed", at, detail: "Items have a type now" }];
  if (after.items === undefined) return [{ kind: "constraint-widened", at, detail: "Items may be anything" }];
  return compareTypes(before.items, after.items, `${at}.[]`);
}

function members(before: ValueType, after: ValueType, at: string): readonly Change[] {
  if (before.type !== "object" || after.type !== "object") return [];
  const [was, is] = [before.properties, after.properties];
  const changes: Change[] = [];
  const wasOpen = was === undefined || before.open === true;
  const isOpen = is === undefined || after.open === true;
  if (wasOpen !== isOpen)
    changes.push({
      kind: isOpen ? "constraint-widened" : "constraint-narrowed",
      at,
      detail: isOpen ? "Other members are allowed" : "Other members are not allowed",
    });
  for (const [name, member] of Object.entries(is ?? {})) {
    const old = was?.[name];
    const place = `${at}.${name}`;
    if (old === undefined)
      changes.push({
        kind: member.presence === "required" ? "required-property-added" : "property-added",
        at: place,
      });
    else {
      if (old.presence !== member.presence)
        changes.push({
          kind: member.presence === "required" ? "property-now-required" : "property-now-optional",
          at: place,
        });
      changes.push(...compareTypes(old.type, member.type, place));
    }
  }
  for (const name of Object.keys(was ?? {}))
    if (is !== undefined && !Object.hasOwn(is, name))
      changes.push({ kind: "property-removed", at: `${at}.${name}` });
  return changes;
}

/** Every difference between two types at a place. */
export function compareTypes(before: ValueType, after: ValueType, at: string): readonly Change[] {
  const widensToNumber = before.type === "integer" && after.type === "number";
  if (before.type !== after.type && !widensToNumber) {
    const narrows = before.type === "number" && after.type === "integer";
    const detail = `${before.type} → ${after.type}`;
    return [{ kind: narrows ? "constraint-narrowed" : "type-changed", at, detail }];
  }
  const own: readonly Found[] = [
    ...(widensToNumber ? ([["constraint-widened", "integer → number"]] as const) : []),
    ...constraints(before, after),
    ...nullable(before, after),
  ];
  return [
    ...own.map(([kind, detail]): Change => ({ kind, at, detail })),
    ...items(before, after, at),
    ...members(before, after, at),
  ];
}

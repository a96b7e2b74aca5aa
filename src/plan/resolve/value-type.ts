// From a type as written to a value type of the lock; members that do not belong to the type are contradictions.
import { assertNever } from "../../core/index.ts";
import type { DocumentPath } from "../files/located-document.ts";
import type { ValueType } from "../lock.ts";
import type { RawType } from "../raw-plan.ts";
import type { RuleHit } from "../rules/rule-context.ts";
import { countCodePoints } from "../validator/fit-string.ts";
import { compilePattern } from "../validator/linear-pattern.ts";

const MEMBERS: Readonly<Record<NonNullable<RawType["type"]>, readonly (keyof RawType)[]>> = {
  string: ["enum", "open", "pattern", "format", "min_length", "max_length"],
  integer: ["enum", "open", "min", "max"],
  number: ["enum", "open", "min", "max"],
  boolean: [],
  datetime: [],
  list: ["items", "min_items", "max_items"],
  object: ["properties", "open"],
};
const ALL_MEMBERS = [...new Set(Object.values(MEMBERS).flat())];

function pick<Key extends keyof RawType>(raw: RawType, keys: readonly Key[]): Pick<RawType, Key> {
  return Object.fromEntries(
    keys.filter((key) => raw[key] !== undefined).map((key) => [key, raw[key]]),
  ) as Pick<RawType, Key>;
}

function misplaced(raw: RawType, type: NonNullable<RawType["type"]>, path: DocumentPath): RuleHit[] {
  return ALL_MEMBERS.filter((key) => raw[key] !== undefined && !MEMBERS[type].includes(key)).map((key) => ({
    id: "contradictory-constraints",
    path: [...path, key],
    message: `\`${key}\` says nothing about type ${type}`,
    fix: MEMBERS[type].length === 0 ? "Remove it." : `A ${type} can have: ${MEMBERS[type].join(", ")}.`,
  }));
}

function crossed(raw: RawType, path: DocumentPath): RuleHit[] {
  const hits: RuleHit[] = [];
  for (const [low, high] of [
    ["min", "max"],
    ["min_length", "max_length"],
    ["min_items", "max_items"],
  ] as const) {
    const from = raw[low];
    const to = raw[high];
    if (from !== undefined && to !== undefined && from > to)
      hits.push({
        id: "contradictory-constraints",
        path: [...path, low],
        message: `\`${low}\` is larger than \`${high}\`: no value fits`,
      });
  }
  if (raw.open === true && raw.enum === undefined && raw.type !== "object")
    hits.push({
      id: "contradictory-constraints",
      path: [...path, "open"],
      message: "`open` needs an `enum`",
    });
  return hits;
}

function enumHits(raw: RawType, path: DocumentPath): RuleHit[] {
  const { enum: values, type } = raw;
  if (values === undefined) return [];
  const hits: RuleHit[] = [];
  const add = (index: number, message: string): void => {
    hits.push({ id: "contradictory-constraints", path: [...path, "enum", index], message });
  };
  if (values.length === 0)
    hits.push({
      id: "contradictory-constraints",
      path: [...path, "enum"],
      message: "The list is empty: no value fits",
    });
  for (const [index, value] of values.entries()) {
    if (values.indexOf(value) < index) add(index, "The value is listed twice");
    else if (
      type === "string"
        ? typeof value !== "string"
        : typeof value !== "number" || (type === "integer" && !Number.isInteger(value))
    )
      add(index, `The value is not of type ${type ?? ""}`);
    else if (typeof value === "number" && (value < (raw.min ?? -Infinity) || value > (raw.max ?? Infinity)))
      add(index, "The value is outside `min` and `max`");
    else if (
      typeof value === "string" &&
      (countCodePoints(value) > (raw.max_length ?? Infinity) ||
        countCodePoints(value) < (raw.min_length ?? 0))
    )
      add(index, "The value is shorter or longer than the limits");
    else if (typeof value === "string" && raw.pattern !== undefined && !fitsPattern(raw.pattern, value))
      add(index, "The value does not match `pattern`");
  }
  return hits;
}

function fitsPattern(pattern: string, value: string): boolean {
  try {
    return compilePattern(pattern)(value);
  } catch {
    // The pattern itself is the finding; nothing can be said about values.
    return true;
  }
}

/** A pattern that RE2 cannot run, with what to do. */
export function patternHits(pattern: string, path: DocumentPath): RuleHit[] {
  try {
    compilePattern(pattern);
    return [];
  } catch {
    return [
      {
        id: "unsafe-pattern",
        path,
        message: "The pattern cannot run in linear time, or is not a pattern",
        fix: "Write it in RE2 syntax: no look-around, no back-references.",
      },
    ];
  }
}

export interface TypeResult {
  readonly type: ValueType;
  readonly hits: readonly RuleHit[];
}

/** Reads a type. A type with hits is still a type, so that other rules can go on. */
export function readType(raw: RawType, path: DocumentPath): TypeResult {
  const kind = raw.type ?? "string";
  const hits = [
    ...misplaced(raw, kind, path),
    ...crossed(raw, path),
    ...(kind === "string" || kind === "integer" || kind === "number" ? enumHits(raw, path) : []),
    ...(raw.pattern === undefined ? [] : patternHits(raw.pattern, [...path, "pattern"])),
  ];
  const common = raw.nullable === true ? { nullable: true } : {};
  switch (kind) {
    case "string": {
      const values = raw.enum?.filter((value) => typeof value === "string");
      const rest = pick(raw, ["open", "pattern", "format", "min_length", "max_length"]);
      return {
        type: { type: kind, ...common, ...(values === undefined ? {} : { enum: values }), ...rest },
        hits,
      };
    }
    case "integer":
    case "number": {
      const values = raw.enum?.filter((value) => typeof value === "number");
      return {
        type: {
          type: kind,
          ...common,
          ...(values === undefined ? {} : { enum: values }),
          ...pick(raw, ["open", "min", "max"]),
        },
        hits,
      };
    }
    case "boolean":
    case "datetime":
      return { type: { type: kind, ...common }, hits };
    case "list": {
      const items = raw.items === undefined ? undefined : readType(raw.items, [...path, "items"]);
      return {
        type: {
          type: kind,
          ...common,
          ...(items === undefined ? {} : { items: items.type }),
          ...pick(raw, ["min_items", "max_items"]),
        },
        hits: [...hits, ...(items?.hits ?? [])],
      };
    }
    case "object":
      return readObject(raw, path, hits);
    default:
      return assertNever(kind);
  }
}

function readObject(raw: RawType, path: DocumentPath, hits: readonly RuleHit[]): TypeResult {
  const members = Object.entries(raw.properties ?? {}).map(([name, member]) => {
    const { type, hits: inner } = readType(member, [...path, "properties", name]);
    return { name, member: { presence: member.presence ?? "optional", type } as const, inner };
  });
  return {
    type: {
      type: "object",
      ...(raw.nullable === true ? { nullable: true } : {}),
      ...(raw.properties === undefined
        ? {}
        : { properties: Object.fromEntries(members.map(({ name, member }) => [name, member])) }),
      ...(raw.open === true ? { open: true } : {}),
    },
    hits: [...hits, ...members.flatMap(({ inner }) => inner)],
  };
}

/** Whether every value of `narrow` is one of `wide` too, as far as the plan says. */
export function isWithin(narrow: ValueType, wide: ValueType): boolean {
  if (narrow.type !== wide.type && !(narrow.type === "integer" && wide.type === "number")) return false;
  if (narrow.nullable === true && wide.nullable !== true) return false;
  switch (narrow.type) {
    case "string":
      return wide.type === "string" && isStringWithin(narrow, wide);
    case "integer":
    case "number":
      return (wide.type === "integer" || wide.type === "number") && isNumberWithin(narrow, wide);
    case "list":
      return (
        wide.type === "list" &&
        (narrow.min_items ?? 0) >= (wide.min_items ?? 0) &&
        (narrow.max_items ?? Infinity) <= (wide.max_items ?? Infinity) &&
        (wide.items === undefined || (narrow.items !== undefined && isWithin(narrow.items, wide.items)))
      );
    case "boolean":
    case "datetime":
    case "object":
      return true;
    default:
      return assertNever(narrow);
  }
}

type Texts = Extract<ValueType, { type: "string" }>;
type Numbers = Extract<ValueType, { type: "integer" | "number" }>;

function isEnumWithin(
  narrow: { readonly enum?: readonly (string | number)[]; readonly open?: boolean },
  wide: { readonly enum?: readonly (string | number)[]; readonly open?: boolean },
): boolean {
  if (wide.enum === undefined || wide.open === true) return true;
  const allowed = wide.enum;
  return (
    narrow.enum !== undefined && narrow.open !== true && narrow.enum.every((value) => allowed.includes(value))
  );
}

function isStringWithin(narrow: Texts, wide: Texts): boolean {
  return (
    isEnumWithin(narrow, wide) &&
    (narrow.enum !== undefined ||
      ((narrow.min_length ?? 0) >= (wide.min_length ?? 0) &&
        (narrow.max_length ?? Infinity) <= (wide.max_length ?? Infinity))) &&
    (wide.format === undefined || narrow.format === wide.format) &&
    (wide.pattern === undefined || narrow.pattern === wide.pattern)
  );
}

function isNumberWithin(narrow: Numbers, wide: Numbers): boolean {
  return (
    isEnumWithin(narrow, wide) &&
    (narrow.min ?? -Infinity) >= (wide.min ?? -Infinity) &&
    (narrow.max ?? Infinity) <= (wide.max ?? Infinity)
  );
}

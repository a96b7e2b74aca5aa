// What a generated client checks of a value at run time: the plan's type in a form that a small interpreter in any language can follow.
// Formats become patterns here, so that no language needs a checker of its own for them.
import type { ValueType } from "../../plan/index.ts";
import { FORMAT_PATTERNS } from "./format-patterns.ts";
import { hasNestedRepeats } from "./nested-repeats.ts";

/** A rule for one value. Absent keys do not constrain. */
export interface ClientRule {
  readonly type: ValueType["type"];
  readonly required: boolean;
  readonly nullable?: true;
  /** Closed enums only: an open one refuses nothing. */
  readonly values?: readonly (string | number)[];
  /** RE2 syntax; every one has to match somewhere in the text. */
  readonly pattern?: string;
  /** As `pattern`, made from the plan's `format`. */
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: ClientRule;
  readonly members?: Readonly<Record<string, ClientRule>>;
  /** Of an object with members: others pass too. */
  readonly open?: true;
}

function bounds(type: ValueType): Partial<ClientRule> {
  switch (type.type) {
    case "string":
      return {
        // What may run for minutes in an engine that backtracks is left to the gateway, whose engine does not.
        ...(type.pattern === undefined || hasNestedRepeats(type.pattern) ? {} : { pattern: type.pattern }),
        ...(type.format === undefined ? {} : { format: FORMAT_PATTERNS[type.format] }),
        ...(type.min_length === undefined ? {} : { minLength: type.min_length }),
        ...(type.max_length === undefined ? {} : { maxLength: type.max_length }),
      };
    case "integer":
    case "number":
      return {
        ...(type.min === undefined ? {} : { min: type.min }),
        ...(type.max === undefined ? {} : { max: type.max }),
      };
    case "list":
      return {
        ...(type.min_items === undefined ? {} : { minItems: type.min_items }),
        ...(type.max_items === undefined ? {} : { maxItems: type.max_items }),
        ...(type.items === undefined ? {} : { items: clientRule(type.items, true) }),
      };
    case "object":
      return {
        ...(type.properties === undefined
          ? {}
          : {
              members: Object.fromEntries(
                Object.entries(type.properties).map(([name, member]) => [
                  name,
                  clientRule(member.type, member.presence === "required"),
                ]),
              ),
            }),
        ...(type.open === true ? { open: true } : {}),
      };
    case "boolean":
    case "datetime":
      return {};
  }
}

/** The rule for values of a type. */
export function clientRule(type: ValueType, required: boolean): ClientRule {
  const values = "enum" in type && type.open !== true ? type.enum : undefined;
  return {
    type: type.type,
    required,
    ...(type.nullable === true ? { nullable: true } : {}),
    ...(values === undefined ? {} : { values }),
    ...bounds(type),
  };
}

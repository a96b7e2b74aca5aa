// What an operator of a profile property takes, as a rule.
import type { ProfileOperation } from "../../plan/index.ts";
import type { ClientRule } from "./client-rule.ts";

/** A number to add, an item of a list, or the property's own type; `undefined` where nothing is taken or nothing is known of it. */
export function operandRule(rule: ClientRule, operation: ProfileOperation): ClientRule | undefined {
  if (operation === "$unset") return undefined;
  if (operation === "$add") return { type: rule.type, required: true };
  if (operation === "$append" || operation === "$remove")
    return rule.items && { ...rule.items, required: true };
  if (operation === "$union") {
    const { minItems: _min, maxItems: _max, ...rest } = rule;
    return rest;
  }
  return rule;
}

// What each operation on properties makes of a profile, computed from its record in the backup alone: so it is the same however often it is asked. Pure.
import { assertNever, canonicalJson, type JsonValue } from "../../core/index.ts";
import type { PropertyOperation } from "../change-set/change-set.ts";
import { pick, type ProfileRecord, type Properties, valueOf } from "./profile-record.ts";
import { retypeValue } from "./retype-value.ts";

/** What a profile has of the operation's properties afterwards. `misfit`: a value that could not be turned, and stays. */
export interface PropertyResult {
  readonly after: Properties;
  readonly isMisfit: boolean;
}

/** Properties without which the operation has nothing to do with a profile. */
export function sourceNames(operation: PropertyOperation): readonly string[] {
  switch (operation.do) {
    case "unset":
      return operation.properties;
    case "rename":
      return [operation.from];
    case "merge_spellings":
      return operation.from.filter((name) => name !== operation.to);
    case "retype":
    case "map_values":
      return [operation.property];
    default:
      return assertNever(operation);
  }
}

/** All properties that it reads or writes: what a backup needs. */
export function touchedNames(operation: PropertyOperation): readonly string[] {
  const target = operation.do === "rename" || operation.do === "merge_spellings" ? [operation.to] : [];
  return [...new Set([...sourceNames(operation), ...target])];
}

/** Copied first, read back, and only then removed under the old name. */
export function isMove(operation: PropertyOperation): boolean {
  return operation.do === "rename" || operation.do === "merge_spellings";
}

function without(had: Properties, names: readonly string[]): Properties {
  return pick(
    had,
    Object.keys(had).filter((name) => !names.includes(name)),
  );
}

function withValue(had: Properties, name: string, value: JsonValue | undefined): Properties {
  return value === undefined ? without(had, [name]) : { ...had, [name]: value };
}

type Of<K extends PropertyOperation["do"]> = Extract<PropertyOperation, { readonly do: K }>;

function rename(operation: Of<"rename">, had: Properties): Properties {
  const { from, to, onBoth } = operation;
  if (from === to) return had;
  const isKept = onBoth === "keep" && valueOf(had, to) !== undefined;
  return without(isKept ? had : withValue(had, to, valueOf(had, from)), [from]);
}

/** The first that has a value wins; what stands under the new name already comes first, unless the list gives it another place. */
function mergeSpellings({ from, to }: Of<"merge_spellings">, had: Properties): Properties {
  const order = from.includes(to) ? from : [to, ...from];
  const value = order.map((name) => valueOf(had, name)).find((one) => one !== undefined);
  return without(
    withValue(had, to, value),
    from.filter((name) => name !== to),
  );
}

function retype(operation: Of<"retype">, had: Properties): PropertyResult {
  const { property, to, onMisfit } = operation;
  const value = valueOf(had, property);
  const fitting = value === undefined ? undefined : retypeValue(value, to);
  const isMisfit = value !== undefined && fitting === undefined;
  if (isMisfit && onMisfit === "keep") return { after: had, isMisfit };
  return { after: withValue(had, property, fitting), isMisfit: false };
}

function mapValue(operation: Of<"map_values">, had: Properties): Properties {
  const value = valueOf(had, operation.property);
  if (value === undefined) return had;
  const text = canonicalJson(value);
  const mapped = operation.values.find(({ from }) => canonicalJson(from) === text);
  return mapped ? withValue(had, operation.property, mapped.to ?? undefined) : had;
}

/** What the operation makes of a profile. */
export function changeProperties(operation: PropertyOperation, { had }: ProfileRecord): PropertyResult {
  switch (operation.do) {
    case "unset":
      return { after: without(had, operation.properties), isMisfit: false };
    case "rename":
      return {
        after: valueOf(had, operation.from) === undefined ? had : rename(operation, had),
        isMisfit: false,
      };
    case "merge_spellings":
      return { after: mergeSpellings(operation, had), isMisfit: false };
    case "retype":
      return retype(operation, had);
    case "map_values":
      return { after: mapValue(operation, had), isMisfit: false };
    default:
      return assertNever(operation);
  }
}

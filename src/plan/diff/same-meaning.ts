// Whether two entries can be one thing under another id or name. A guess on the safe side: only plain contradictions say no.
import type { LockEvent, ValueType } from "../lock.ts";
import { compareTypes } from "./compare-types.ts";

interface Typed {
  readonly type: ValueType;
}

/** Values of the one can be values of the other. */
export function isSameMeaning(before: Typed | undefined, after: Typed): boolean {
  return before === undefined || !compareTypes(before.type, after.type).includes("property-type-changed");
}

/** The events share a property where both have any, and no shared one has another type. */
export function isSameEvent(before: LockEvent, after: LockEvent): boolean {
  const names = Object.keys(before.properties);
  const shared = names.filter((name) => after.properties[name] !== undefined);
  const areEmpty = names.length === 0 || Object.keys(after.properties).length === 0;
  return (
    (areEmpty || shared.length > 0) &&
    shared.every((name) => {
      const property = after.properties[name];
      return property === undefined || isSameMeaning(before.properties[name], property);
    })
  );
}

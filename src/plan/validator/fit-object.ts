// Objects: members that the plan names are fitted; others meet the event's policy for unknown properties, or pass where the type is open.
// Member names are exact: renaming inside a value would hide what the plan does not say.
import { isObject } from "../../core/index.ts";
import type { ObjectType, ValueType } from "../lock.ts";
import { isUnsafeKey } from "./built-in.ts";
import { type Call, RANK } from "./call.ts";
import { copyBefore } from "./copy-before.ts";
import { INVALID, type Fit, mismatch } from "./fit-result.ts";

/** Tells whether an unknown member stays. */
function keepsUnknown(name: string, open: boolean, call: Call): boolean {
  if (isUnsafeKey(name)) {
    call.find("unsafe-key");
    call.atLeast(RANK.stripped);
    return false;
  }
  if (open) return true;
  const policy = call.unknownMembers;
  call.find("unknown-property", policy === "accept" ? { level: "info" } : {});
  if (policy === "strip") call.atLeast(RANK.stripped);
  if (policy === "quarantine") call.atLeast(RANK.quarantined);
  return policy !== "strip";
}

interface Members {
  readonly fits: ReadonlyMap<string, Fit>;
  readonly required: readonly string[];
  readonly open: boolean;
}

function fitMembers(members: Members, object: Readonly<Record<string, unknown>>, call: Call): unknown {
  let out: Record<string, unknown> | undefined;
  for (const name in object) {
    const value = object[name];
    const fit = members.fits.get(name);
    call.enter(name);
    if (fit === undefined) {
      if (!keepsUnknown(name, members.open, call)) out ??= copyBefore(object, name);
      else if (out !== undefined) out[name] = value;
    } else {
      const fitted = fit(value, call);
      if (fitted === INVALID) {
        call.leave();
        return INVALID;
      }
      if (fitted !== value) out ??= copyBefore(object, name);
      if (out !== undefined) out[name] = fitted;
    }
    call.leave();
  }
  for (const name of members.required) {
    if (!Object.hasOwn(object, name)) {
      call.enter(name);
      call.find("missing-required");
      call.leave();
      return INVALID;
    }
  }
  return out ?? object;
}

/** Compiles an object type; `compile` compiles a member's. */
export function fitObject(type: ObjectType, compile: (type: ValueType) => Fit): Fit {
  if (type.properties === undefined) {
    return (value, call) => (isObject(value) ? value : mismatch(type, value, call));
  }
  const entries = Object.entries(type.properties).filter(([name]) => !isUnsafeKey(name));
  const members: Members = {
    fits: new Map(entries.map(([name, member]) => [name, compile(member.type)])),
    required: entries.filter(([, member]) => member.presence === "required").map(([name]) => name),
    open: type.open === true,
  };
  return (value, call) => (isObject(value) ? fitMembers(members, value, call) : mismatch(type, value, call));
}

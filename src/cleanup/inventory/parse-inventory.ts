// An inventory from its file. The file is this program's own, yet people keep it, cut it and mend it: what a proposal reads of it is looked at first.
import { isObject } from "../../core/index.ts";
import { BUCKETS, type Inventory, INVENTORY_VERSION } from "./inventory.ts";

/** An inventory, or the path of the first thing that none has; empty: the whole. */
export type ParsedInventory =
  | { readonly kind: "inventory"; readonly inventory: Inventory }
  | { readonly kind: "wrong"; readonly at: string };

type Test = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Test>>;

const text: Test = (value) => typeof value === "string";
const count: Test = (value) => typeof value === "number" && value >= 0;
const flag: Test = (value) => typeof value === "boolean";
const list: Test = Array.isArray;
const maybe =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

const WHOLE: Shape = {
  inventory: (value) => value === INVENTORY_VERSION,
  destination: text,
  plan: text,
  madeAt: text,
  looked: isObject,
  notes: (value) => Array.isArray(value) && value.every(text),
  items: list,
  events: list,
  profiles: list,
};
const LOOKED: Shape = { from: text, to: text, every: count };
const SUBJECTS: Readonly<Record<string, Shape>> = {
  event: { event: text },
  event_property: { event: text, property: text },
  profile_property: { property: text, group: maybe(text) },
  profiles: { group: maybe(text) },
};
const EVENT: Shape = { name: text, exported: count, dictionary: maybe(isObject) };
const PROFILES: Shape = { group: maybe(text), count, properties: list };
const PROPERTY: Shape = { name: text, profiles: count };
/** What the items of some buckets have beside `of`. */
const MEMBERS: Readonly<Record<string, Shape>> = {
  seen_unplanned: { count, isSettled: flag },
  old_name: { count, to: text, isSettled: flag },
  spelling: { count, to: text, isPlanned: flag, isSettled: flag },
  mixed_types: { count, to: maybe(text), types: isObject },
  without_writer: { count },
  personal_data: { count, looked: count, found: list },
  duplicate_profiles: { count, people: count, by: text },
  profiles_without_user: { count, idsFile: text },
  unfit_ids: { count, shape: text },
};

/** Path of the first member that is not as it should be. */
function wrongMember(value: unknown, shape: Shape, at: string): string | undefined {
  if (!isObject(value)) return at;
  const name = Object.keys(shape).find((one) => shape[one]?.(value[one]) !== true);
  return name === undefined ? undefined : at === "" ? name : `${at}.${name}`;
}

function wrongItem(item: unknown, at: string): string | undefined {
  const bucket = isObject(item) ? BUCKETS.find((one) => one === item["bucket"]) : undefined;
  if (!isObject(item) || bucket === undefined) return isObject(item) ? `${at}.bucket` : at;
  const { of } = item;
  const kind = isObject(of) ? of["kind"] : undefined;
  const subject = typeof kind === "string" ? SUBJECTS[kind] : undefined;
  if (subject === undefined) return `${at}.of.kind`;
  return wrongMember(of, subject, `${at}.of`) ?? wrongMember(item, MEMBERS[bucket] ?? {}, at);
}

function wrongProfiles(value: unknown, at: string): string | undefined {
  const wrong = wrongMember(value, PROFILES, at);
  if (wrong !== undefined || !isObject(value)) return wrong;
  return firstWrong(value["properties"], `${at}.properties`, (one, where) =>
    wrongMember(one, PROPERTY, where),
  );
}

function firstWrong(
  values: unknown,
  at: string,
  wrong: (value: unknown, at: string) => string | undefined,
): string | undefined {
  if (!Array.isArray(values)) return at;
  for (const [index, value] of values.entries()) {
    const found = wrong(value, `${at}.${index}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Reads it. Members that nothing is planned from are not looked at. */
export function parseInventory(json: string): ParsedInventory {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { kind: "wrong", at: "" };
  }
  if (!isObject(value)) return { kind: "wrong", at: "" };
  const at =
    wrongMember(value, WHOLE, "") ??
    wrongMember(value["looked"], LOOKED, "looked") ??
    firstWrong(value["items"], "items", wrongItem) ??
    firstWrong(value["events"], "events", (one, where) => wrongMember(one, EVENT, where)) ??
    firstWrong(value["profiles"], "profiles", wrongProfiles);
  return at === undefined
    ? { kind: "inventory", inventory: value as unknown as Inventory }
    : { kind: "wrong", at };
}

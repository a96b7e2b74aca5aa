// What the values of a property say against the plan: types that are mixed, and personal data where the plan has none. Pure.
import { PERSONAL } from "../../infer/index.ts";
import type { ValueType } from "../../plan/index.ts";
import type { InventoryItem, PersonalKind, SeenType, Subject, TypeCounts } from "./inventory.ts";
import { typeCounts } from "./traffic-tally.ts";

/** What both events and profiles tell of a property. */
export interface SeenValues {
  readonly kinds: readonly number[];
  readonly personal: readonly number[];
  readonly looked: number;
}

/** What the plan says of it, where it has it. */
export interface PlannedValues {
  readonly type: ValueType;
  readonly data: string;
}

const FITS: Readonly<Record<ValueType["type"], readonly SeenType[]>> = {
  string: ["string"],
  integer: ["integer"],
  number: ["integer", "number"],
  boolean: ["boolean"],
  datetime: ["string"],
  list: ["list"],
  object: ["object"],
};
/** So few texts that look like telephone numbers are something else, unless all do: numbers of orders are written like them. */
const PHONES_MIN = 3;
/** Classes in which nobody expects an address. */
const IMPERSONAL: ReadonlySet<string> = new Set(["none", "pseudonymous"]);
/** Classes in which people and what they write stand, but no credentials. */
const WITHOUT_TOKENS: ReadonlySet<string> = new Set(["contact", "free_text"]);

function misfits(types: TypeCounts, type: ValueType["type"] | undefined): number {
  const { null: _, ...counted } = types;
  const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
  if (type !== undefined) return total - FITS[type].reduce((sum, name) => sum + (types[name] ?? 0), 0);
  const { integer = 0, number = 0, ...others } = counted;
  return total - Math.max(0, integer + number, ...Object.values(others));
}

function isKept(kind: (typeof PERSONAL)[number], data: string | undefined): kind is PersonalKind {
  // The address of a page is where visitors came from: `infer` asks about it, nobody cleans it. One with an e-mail address in it is of another kind.
  if (kind === "url-query") return false;
  if (data === undefined || IMPERSONAL.has(data)) return true;
  return kind === "token" && WITHOUT_TOKENS.has(data);
}

/** Items about the values of one property. */
export function valueItems(
  of: Subject,
  { kinds, personal, looked }: SeenValues,
  planned: PlannedValues | undefined,
): readonly InventoryItem[] {
  const items: InventoryItem[] = [];
  const types = typeCounts(kinds);
  const to = planned?.type.type;
  const wrong = misfits(types, to);
  if (wrong > 0) items.push({ bucket: "mixed_types", of, types, to, count: wrong });
  const data = planned?.data;
  const counts = PERSONAL.map((kind, at) => ({ kind, count: personal[at] ?? 0 }));
  const found = counts.filter(
    ({ kind, count }) =>
      count > 0 && isKept(kind, data) && (kind !== "phone" || count >= PHONES_MIN || count === looked),
  );
  if (found.length > 0)
    items.push({
      bucket: "personal_data",
      of,
      found: found.map(({ kind }) => kind as PersonalKind),
      data,
      count: found.reduce((sum, { count }) => sum + count, 0),
      looked,
    });
  return items;
}

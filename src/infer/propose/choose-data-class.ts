// The data class that a property's values and name ask for. Undefined where nothing can be said: `check` then asks for it.
import type { ValueType } from "../../plan/index.ts";
import { PERSONAL, type Personal } from "../profile/personal-text.ts";
import type { PropertyFacts } from "./property-facts.ts";

/** Class for tokens and passwords; the proposed plan declares it: the gateway takes them out. */
export const CREDENTIAL = "credential";

const CONTACT_NAMES =
  /(?:^|_)(?:e_?mail|phone|mobile|telephone|first_?name|last_?name|full_?name|user_?name|address|street|birth_?date|birthday|dob)(?:_|$)/;
const CREDENTIAL_NAMES = /(?:^|_)(?:token|secret|password|passwd|api_?key|jwt|authorization)(?:_|$)/;
const ID_NAMES = /(?:^|_)(?:id|uuid|guid)$/;
/** Share of the texts looked at from which a class is meant and not a slip. */
const MEANT_SHARE = 0.2;
const LONG_SHARE = 0.1;

export interface DataClassChoice {
  readonly data?: string;
  /** What was found in the values or the name, most telling first. */
  readonly found: readonly (Personal | "name")[];
  /** Values that gave something away, among those looked at. */
  readonly count: number;
  readonly looked: number;
}

/** A name as words with `_` between them. */
function words(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
}

function byType(name: string, type: ValueType, facts: PropertyFacts): string | undefined {
  if (type.type === "boolean" || type.type === "datetime") return "none";
  const isId = ID_NAMES.test(words(name));
  if (type.type === "integer" || type.type === "number") return isId ? "pseudonymous" : "none";
  if (type.type !== "string") return undefined;
  if (type.enum !== undefined || type.format === "date") return "none";
  if (type.format === "uuid" || isId) return "pseudonymous";
  return facts.looked > 0 && facts.textsLong / facts.looked >= LONG_SHARE ? "free_text" : undefined;
}

/** Chooses the data class of a property. */
export function chooseDataClass(name: string, type: ValueType, facts: PropertyFacts): DataClassChoice {
  const counted = PERSONAL.map((kind, index) => ({ kind, count: facts.personal[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const count = counted.reduce((total, one) => total + one.count, 0);
  const canBeNamed = type.type === "string" || type.type === "list";
  const isCredentialName = canBeNamed && CREDENTIAL_NAMES.test(words(name));
  const isContactName = canBeNamed && CONTACT_NAMES.test(words(name));
  const found: readonly (Personal | "name")[] = [
    ...counted.map(({ kind }) => kind),
    ...(isCredentialName || isContactName ? (["name"] as const) : []),
  ];
  const result = { found, count, looked: facts.looked };
  if (isCredentialName || counted.some(({ kind }) => kind === "token"))
    return { ...result, data: CREDENTIAL };
  if (isContactName) return { ...result, data: "contact" };
  if (count > 0) return { ...result, data: count / facts.looked >= MEANT_SHARE ? "contact" : "free_text" };
  const data = byType(name, type, facts);
  return data === undefined ? result : { ...result, data };
}

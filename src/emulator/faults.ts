// Faults on demand: what a provider does on a bad day, for a route, a number of requests, or a share of them.
import { AppError, isObject } from "../core/index.ts";

export interface Fault {
  /** `track`, `engage`, `groups`, `import`, `record`, `flags`, `settings`, `lookup-tables`, `export`, `query`, `app`, or `*`. */
  readonly route: string;
  /** Answer with this status and store nothing. */
  readonly status?: number;
  /** Share of requests, 0 to 1; default all. */
  readonly rate?: number;
  /** Starts the chance over: the same requests then meet the same faults. */
  readonly seed?: number;
  /** How many requests; default all until it is removed. */
  readonly count?: number;
  readonly delayMs?: number;
  /** Cut the connection, before or after the request was stored. */
  readonly cut?: "before" | "after";
  /** Answer 400 and refuse this many of the first records; the rest is stored. */
  readonly partial?: number;
  /** Answer this text with status 200 and store nothing, for example `0`. */
  readonly body?: string;
  readonly retryAfterSeconds?: number;
}

const NUMBERS = ["status", "rate", "seed", "count", "delayMs", "partial", "retryAfterSeconds"] as const;

/** Routes that a fault may name. */
const FAULT_ROUTES = [
  "track",
  "engage",
  "groups",
  "import",
  "record",
  "flags",
  "settings",
  "lookup-tables",
  "export",
  "query",
  "app",
  "*",
] as const;

function parseFault(value: unknown): Fault {
  if (!isObject(value)) throw new AppError("EMULATOR_FAULT_INVALID", "Cannot read a fault: not an object");
  for (const name of NUMBERS)
    if (value[name] !== undefined && typeof value[name] !== "number")
      throw new AppError("EMULATOR_FAULT_INVALID", `Cannot read a fault: ${name} is not a number`);
  if (value["body"] !== undefined && typeof value["body"] !== "string")
    throw new AppError("EMULATOR_FAULT_INVALID", "Cannot read a fault: body is not a text");
  const status = value["status"];
  if (typeof status === "number" && !(Number.isInteger(status) && status >= 200 && status <= 599))
    throw new AppError("EMULATOR_FAULT_INVALID", "Cannot read a fault: status is not from 200 to 599");
  if (value["cut"] !== undefined && value["cut"] !== "before" && value["cut"] !== "after")
    throw new AppError("EMULATOR_FAULT_INVALID", "Cannot read a fault: cut is `before` or `after`");
  const known = ["route", "cut", "body", ...NUMBERS];
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new AppError(
      "EMULATOR_FAULT_INVALID",
      `Cannot read a fault: ${unknown} is not one of ${known.join(", ")}`,
    );
  const route = FAULT_ROUTES.find((one) => one === (value["route"] ?? "*"));
  if (route === undefined)
    throw new AppError(
      "EMULATOR_FAULT_INVALID",
      `Cannot read a fault: route is one of ${FAULT_ROUTES.join(", ")}`,
    );
  return { ...value, route };
}

/** The faults that are on. Requests meet the first that fits, in the order in which they were added. */
export class Faults {
  #active: { readonly fault: Fault; left: number }[] = [];
  /** Deterministic: the same requests meet the same faults. */
  #seed = 1;

  get list(): readonly Fault[] {
    return this.#active.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, count: left } : fault));
  }

  /** Adds one fault or several. */
  add(value: unknown): void {
    const faults = (Array.isArray(value) ? value : [value]).map(parseFault);
    for (const fault of faults) {
      if (fault.seed !== undefined) this.#seed = fault.seed;
      this.#active.push({ fault, left: fault.count ?? Number.POSITIVE_INFINITY });
    }
  }

  clear(): void {
    this.#active = [];
  }

  /** The fault that this request meets, if any. */
  take(route: string): Fault | undefined {
    const met = this.#active.find(
      ({ fault }) => (fault.route === "*" || fault.route === route) && this.#random() < (fault.rate ?? 1),
    );
    if (!met) return undefined;
    met.left -= 1;
    if (met.left <= 0) this.#active = this.#active.filter((one) => one !== met);
    return met.fault;
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#seed / 0x80000000;
  }
}

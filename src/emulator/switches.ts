// What Mixpanel leaves open or documents in two ways, as switches. `docs/guide/emulator.md` explains each.
// The defaults are the readings that most evidence speaks for.
import { AppError } from "../core/index.ts";

/** Allowed values by switch; the first is the default. A single `number` takes any whole number, with its default. */
export const SWITCHES = {
  identity: ["simplified", "original"],
  import_max_bytes: 10_485_760,
  strict_future_time: ["reject", "replace"],
  failed_record_id_key: ["insert_id", "$insert_id"],
  mixed_batch: ["any", "all"],
  engage_ip_default: ["1", "0"],
  ip_precedence: ["record", "query"],
  verbose_2: ["same", "error"],
  ignore_alias: ["ignore", "obey"],
  forbidden_ids: ["any-case", "exact-case"],
  retry_after: ["on", "off"],
  import_answer: ["track", "import"],
  gdpr_answer: ["both", "task_id", "tracking_id"],
  gdpr_auth: ["bearer", "any"],
  gdpr_ids_max: 1999,
  data_definitions: ["off", "on"],
  engage_pages_count: ["yes", "no"],
  export_end: ["whole", "terminated early"],
  export_deleted: ["hide", "show"],
  record_answer: ["empty", "ok"],
  truncate_unit: ["bytes", "characters"],
  rate_limits: ["off", "documented"],
  service_accounts: ["any", "listed"],
  old_track_events: ["reject", "accept"],
  deletion_latency_ms: 0,
  drop_filter_latency_ms: 0,
  events_max: 50_000_000,
  profiles_max: 500_000,
  linked_ids_max: 2_000_000,
} as const;

export type SwitchName = keyof typeof SWITCHES;

export interface Switches {
  /** Value of a switch with named values. */
  text(name: SwitchName): string;
  number(name: SwitchName): number;
  all(): Readonly<Record<string, string | number>>;
  /** Sets a switch. @throws {AppError} `EMULATOR_SWITCH_UNKNOWN` for a name or value that does not exist. */
  set(name: string, value: string): void;
}

function isSwitch(name: string): name is SwitchName {
  return Object.hasOwn(SWITCHES, name);
}

/** Makes the switches with some of them set. */
export function makeSwitches(given: Readonly<Record<string, string>>): Switches {
  const values = new Map<string, string | number>();
  for (const [name, allowed] of Object.entries(SWITCHES))
    values.set(name, typeof allowed === "number" ? allowed : allowed[0]);
  const set = (name: string, value: string): void => {
    if (!isSwitch(name))
      throw new AppError(
        "EMULATOR_SWITCH_UNKNOWN",
        `Cannot set ${name}: the switches are ${Object.keys(SWITCHES).join(", ")}`,
      );
    const allowed = SWITCHES[name];
    if (typeof allowed === "number") {
      if (!/^\d{1,12}$/.test(value))
        throw new AppError("EMULATOR_SWITCH_UNKNOWN", `Cannot set ${name}: not a whole number`);
      values.set(name, Number(value));
      return;
    }
    const words: readonly string[] = allowed;
    if (!words.includes(value))
      throw new AppError("EMULATOR_SWITCH_UNKNOWN", `Cannot set ${name}: one of ${words.join(", ")}`);
    values.set(name, value);
  };
  for (const [name, value] of Object.entries(given)) set(name, value);
  return {
    text: (name) => String(values.get(name)),
    number: (name) => Number(values.get(name)),
    all: () => Object.fromEntries(values),
    set,
  };
}

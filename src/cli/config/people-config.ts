// `people` of the configuration: from the file's spelling to the wiring's, and what its schema cannot say.
import type { JsonValue } from "../../core/index.ts";
import type { CaptureMethod, CaptureSettings, DeletedUsers, SyncSettings } from "../../people/index.ts";

export interface ConfigPeople {
  readonly database: string;
  /** `undefined`: in the application's database. */
  readonly state: string | undefined;
  readonly destinations: readonly string[];
  /** `undefined`: made once and kept with the state. */
  readonly key: string | undefined;
  readonly deletedUsers: DeletedUsers | undefined;
  readonly capture: CaptureSettings;
  /** What differs from the defaults of the sync. */
  readonly settings: Partial<SyncSettings>;
}

/** `people` as the schema lets it through. */
export interface RawPeople {
  readonly database: string;
  readonly state?: string;
  readonly destinations: readonly string[];
  readonly key?: string;
  readonly deleted_users?: DeletedUsers;
  readonly capture?: {
    readonly method?: CaptureMethod;
    readonly slot?: string;
    readonly slot_budget_bytes?: number;
    readonly tables?: Readonly<Record<string, { readonly method: CaptureMethod; readonly column?: string }>>;
  };
  readonly updates_per_second?: number;
  readonly users_per_batch?: number;
  readonly users_per_bulk_batch?: number;
  readonly parallel_requests?: number;
}

/** A mistake of `people`, by its path in the file. */
export interface PeopleProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly fix: string;
}

/** What does not fit together, inside `people` and with the destinations. */
export function peopleProblems(people: RawPeople, destinations: readonly string[]): readonly PeopleProblem[] {
  const problems: PeopleProblem[] = [];
  people.destinations.forEach((name, index) => {
    if (!destinations.includes(name))
      problems.push({
        path: ["people", "destinations", String(index)],
        message: `There is no destination \`${name}\``,
        fix:
          destinations.length === 0
            ? "Add it under `destinations`."
            : `Name one of ${destinations.join(", ")}, or add it under \`destinations\`.`,
      });
  });
  const { method, tables = {} } = people.capture ?? {};
  if (method === "poll")
    problems.push({
      path: ["people", "capture", "method"],
      message: "`poll` needs a column for each table",
      fix: "Write it under `capture.tables`, each with its `column`.",
    });
  for (const [table, { method: own, column }] of Object.entries(tables)) {
    const path = ["people", "capture", "tables", table];
    if (own === "poll" && column === undefined)
      problems.push({
        path,
        message: "`poll` does not say by which column",
        fix: "Add `column: updated_at`, or the column that grows with every change.",
      });
    if (own !== "poll" && column !== undefined)
      problems.push({
        path: [...path, "column"],
        message: `\`${own}\` takes no column`,
        fix: "Remove it, or choose `method: poll`.",
      });
  }
  return problems;
}

/** A password that stands in the URL itself, and not in a variable. */
const LITERAL_PASSWORD = /^postgres(?:ql)?:\/\/[^/@:]*:(?!\$\{[A-Za-z_][A-Za-z0-9_]*\}@)[^@]+@/;

/** Keys of `people` whose text, as it stands in the file, holds a password. */
export function literalPasswords(unfilled: JsonValue | undefined): readonly ("database" | "state")[] {
  const { people } = (unfilled ?? {}) as { readonly people?: Partial<RawPeople> };
  return (["database", "state"] as const).filter((name) => LITERAL_PASSWORD.test(people?.[name] ?? ""));
}

function toCapture({ capture = {} }: RawPeople): CaptureSettings {
  const { method, slot, slot_budget_bytes: slotBudgetBytes, tables } = capture;
  return {
    ...(method === undefined ? {} : { method }),
    ...(slot === undefined ? {} : { slot }),
    ...(slotBudgetBytes === undefined ? {} : { slotBudgetBytes }),
    ...(tables === undefined
      ? {}
      : {
          tables: Object.fromEntries(
            Object.entries(tables).map(([table, { method: own, column }]) => [
              table,
              { method: own, ...(column === undefined ? {} : { pollColumn: column }) },
            ]),
          ),
        }),
  };
}

/** `people` as the wiring reads it. */
export function toPeople(raw: RawPeople): ConfigPeople {
  const {
    updates_per_second: eventsPerSecond,
    users_per_batch: liveBatchUsers,
    users_per_bulk_batch: bulkBatchUsers,
    parallel_requests: parallelRequests,
  } = raw;
  return {
    database: raw.database,
    state: raw.state,
    destinations: raw.destinations,
    key: raw.key,
    deletedUsers: raw.deleted_users,
    capture: toCapture(raw),
    settings: {
      ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
      ...(liveBatchUsers === undefined ? {} : { liveBatchUsers }),
      ...(bulkBatchUsers === undefined ? {} : { bulkBatchUsers }),
      ...(parallelRequests === undefined ? {} : { parallelRequests }),
    },
  };
}

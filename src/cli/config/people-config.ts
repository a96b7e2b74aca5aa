// `people` of the configuration: from the file's spelling to the wiring's, and what its schema cannot say.
import type { JsonValue } from "../../core/index.ts";
import type { CaptureMethod, CaptureSettings, DeletedUsers, SyncSettings } from "../../people/index.ts";

export interface ConfigPeople {
  /** Name of the database in the plan; `undefined`: the application's own. */
  readonly name: string | undefined;
  /** Other databases of the plan, each as if it were the only one. */
  readonly others: readonly ConfigPeople[];
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

interface RawCapture {
  readonly method?: CaptureMethod;
  readonly slot?: string;
  readonly slot_budget_bytes?: number;
  readonly tables?: Readonly<Record<string, { readonly method: CaptureMethod; readonly column?: string }>>;
}

/** `people` as the schema lets it through. */
export interface RawPeople {
  readonly database: string;
  readonly state?: string;
  readonly destinations: readonly string[];
  readonly key?: string;
  readonly deleted_users?: DeletedUsers;
  readonly capture?: RawCapture;
  readonly databases?: Readonly<
    Record<string, { readonly database: string; readonly state?: string; readonly capture?: RawCapture }>
  >;
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
  problems.push(...captureProblems(people.capture, ["people"]));
  const states = new Map<string, string>([[people.state ?? people.database, "people"]]);
  for (const [name, { database, state = database, capture }] of Object.entries(people.databases ?? {})) {
    problems.push(...captureProblems(capture, ["people", "databases", name]));
    const other = states.get(state);
    if (other !== undefined)
      problems.push({
        path: ["people", "databases", name],
        message: `Its state would be that of \`${other}\``,
        fix: "Give each database a state of its own: what was sent is kept by user, not by database.",
      });
    states.set(state, `people.databases.${name}`);
  }
  return problems;
}

function captureProblems(
  { method, tables = {} }: RawCapture = {},
  at: readonly string[],
): readonly PeopleProblem[] {
  const problems: PeopleProblem[] = [];
  if (method === "poll")
    problems.push({
      path: [...at, "capture", "method"],
      message: "`poll` needs a column for each table",
      fix: "Write it under `capture.tables`, each with its `column`.",
    });
  for (const [table, { method: own, column }] of Object.entries(tables)) {
    const path = [...at, "capture", "tables", table];
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

/** Places in the file whose text, as it stands there, holds a password. */
export function literalPasswords(unfilled: JsonValue | undefined): readonly (readonly string[])[] {
  const { people } = (unfilled ?? {}) as { readonly people?: Partial<RawPeople> };
  const places = [
    { path: ["people"], of: people },
    ...Object.entries(people?.databases ?? {}).map(([name, of]) => ({
      path: ["people", "databases", name],
      of,
    })),
  ];
  return places.flatMap(({ path, of }) =>
    (["database", "state"] as const)
      .filter((name) => LITERAL_PASSWORD.test(of?.[name] ?? ""))
      .map((name) => [...path, name]),
  );
}

function toCapture(capture: RawCapture = {}): CaptureSettings {
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
  const own: ConfigPeople = {
    name: undefined,
    others: [],
    database: raw.database,
    state: raw.state,
    destinations: raw.destinations,
    key: raw.key,
    deletedUsers: raw.deleted_users,
    capture: toCapture(raw.capture),
    settings: {
      ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
      ...(liveBatchUsers === undefined ? {} : { liveBatchUsers }),
      ...(bulkBatchUsers === undefined ? {} : { bulkBatchUsers }),
      ...(parallelRequests === undefined ? {} : { parallelRequests }),
    },
  };
  const others = Object.entries(raw.databases ?? {}).map(
    ([name, { database, state, capture }]): ConfigPeople => ({
      ...own,
      name,
      database,
      state,
      capture: toCapture(capture),
    }),
  );
  return { ...own, others };
}

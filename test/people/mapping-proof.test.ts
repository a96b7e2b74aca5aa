// The mapping proof: random applications and histories on a real database. What is known by following changes, and reading again only the users
// that they mark, equals what reading everybody says. A difference is shrunk and printed as SQL. PLUMBLINE_PROOF_RUNS multiplies the runs;
// PLUMBLINE_PROOF_SEED repeats one.
import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CapturePlan } from "../../src/people/capture/capture-plan.ts";
import { resolveChanges } from "../../src/people/capture/mark-changes.ts";
import { ChangeCollector } from "../../src/people/capture/wal/collect-changes.ts";
import { type MessageHandler, PgOutputDecoder } from "../../src/people/capture/wal/pgoutput.ts";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { allSets, type Mapping } from "../../src/people/mapping/mapping.ts";
import type { NewMark } from "../../src/people/state/marks.ts";
import { readState, type UserState } from "../../src/people/sync/read-state.ts";
import { compile } from "../support/plans.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import {
  anyCase,
  type Case,
  firstRowsSql,
  identitySql,
  planText,
  schemaSql,
  type Sizes,
  stepSql,
} from "./mapping-proof-model.ts";

const factor = Number(process.env["PLUMBLINE_PROOF_RUNS"] ?? "1");
const seed = Number(process.env["PLUMBLINE_PROOF_SEED"] ?? Date.now() % 1_000_000_000);
const RUNS = 30;
const SIZES: Sizes = { tables: 5, steps: 25, properties: 8 };
/** Small, so that shrinking is quick. */
const PLANTED: Sizes = { tables: 3, steps: 8, properties: 2 };
const PLANTED_RUNS = 200;
/** Far more than it takes. */
const SHRINK_MS = 90_000;
const EVERYBODY = 1000;
const WRITERS = 3;

let postgres: TestPostgres;
let url: string;
let database: Database;
let writers: readonly pg.Client[];

beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase();
  database = openDatabase(url, { connections: 2, applicationName: "test", onError: () => undefined });
  writers = await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      const client = new pg.Client({
        connectionString: url,
        options: "-c lock_timeout=15ms -c client_min_messages=error",
      });
      await client.connect();
      return client;
    }),
  );
  await database.query("create publication proof for all tables");
  await database.query("select pg_create_logical_replication_slot('proof', 'pgoutput')");
});
afterAll(async () => {
  await Promise.all(writers.map((writer) => writer.end()));
  await database.close();
  await postgres.close();
});

type Known = Map<string, Readonly<Record<string, unknown>>>;

/** What is planted to show that the proof finds it. */
interface Bug {
  readonly mapping?: (mapping: Mapping) => Mapping;
  readonly handler?: (collector: ChangeCollector) => MessageHandler;
}

/** What is known of the users, by following the log alone. */
class Follower {
  readonly #mapping: Mapping;
  readonly #collector: ChangeCollector;
  readonly #decoder: PgOutputDecoder;
  readonly known: Known = new Map();

  constructor(mapping: Mapping, bug?: Bug) {
    this.#mapping = mapping;
    const plan: CapturePlan = {
      slot: "proof",
      publication: "proof",
      tables: mapping.tables.map((table) => ({
        table,
        method: "wal",
        columns: [],
        watches: mapping.watches.filter((watch) => watch.table === table),
        pollColumn: undefined,
        wal: undefined,
        reason: "",
      })),
    };
    this.#collector = new ChangeCollector(plan);
    const collector = this.#collector;
    this.#decoder = new PgOutputDecoder(bug?.handler?.(collector) ?? collector);
  }

  #learn(users: ReadonlyMap<string, UserState>): void {
    for (const [id, { exists, values }] of users) {
      if (exists) this.known.set(id, { ...this.known.get(id), ...values });
      else this.known.delete(id);
    }
  }

  /** Everybody is read once; the log before that moment says nothing new. */
  async begin(): Promise<void> {
    await database.query("select pg_replication_slot_advance('proof', pg_current_wal_lsn())");
    const userIds = await everybody(this.#mapping);
    this.#learn((await readState(database, this.#mapping, { userIds, sets: allSets(this.#mapping) })).users);
  }

  async drain(): Promise<void> {
    const rows = await database.query(
      "select data from pg_logical_slot_get_binary_changes('proof', null, null, 'proto_version', '1', 'publication_names', 'proof')",
    );
    for (const { data } of rows) this.#decoder.decode(Buffer.from((data ?? "").slice(2), "hex"), 0);
    if (!this.#collector.isReady) return;
    const { live, bulk, everyone } = await resolveChanges(database, this.#collector.take().changes);
    for (const [sets, userIds] of groupBySets([...live, ...bulk]))
      this.#learn((await readState(database, this.#mapping, { userIds, sets })).users);
    if (everyone !== 0n) {
      const userIds = [...new Set([...(await everybody(this.#mapping)), ...this.known.keys()])];
      this.#learn((await readState(database, this.#mapping, { userIds, sets: everyone })).users);
    }
  }
}

function groupBySets(marks: readonly NewMark[]): ReadonlyMap<bigint, readonly string[]> {
  const groups = new Map<bigint, string[]>();
  for (const { userId, sets } of marks) groups.set(sets, [...(groups.get(sets) ?? []), userId]);
  return groups;
}

async function everybody(mapping: Mapping): Promise<readonly string[]> {
  return (await database.query(mapping.pageSql, [null, EVERYBODY])).flatMap(({ user_id: id }) => id ?? []);
}

async function recompute(mapping: Mapping): Promise<Known> {
  const { users } = await readState(database, mapping, {
    userIds: await everybody(mapping),
    sets: allSets(mapping),
  });
  return new Map([...users].map(([id, { values }]) => [id, values]));
}

/** Runs a history from several connections; a statement that the database refuses changes nothing. */
class History {
  readonly #open = new Set<pg.Client>();
  readonly statements: string[] = [];

  async run(sql: string, at: number): Promise<void> {
    const writer = writers[at];
    if (!writer) return;
    if (!this.#open.has(writer)) await writer.query("begin");
    this.#open.add(writer);
    await writer.query("savepoint s");
    try {
      await writer.query(sql);
      this.statements.push(`/* ${at} */ ${sql};`);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      await writer.query("rollback to s");
    }
  }

  async commit(at: number): Promise<void> {
    const writer = writers[at];
    if (!writer || !this.#open.delete(writer)) return;
    await writer.query("commit");
    this.statements.push(`/* ${at} */ commit;`);
  }

  async end(): Promise<void> {
    for (const [at] of writers.entries()) await this.commit(at);
  }
}

async function prove(example: Case, sizes: Sizes, bug?: Bug): Promise<void> {
  const { app, steps } = example;
  const setup = `${schemaSql(app, sizes.tables)}\n${identitySql(sizes.tables)}\n${firstRowsSql(app, sizes.tables)};`;
  await postgres.run(url, `drop schema public cascade; create schema public; ${setup}`);
  const plan = planText(app);
  const { mapping: right, findings } = await compileMapping(
    compile(plan),
    await readCatalogue(database),
    database,
  );
  if (!right) throw new Error(`the mapping does not compile: ${JSON.stringify(findings)}\n${setup}\n${plan}`);
  const mapping = bug?.mapping?.(right) ?? right;
  const follower = new Follower(mapping, bug);
  await follower.begin();
  const history = new History();
  try {
    for (const step of steps) {
      const sql = stepSql(app, step);
      await history.run(sql, step.writer);
      // A truncate left open would keep every reader waiting.
      if (step.commits || sql.startsWith("truncate")) await history.commit(step.writer);
      if (step.drains) {
        await follower.drain();
        history.statements.push("-- marks are read");
      }
    }
  } finally {
    await history.end();
  }
  await follower.drain();
  const truth = await recompute(mapping);
  if (isDeepStrictEqual(follower.known, truth)) return;
  throw new Error(
    [
      "what was followed is not what is",
      setup,
      plan,
      ...history.statements,
      JSON.stringify([...follower.known]),
      JSON.stringify([...truth]),
    ].join("\n"),
  );
}

test(`following changes knows what reading everybody says (seed ${seed})`, {
  timeout: 120_000 * factor,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyCase(SIZES), (example) => prove(example, SIZES)),
    { seed, numRuns: RUNS * factor },
  );
});

const BUGS: readonly (readonly [string, Bug])[] = [
  [
    "a link that nobody watches",
    { mapping: (mapping) => ({ ...mapping, watches: mapping.watches.filter((_, at) => at !== 1) }) },
  ],
  [
    "a row that leaves its owner unseen",
    {
      handler: (collector) => ({
        begin: (xid) => collector.begin(xid),
        commit: (endLsn) => collector.commit(endLsn),
        relation: (relation) => collector.relation(relation),
        change: (relation, old, next) => collector.change(relation, next ? undefined : old, next),
        truncate: (relations) => collector.truncate(relations),
      }),
    },
  ],
];

test.each(BUGS)("the proof finds %s, and shrinks the history to what matters", async (_, bug) => {
  // Once a history is as short as it has to be, all others pass: what is left of the shrinking is over at once.
  let isShort = false;
  const proves = async (example: Case): Promise<void> => {
    if (isShort) return;
    try {
      await prove(example, PLANTED, bug);
    } catch (error) {
      isShort = example.steps.length <= PLANTED.steps / 2;
      throw error;
    }
  };
  const found = await fc.check(fc.asyncProperty(anyCase(PLANTED), proves), {
    seed: 1,
    numRuns: PLANTED_RUNS,
    interruptAfterTimeLimit: SHRINK_MS,
  });
  expect(found.failed).toBe(true);
  expect(found.counterexample?.[0].steps.length).toBeLessThanOrEqual(PLANTED.steps / 2);
  expect(String(found.errorInstance)).toContain("what was followed is not what is");
});

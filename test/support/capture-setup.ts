// A database with tables of every kind that capture treats in its own way, set-up and doctor for it, and what its outbox and its log then say.
import type { CaptureSettings } from "../../src/people/capture/capture-plan.ts";
import { PgOutputDecoder, type Relation, type Tuple } from "../../src/people/capture/wal/pgoutput.ts";
import { type Database, openDatabase } from "../../src/people/database/database.ts";
import { readCatalogue } from "../../src/people/mapping/catalogue.ts";
import { compileMapping } from "../../src/people/mapping/compile-mapping.ts";
import { applySetup } from "../../src/people/setup/apply-setup.ts";
import { checkCapture } from "../../src/people/setup/check-capture.ts";
import { planCapture } from "../../src/people/setup/plan-capture.ts";
import { readServerFacts } from "../../src/people/setup/read-server-facts.ts";
import { setupSql } from "../../src/people/setup/setup-sql.ts";
import { lockOf } from "./plans.ts";
import type { TestPostgres } from "./postgres.ts";

const SCHEMA = `
create table users (id uuid primary key, email text not null);
create table orders (id bigint primary key, user_id uuid not null references users (id), total int not null, note text);
create table carts (id bigint primary key, user_id uuid references users (id), items int not null default 0);
create table memberships (user_id uuid not null references users (id), team_id bigint not null, role text, primary key (user_id, team_id));
create table visits (id bigint not null, user_id uuid not null references users (id), day int not null, page text, primary key (id, day)) partition by range (day);
create table visits_1 partition of visits for values from (0) to (100);
create table visits_2 partition of visits for values from (100) to (200);
create table notes (user_id uuid not null references users (id), body text);
`;
const PEOPLE = {
  email: { type: "string", owner: "state", from: "users.email" },
  orders: { type: "integer", owner: "state", from: { count: "orders" } },
  carts: { type: "integer", owner: "state", from: { count: "carts" } },
  teams: { type: "integer", owner: "state", from: { count: "memberships" } },
  visits: { type: "integer", owner: "state", from: { count: "visits" } },
  notes: { type: "integer", owner: "state", from: { count: "notes" } },
};
export const A = "00000000-0000-4000-8000-00000000000a";
export const B = "00000000-0000-4000-8000-00000000000b";
export const C = "00000000-0000-4000-8000-00000000000c";

/** Databases that a test has opened; {@link closeDatabases} ends them with their slots. */
const open: Database[] = [];
let slots = 0;

export function opened(database: Database): Database {
  open.push(database);
  return database;
}

export async function closeDatabases(): Promise<void> {
  for (const database of open.splice(0)) {
    await database.query(
      "select pg_catalog.pg_drop_replication_slot(slot_name) from pg_catalog.pg_replication_slots where database = current_database() and not active",
    );
    await database.close();
  }
}

/** A database of its own with the schema above. Slots are known to the whole server, so each has its own. */
export async function prepareCapture(postgres: TestPostgres, settings: CaptureSettings = {}, more = "") {
  const url = await postgres.createDatabase();
  const database = openDatabase(url, { connections: 4, applicationName: "test", onError: () => undefined });
  opened(database);
  await database.query(`${SCHEMA}${more}`);
  const named = { slot: `setup_${(slots += 1)}`, ...settings };
  const look = async () => {
    const catalogue = await readCatalogue(database);
    const { mapping, findings } = await compileMapping(lockOf({ people: PEOPLE }), catalogue, database);
    if (!mapping) throw new Error(JSON.stringify(findings));
    const facts = await readServerFacts(database, mapping, named);
    return { mapping, facts, ...planCapture(mapping, facts, named) };
  };
  const doctor = async () => {
    const { plan, facts, findings } = await look();
    return [...findings, ...checkCapture(plan, facts, named)];
  };
  return {
    url,
    database,
    settings: named,
    look,
    doctor,
    doctorIds: async () =>
      (await doctor()).map(({ id, at }) => `${id} ${at.replace("people.capture", "")}`).sort(),
    setup: async () => {
      const { plan, facts } = await look();
      await applySetup(database, setupSql(plan, facts));
    },
    methods: async () =>
      Object.fromEntries(
        (await look()).plan.tables.map(({ table, method, wal }) => [
          table.table,
          wal ? `wal ${wal.identity}` : method,
        ]),
      ),
    /** Takes what the outbox holds. */
    noted: async () => {
      const rows = await database.query(
        "with taken as (delete from plumbline.outbox returning *) select id, case table_oid when 0 then 'touch' else table_oid::regclass::text end as source, link, value from taken order by id",
      );
      return rows
        .map((row) => `${row["source"]} ${row["link"] ?? "everyone"} ${row["value"] ?? ""}`.trim())
        .sort();
    },
    /** What the log says since the last look: old and new values of published columns. */
    streamed: async () => {
      const rows = await database.query(
        "select encode(data, 'hex') as data from pg_catalog.pg_logical_slot_get_binary_changes($1::name, null, null, 'proto_version', '1', 'publication_names', $1::text)",
        [named.slot],
      );
      const said: string[] = [];
      const pairs = (relation: Relation, tuple: Tuple | undefined) =>
        relation.columns
          .flatMap((name, at) => (typeof tuple?.[at] === "string" ? [`${name}=${tuple[at]}`] : []))
          .join(",");
      const decoder = new PgOutputDecoder({
        begin: () => undefined,
        commit: () => undefined,
        relation: () => undefined,
        change: (relation, old, next) =>
          void said.push(
            `${relation.table}: ${old ? pairs(relation, old) : "-"} > ${next ? pairs(relation, next) : "-"}`,
          ),
        truncate: (relations) => void said.push(`truncate ${relations.map(({ table }) => table).join(", ")}`),
      });
      for (const { data } of rows) decoder.decode(Buffer.from(data ?? "", "hex"), 0);
      return said;
    },
  };
}

export const ALL_TRIGGERS: CaptureSettings = { method: "trigger" };
export const USERS = `insert into users values ('${A}', 'a'), ('${B}', 'b'), ('${C}', 'c');`;

/** Everything in the catalogues that set-up could leave behind. */
export async function traces(database: Database): Promise<readonly string[]> {
  const rows = await database.query(`
    select 'relation ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || c.relreplident::text || ' ' || c.relhastriggers::text as trace
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
    union all select 'trigger ' || tgname || ' ' || tgrelid::regclass from pg_catalog.pg_trigger where not tgisinternal
    union all select 'index ' || indexrelid::regclass || ' ' || indisreplident from pg_catalog.pg_index where indrelid >= 16384
    union all select 'function ' || p.oid::regprocedure from pg_catalog.pg_proc p where p.oid >= 16384
    union all select 'schema ' || nspname || coalesce(nspacl::text, '') from pg_catalog.pg_namespace
    union all select 'publication ' || pubname from pg_catalog.pg_publication
    union all select 'slot ' || slot_name from pg_catalog.pg_replication_slots where database = current_database()
    order by 1`);
  return rows.map(({ trace }) => trace ?? "");
}

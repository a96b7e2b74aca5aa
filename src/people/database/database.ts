// A Postgres database as the people sync uses it: queries with parameters, transactions, one connection for a snapshot.
// Values come as text, as Postgres writes them in UTC and ISO style, so that no driver rounds a number or moves a time.
import pg from "pg";

/** A row: every value is text or null. */
export type Row = Readonly<Record<string, string | null>>;

/** A statement with a name is prepared once per connection. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
}

export interface Queryable {
  query(text: string, values?: readonly unknown[], name?: string): Promise<readonly Row[]>;
}

export interface Database extends Queryable {
  /** Runs `work` in one transaction; a serialisation failure or deadlock is tried again. */
  transaction<T>(work: (tx: Queryable) => Promise<T>, begin?: string): Promise<T>;
  /** Connection settings for a connection of another kind, for example replication. */
  readonly config: pg.ClientConfig;
  close(): Promise<void>;
}

/** Postgres error codes after which the same transaction may succeed. */
const TRY_AGAIN = new Set(["40001", "40P01"]);
const ATTEMPTS_MAX = 8;

/** The SQLSTATE of an error of Postgres, else the code of a system error, else "". */
export function sqlState(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : "";
}

/** Classes of a server that is away, starting or full; of a connection that cannot be made or broke; and of a session that was idle for too long. */
const UNREACHABLE = /^(?:08|53|57P|25P03$|E[A-Z]+$)/;
/** `pg` has no code for these. */
const BROKEN =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/i;

/** Whether the database could not be asked at all: the same may work a moment later. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Error && (UNREACHABLE.test(sqlState(error)) || BROKEN.test(error.message));
}

/** Session settings under which every value has one spelling. */
const SESSION =
  "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1 -c bytea_output=hex";

const asText: pg.CustomTypesConfig = { getTypeParser: () => (value: string | Buffer) => value.toString() };

/**
 * For the state's own tables, which are read by key and nothing else. They are empty one minute and full the next; statistics are of another
 * minute, and a plan made of them read all marks for each claim.
 */
export const BY_KEY = "-c enable_seqscan=off -c enable_bitmapscan=off";

/** Settings of a connection for a URL. */
export function connectionConfig(url: string, applicationName: string, session = ""): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    options: `${SESSION} ${session}`.trim(),
    types: asText,
    keepAlive: true,
  };
}

async function run(client: pg.Pool | pg.PoolClient, statement: Statement): Promise<readonly Row[]> {
  const { text, values = [], name } = statement;
  const result = await client.query<Record<string, string | null>>({
    text,
    values: [...values],
    ...(name === undefined ? {} : { name }),
  });
  return result.rows;
}

/**
 * Opens a pool on a database. Nothing is connected before the first query.
 *
 * @param options `connections`: most at once. `onError`: a connection broke while nobody used it.
 */
export function openDatabase(
  url: string,
  options: {
    readonly connections: number;
    readonly applicationName: string;
    /** More settings of its sessions, for example {@link BY_KEY}. */
    readonly session?: string;
    readonly onError: (error: Error) => void;
  },
): Database {
  const config = connectionConfig(url, options.applicationName, options.session);
  const pool = new pg.Pool({ ...config, max: options.connections, connectionTimeoutMillis: 10_000 });
  let isClosing = false;
  // The server may break a connection that is on its way out, whether or not the pool still listens to it: it has ended either way.
  pool.on("error", (error) => {
    if (!isClosing) options.onError(error);
  });
  pool.on("connect", (client) => {
    client.on("error", () => undefined);
  });
  return {
    config,
    query: (text, values, name) =>
      run(pool, {
        text,
        ...(values === undefined ? {} : { values }),
        ...(name === undefined ? {} : { name }),
      }),
    async transaction(work, begin = "begin") {
      for (let attempt = 1; ; attempt++) {
        const client = await pool.connect();
        let broken: Error | undefined;
        // A connection that breaks between two queries says so here; the next query on it fails, and that is what is reported.
        const note = (error: Error): void => void (broken = error);
        client.on("error", note);
        try {
          await client.query(begin);
          const result = await work({
            query: (text, values, name) =>
              run(client, {
                text,
                ...(values === undefined ? {} : { values }),
                ...(name === undefined ? {} : { name }),
              }),
          });
          await client.query("commit");
          return result;
        } catch (error) {
          try {
            await client.query("rollback");
          } catch (failed) {
            broken = failed instanceof Error ? failed : new Error("rollback failed");
          }
          if (!TRY_AGAIN.has(sqlState(error)) || attempt >= ATTEMPTS_MAX) throw error;
        } finally {
          client.off("error", note);
          client.release(broken);
        }
      }
    },
    async close() {
      isClosing = true;
      await pool.end();
    },
  };
}

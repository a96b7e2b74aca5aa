// A shop's tables, the mapping over them, and a history of random changes that is the same for the same seed: sign-ups, orders, changes of owner,
// accounts, deletions, several tables in one transaction.
import pg from "pg";

export const SHOP = `
create table accounts (id bigint primary key, plan text not null default 'free');
create table users (id uuid primary key, email text not null, name text, account_id bigint references accounts (id));
create table orders (id bigint primary key generated always as identity, user_id uuid not null references users (id) on delete cascade, status text not null, total numeric(10,2) not null);
create index on orders (user_id);
create index on users (account_id);
create table logs (id bigint generated always as identity, line text);
insert into accounts select n, 'free' from generate_series(1, 5) n;`;

export const PEOPLE = {
  $email: { type: "string", owner: "state", from: "users.email" },
  $name: { type: "string", owner: "state", from: "users.name" },
  account_plan: { type: "string", owner: "state", from: "accounts.plan" },
  orders_count: { type: "integer", owner: "state", from: { count: "orders" } },
  paid_total: { type: "number", owner: "state", from: { sum: "orders.total", where: { status: "paid" } } },
};

/** The id of the n-th user. */
export function userId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** SQL that makes users `from` to `to`, with an order each. */
export function usersSql(from: number, to: number): string {
  return `insert into users (id, email, account_id) select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'person' || n || '@example.com', 1 + n % 5 from generate_series(${from}, ${to}) n;
insert into orders (user_id, status, total) select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'paid', 1.5 from generate_series(${from}, ${to}) n;`;
}

/** Random numbers from 0 to 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Seeds to try: 1, or as many as `PLUMBLINE_FAULT_SEEDS` says. */
export function faultSeeds(): readonly number[] {
  const count = Number(process.env["PLUMBLINE_FAULT_SEEDS"] ?? 1);
  return Array.from({ length: count }, (_, index) => index + 1);
}

const USERS = 12;

/** One transaction. */
function step(random: () => number): string {
  const pick = (count: number): number => Math.floor(random() * count);
  const user = (): string => `'${userId(1 + pick(USERS))}'`;
  const someone = `(select id from users where id <= ${user()} order by id desc limit 1)`;
  const signUp = `insert into users (id, email, account_id) values (${user()}, 'e${pick(50)}@example.com', ${1 + pick(5)}) on conflict (id) do update set email = excluded.email`;
  const order = `insert into orders (user_id, status, total) select id, '${random() < 0.5 ? "paid" : "open"}', ${pick(9000) / 100} from users where id = ${someone}`;
  switch (pick(11)) {
    case 0:
    case 1:
      return signUp;
    case 2:
      return `${signUp}; ${order}; ${order}`;
    case 3:
      return order;
    case 4:
      return `update orders set status = case status when 'paid' then 'open' else 'paid' end where id in (select id from orders order by id desc limit ${1 + pick(3)})`;
    case 5:
      return `update orders set user_id = coalesce(${someone}, user_id) where id in (select id from orders order by id desc limit 2)`;
    case 6:
      return `update accounts set plan = 'plan${pick(4)}' where id = ${1 + pick(5)}`;
    case 7:
      return `update users set account_id = ${random() < 0.3 ? "null" : 1 + pick(5)}, name = ${random() < 0.5 ? "null" : `'N${pick(9)}'`} where id = ${user()}`;
    case 8:
      return `delete from users where id = ${user()}`;
    case 9:
      // There and back: a sync that believes a doubtful answer says "unchanged".
      return `update users set email = 'there' || email where id = ${user()}; commit; begin; update users set email = replace(email, 'there', '') where id = ${user()}`;
    default:
      return `delete from orders where id in (select id from orders order by id limit 1); ${order}`;
  }
}

/**
 * Runs a history of transactions. One whose connection breaks is lost, as it is for an application.
 *
 * @param options `between`: after every transaction.
 */
export async function writeHistory(
  url: string,
  options: {
    readonly seed: number;
    readonly steps: number;
    readonly between?: (step: number) => Promise<void> | void;
    /** Ends the history early. */
    readonly until?: () => boolean;
  },
): Promise<{ readonly committed: number }> {
  const random = seeded(options.seed);
  let client: pg.Client | undefined;
  let committed = 0;
  for (let at = 0; at < options.steps && options.until?.() !== true; at += 1) {
    const sql = step(random);
    try {
      if (!client) {
        client = new pg.Client({ connectionString: url });
        client.on("error", () => undefined);
        await client.connect();
      }
      await client.query(`begin; ${sql}; commit`);
      committed += 1;
    } catch (error) {
      // A server that is away, or goes away in the middle.
      if (error instanceof pg.DatabaseError && !/^(57P|08)/.test(error.code ?? "")) throw error;
      await client?.end().catch(() => undefined);
      client = undefined;
    }
    await options.between?.(at);
  }
  await client?.end().catch(() => undefined);
  return { committed };
}

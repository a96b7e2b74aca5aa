// A few changes a second to the shop's database, by seeded chance: what customers, support staff and nightly scripts do. All of it is SQL, and
// none of it says anything to Mixpanel. Bulk updates and raw deletes are in it, because no model callback would ever see those.
import { setTimeout as pause } from "node:timers/promises";
import { placeOrder, signUp } from "./customers.mjs";

const CUSTOMERS_AT_START = 40;
const PAUSE_MS = 250;
const SKUS = ["sku_101", "sku_102", "sku_103", "sku_104"];

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = (list, random) => list[Math.floor(random() * list.length)];

/** Some customer; the offset comes from the seed. */
async function someone(database, random) {
  const { rows } = await database.query(
    "select id from users order by id offset floor($1::float8 * (select count(*) from users)) limit 1",
    [random()],
  );
  return rows[0]?.id;
}

const actions = [
  // weight, what
  [5, (database, random) => signUp(database, { plan: random() < 0.5 ? "plus" : "free", random })],
  [
    8,
    async (database, random) => {
      const user = await someone(database, random);
      const pieces = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(SKUS, random));
      if (user) await placeOrder(database, user, pieces);
    },
  ],
  [
    5,
    async (database, random) => {
      const user = await someone(database, random);
      if (user) await database.query("insert into carts (user_id) values ($1)", [user]);
    },
  ],
  [
    4,
    async (database, random) => {
      const user = await someone(database, random);
      const plan = random() < 0.6 ? "plus" : "free";
      if (user)
        await database.query(
          "insert into subscriptions (user_id, plan_id) select $1, id from plans where code = $2",
          [user, plan],
        );
    },
  ],
  [
    3,
    async (database, random) => {
      const user = await someone(database, random);
      if (user)
        await database.query(
          "update users set email = split_part(email, '@', 1) || '@mail' || floor(random() * 1000) || '.example' where id = $1",
          [user],
        );
    },
  ],
  [
    2,
    async (database, random) => {
      const user = await someone(database, random);
      if (user)
        await database.query("update addresses set country = $2, updated_at = now() where user_id = $1", [
          user,
          pick(["AT", "ES", "IT", "PL"], random),
        ]);
    },
  ],
  // Support takes several orders back at once.
  [
    1,
    (database) =>
      database.query(
        "update orders set status = 'returned' where id in (select id from orders where status = 'paid' order by placed_at limit 3)",
      ),
  ],
  // A script closes old carts, in one statement.
  [
    1,
    (database) =>
      database.query(
        "update carts set closed_at = now() where id in (select id from carts where closed_at is null order by id limit 5)",
      ),
  ],
  // Somebody leaves: the row goes, and with it by cascade everything below it.
  [
    1,
    async (database, random) => {
      const user = await someone(database, random);
      if (user) await database.query("delete from users where id = $1", [user]);
    },
  ],
];

function choose(random) {
  const total = actions.reduce((sum, [weight]) => sum + weight, 0);
  let at = random() * total;
  for (const [weight, action] of actions) {
    at -= weight;
    if (at < 0) return action;
  }
  return actions[0][1];
}

/** Customers that were there before anything was synced. */
export async function fillShop(database, seed) {
  const random = seeded(seed);
  for (let count = 0; count < CUSTOMERS_AT_START; count += 1) {
    const user = await signUp(database, { plan: random() < 0.3 ? "plus" : "free", random });
    if (random() < 0.6) await placeOrder(database, user, [pick(SKUS, random), pick(SKUS, random)]);
  }
}

/**
 * Changes the database until the signal aborts.
 *
 * @param {{ database: import("pg").Pool, seed: number, signal: AbortSignal, say: (text: string) => void }} options
 */
export async function changeShop({ database, seed, signal, say }) {
  const random = seeded(seed + 1);
  while (!signal.aborted) {
    try {
      await choose(random)(database, random);
    } catch (error) {
      // Two transactions can get in each other's way here as anywhere; a customer would try again.
      say(`The shop stumbled: ${error.message}`);
    }
    await pause(PAUSE_MS * (0.5 + random()), undefined, { signal }).catch(() => undefined);
  }
}

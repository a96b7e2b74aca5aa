// What the shop does with its database: plain SQL, in transactions, as an application without a thought for analytics would write it.

const FIRST = [
  "Ada",
  "Grace",
  "Linus",
  "Mary",
  "Niklas",
  "Olga",
  "Pierre",
  "Rosa",
  "Sven",
  "Tove",
  "Ute",
  "Yuki",
];
const LAST = [
  "Berg",
  "Costa",
  "Dahl",
  "Evans",
  "Fischer",
  "Garcia",
  "Hansen",
  "Ito",
  "Jansen",
  "Klein",
  "Lund",
  "Meyer",
];
const PLACES = [
  ["DE", "Berlin"],
  ["FR", "Lyon"],
  ["NL", "Utrecht"],
  ["SE", "Malmö"],
  ["JP", "Kobe"],
];
/** Short, so that one can watch a trial end. */
const TRIAL_SECONDS = 20;

const pick = (list, random) => list[Math.floor(random() * list.length)];
let names = 0;

/** Runs work in one transaction. */
async function transaction(database, work) {
  const client = await database.connect();
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** A new customer with an address and a subscription; the larger plan begins with a trial. Answers the id. */
export function signUp(database, { plan = "free", random = Math.random } = {}) {
  return transaction(database, async (client) => {
    const [first, last] = [pick(FIRST, random), pick(LAST, random)];
    names += 1;
    const email = `${first}.${last}.${names}@shop.example`.toLowerCase();
    const { rows } = await client.query("insert into users (email, name) values ($1, $2) returning id", [
      email,
      `${first} ${last}`,
    ]);
    const { id } = rows[0];
    const [country, city] = pick(PLACES, random);
    await client.query("insert into addresses (user_id, country, city) values ($1, $2, $3)", [
      id,
      country,
      city,
    ]);
    await client.query(
      `insert into subscriptions (user_id, plan_id, trial_ends_at)
       select $1, id, case when code = 'plus' then now() + $3 * interval '1 second' end from plans where code = $2`,
      [id, plan, TRIAL_SECONDS],
    );
    return id;
  });
}

/** A paid order of some products; the cart is closed with it. Answers its id, and how many there are now. */
export function placeOrder(database, userId, products) {
  return transaction(database, async (client) => {
    const pieces = products.length > 0 ? products : ["sku_101"];
    const { rows } = await client.query(
      `insert into orders (user_id, status, total)
       select $1, 'paid', sum(price) from products join unnest($2::text[]) wanted(id) using (id) returning id`,
      [userId, pieces],
    );
    const { id } = rows[0];
    await client.query(
      `insert into order_items (order_id, product_id, quantity)
       select $1, wanted.id, count(*) from unnest($2::text[]) wanted(id) group by wanted.id`,
      [id, pieces],
    );
    await client.query("update carts set closed_at = now() where user_id = $1 and closed_at is null", [
      userId,
    ]);
    const counted = await client.query(
      "select count(*)::int as orders from orders where user_id = $1 and status = 'paid'",
      [userId],
    );
    return { id, count: counted.rows[0].orders };
  });
}

// Writes of an application at a fixed rate: every write has a value of its own, and the time at which its commit returned is remembered.
// Usage: node people-writes.mjs <url> <writes per second> <seconds> <users> <values from>; prints [[id, property, value, time], …].
import pg from "pg";
import { userId } from "./people-database.mjs";

const [url, perSecond, seconds, users, from] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const CONNECTIONS = 16;
const TICK_MS = 5;
const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

const VISIT = { name: "visit", text: "update users set visits = greatest(visits, $2) where id = $1" };
const ORDER = {
  name: "order",
  text: "insert into orders (user_id, status, total, ref) values ($1, 'paid', 10, $2)",
};

const clients = await Promise.all(
  Array.from({ length: CONNECTIONS }, async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  }),
);
const idle = [...clients];
const waiting = [];
const done = [];
let value = 0;
let refused = 0;

async function write(client, n) {
  const isVisit = n % 2 === 0;
  const id = userId(1 + Math.floor(Math.random() * users));
  try {
    await client.query({ ...(isVisit ? VISIT : ORDER), values: [id, n] });
    done.push([id, isVisit ? "visits" : "last_ref", n, nowMs()]);
  } catch {
    refused += 1;
  }
  const next = waiting.shift();
  if (next !== undefined) void write(client, next);
  else idle.push(client);
}

const started = performance.now();
await new Promise((resolve) => {
  const timer = setInterval(() => {
    const elapsed = Math.min(seconds * 1000, performance.now() - started);
    const due = Math.floor((elapsed * perSecond) / 1000);
    while (value < due) {
      value += 1;
      const client = idle.pop();
      if (client) void write(client, from + value);
      else waiting.push(from + value);
    }
    if (elapsed >= seconds * 1000) {
      clearInterval(timer);
      resolve();
    }
  }, TICK_MS);
});
const late = waiting.length;
while (idle.length < CONNECTIONS) await new Promise((resolve) => setTimeout(resolve, 10));
for (const client of clients) await client.end();
process.stdout.write(`${JSON.stringify({ done, late, refused })}\n`);

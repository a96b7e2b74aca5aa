// A provider that takes profile updates, answers after a pause, and remembers when it said yes to which value. In a process of its own.
// Usage: node people-provider.mjs [pause in ms]. GET /stats; GET /acks (times on the machine's monotonic clock); POST /reset; POST /down, /up.
import { createServer } from "node:http";

const PAUSE_MS = Number(process.argv[2] ?? 50);
const YES = '{"error":null,"status":1}';

let requests = 0;
let updates = 0;
let isDown = false;
/** Acknowledged values of `visits` and `last_ref`: id, value, time. */
let acks = [];

const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

function engage(body, response) {
  requests += 1;
  const items = JSON.parse(body);
  setTimeout(() => {
    answer(response, 200, YES);
    const at = nowMs();
    updates += items.length;
    for (const { $distinct_id: id, $set: set } of items) {
      if (set?.visits > 0) acks.push([id, "visits", set.visits, at]);
      if (set?.last_ref > 0) acks.push([id, "last_ref", set.last_ref, at]);
    }
  }, PAUSE_MS);
}

function control(path, response) {
  if (path === "/reset") {
    [requests, updates, acks] = [0, 0, []];
  } else if (path === "/down" || path === "/up") isDown = path === "/down";
  else if (path === "/acks") return answer(response, 200, JSON.stringify(acks));
  return answer(response, 200, JSON.stringify({ requests, updates }));
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const [path] = request.url.split("?");
    if (path !== "/engage") control(path, response);
    else if (isDown) answer(response, 503, "down");
    else engage(Buffer.concat(chunks).toString("utf8"), response);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));

// Sends a fixed number of requests each second over keep-alive sockets, without an HTTP library: the load must cost less than what it measures.
// Usage: node steady-load.mjs <url> <requests per second> <events per request> <seconds>
import { connect } from "node:net";
import { makeBody } from "./payload.mjs";

const [url, perSecond, batch, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const { hostname, port } = new URL(url);
const CONNECTIONS = 32;
const BODIES = 400;
const TICK_MS = 10;

const requests = Array.from({ length: BODIES }, () => {
  const body = makeBody(batch);
  return Buffer.from(
    `POST /track?ip=1 HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
});
// The same bodies again would be recognised as repetitions: the insert id's last characters are counted up in place.
let sent = 0;
let answered = 0;
let refused = 0;
let at = 0;
const idle = [];
let waiting = 0;

function open() {
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  socket.on("connect", () => idle.push(socket));
  socket.on("data", (chunk) => {
    const text = chunk.toString("latin1");
    if (text.startsWith("HTTP/1.1 200")) answered += 1;
    else refused += 1;
    idle.push(socket);
    pump();
  });
  socket.on("error", (error) => {
    process.stderr.write(`load: ${error.message}\n`);
    process.exit(1);
  });
}
for (let index = 0; index < CONNECTIONS; index++) open();

function pump() {
  while (waiting > 0 && idle.length > 0) {
    waiting -= 1;
    sent += 1;
    at = (at + 1) % BODIES;
    idle.pop().write(requests[at]);
  }
}

const started = performance.now();
const cpu = process.cpuUsage();
let asked = 0;
const timer = setInterval(() => {
  const elapsed = (performance.now() - started) / 1000;
  const due = Math.floor(Math.min(elapsed, seconds) * perSecond);
  waiting += due - asked;
  asked = due;
  pump();
  if (elapsed < seconds || (waiting > 0 && elapsed < seconds * 3) || answered + refused < sent) return;
  clearInterval(timer);
  const used = process.cpuUsage(cpu);
  process.stdout.write(
    JSON.stringify({ events: answered * batch, refused, seconds: (performance.now() - started) / 1000, cpuSeconds: (used.user + used.system) / 1e6 }),
  );
  process.exit(0);
}, TICK_MS);

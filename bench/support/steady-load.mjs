// Sends a fixed number of requests each second over keep-alive sockets, without an HTTP library: the load must cost less than what it measures.
// Usage: node steady-load.mjs <url> <requests per second> <events per request> <seconds>
import { connect } from "node:net";
import { makeEvent } from "./payload.mjs";

const [url, perSecond, batch, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const { hostname, port } = new URL(url);
const CONNECTIONS = 32;
const BODIES = 50;
const TICK_MS = 10;

const ID_DIGITS = 15;

/** One request, with the offsets of its insert ids: they are counted up in place, since the same event again would be recognised as a repetition. */
function makeRequest() {
  const events = Array.from({ length: batch }, () => {
    const event = makeEvent();
    event.properties.$insert_id = `b${"0".repeat(ID_DIGITS)}`;
    return event;
  });
  const body = JSON.stringify(events);
  const bytes = Buffer.from(
    `POST /track?ip=1 HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const offsets = [];
  const mark = Buffer.from(`"b${"0".repeat(ID_DIGITS)}"`);
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) offsets.push(at + 2);
  return { bytes, offsets };
}
const requests = Array.from({ length: BODIES }, makeRequest);
let id = 0;

function fresh({ bytes, offsets }) {
  for (const offset of offsets) {
    id += 1;
    bytes.write(String(id).padStart(ID_DIGITS, "0"), offset, "latin1");
  }
  return bytes;
}
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
    idle.pop().write(Buffer.from(fresh(requests[at])));
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
    JSON.stringify({
      events: answered * batch,
      refused,
      seconds: (performance.now() - started) / 1000,
      cpuSeconds: (used.user + used.system) / 1e6,
    }),
  );
  process.exit(0);
}, TICK_MS);

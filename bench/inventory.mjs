// `clean inventory` over exported events of about 700 bytes, read packed over HTTP one day at a time: events a second, beside bare JSON.parse of the same lines, and
// memory after half and after all. INVENTORY_EVENTS sets how many; the target is meant for five million.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { makeLine, makeRandom, NAMES } from "./support/shop-events.mjs";

const EVENTS = Number(process.env.INVENTORY_EVENTS ?? 5_000_000);
const DAYS = 5;
const PER_DAY = Math.ceil(EVENTS / DAYS);
const PIECE_EVENTS = 500;
/** Pieces that are different; then they come again. */
const PIECES = 200;
const PROFILES_PER_PAGE = 1000;
const TARGET_PER_SECOND = 150_000;
const TARGET_MB = 500;
const MB = 1e6;
const DAY_MS = 86_400_000;
const FROM = "2026-11-01";
const self = fileURLToPath(import.meta.url);
const PLAN = `plumbline: 1
name: bench
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  viewed: { name: Product viewed, description: Looked, owner: bench, sources: { web: {} }, properties: { item_count: { type: integer, data: none, presence: optional, description: How many } } }
people:
  email: { name: $email, type: string, format: email, data: contact, owner: client, description: Address }
`;

function makePieces() {
  const random = makeRandom(7);
  return Array.from({ length: PIECES }, (_, piece) =>
    Buffer.from(
      `${Array.from({ length: PIECE_EVENTS }, (_, at) => {
        const time = Date.parse(FROM) + Math.floor(random() * DAY_MS);
        return makeLine(piece * PIECE_EVENTS + at, { random, time });
      }).join("\n")}\n`,
    ),
  );
}

/** A provider with exports of one size, packed as Mixpanel's are, and a page of nobody. */
async function serve() {
  const pieces = makePieces().map((piece) => gzipSync(piece));
  const answer = async (request, response) => {
    if (!request.url.includes("/export")) {
      request.resume();
      const isNames = request.url.includes("/events/names");
      response.end(
        isNames
          ? JSON.stringify(NAMES)
          : JSON.stringify({
              status: "ok",
              results: [],
              total: 0,
              page: 0,
              page_size: PROFILES_PER_PAGE,
              session_id: "s",
            }),
      );
      return;
    }
    response.setHeader("content-encoding", "gzip");
    for (let sent = 0, piece = 0; sent < PER_DAY; sent += PIECE_EVENTS, piece += 1)
      if (!response.write(pieces[piece % PIECES])) await once(response, "drain");
    response.end();
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  process.stdout.write(`${server.address().port}\n`);
}

async function measure(url) {
  const { makeStepLimits, takeInventory } = await import("../dist/cleanup/index.js");
  const { createMixpanelReader } = await import("../dist/providers/index.js");
  const { checkPlan } = await import("../dist/plan/index.js");
  const clock = { now: () => Date.now() };
  const { lock, findings } = checkPlan(
    "plan.yaml",
    { read: () => PLAN, expand: () => [] },
    { limits: [], today: "2026-11-25" },
  );
  if (!lock) throw new Error(JSON.stringify(findings));
  const folder = mkdtempSync(join(tmpdir(), "plumbline-inventory-"));
  const signal = new AbortController().signal;
  const memory = [];
  const started = performance.now();
  const cpuStarted = process.cpuUsage();
  const inventory = await takeInventory({
    destination: "bench",
    target: "bench",
    lock,
    folder,
    window: {
      from: FROM,
      to: new Date(Date.parse(FROM) + (DAYS - 1) * DAY_MS).toISOString().slice(0, 10),
      every: 1,
    },
    reader: createMixpanelReader({
      host: url,
      projectId: 1,
      serviceAccount: { username: "sa", secret: "s" },
      clock,
    }),
    limits: makeStepLimits({
      budgets: {},
      updatesPerSecond: undefined,
      backoffMs: 5,
      backoffMaxMs: 20,
      waitMaxMs: 1000,
      clock,
      random: Math.random,
      signal,
      onWait: () => undefined,
    }),
    dictionary: undefined,
    gateway: undefined,
    userExists: undefined,
    clock,
    random: Math.random,
    signal,
    onProgress: ({ done }) => {
      if (memory.length === 0 && done >= DAYS / 2) memory.push(process.memoryUsage().rss);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuStarted);
  rmSync(folder, { recursive: true, force: true });
  const { maxRSS } = process.resourceUsage();
  const { events } = inventory.looked;
  process.stdout.write(
    JSON.stringify({
      events,
      perSecond: events / seconds,
      perCoreSecond: events / ((user + system) / 1e6),
      half: memory[0] / MB,
      peak: (maxRSS * 1024) / MB,
    }),
  );
}

function bare() {
  const pieces = makePieces();
  const started = performance.now();
  for (const piece of pieces)
    for (const line of piece.toString("utf8").split("\n")) if (line !== "") JSON.parse(line);
  return (PIECES * PIECE_EVENTS) / ((performance.now() - started) / 1000);
}

/** @returns {Promise<{ measure: string, value: number, unit: string, ratio?: number, against?: string, target?: string, met?: boolean, note?: string }[]>} */
export async function run() {
  const server = spawn(process.execPath, [self, "serve"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = await once(server.stdout, "data");
    const url = `http://127.0.0.1:${String(port).trim()}`;
    // The limit is taken before and after, so that a slow moment of the machine meets both.
    const before = bare();
    const ran = spawnSync(process.execPath, [self, "measure", url], { encoding: "utf8" });
    if (ran.status !== 0) throw new Error(`it ended with ${ran.status}: ${ran.stderr}`);
    const { events, perSecond, perCoreSecond, half, peak } = JSON.parse(ran.stdout);
    return [
      {
        measure: `inventory: ${events.toLocaleString("en-US")} events exported over HTTP`,
        value: perSecond,
        unit: "events/s",
        ratio: perSecond / ((before + bare()) / 2),
        against: "bare JSON.parse",
        target: `≥ ${TARGET_PER_SECOND.toLocaleString("en-US")}`,
        met: perSecond >= TARGET_PER_SECOND,
        note: `${Math.round(perCoreSecond).toLocaleString("en-US")} a second of one core`,
      },
      {
        measure: "inventory: memory at most",
        value: peak,
        unit: "MB",
        ratio: peak / half,
        against: "after half",
        target: `< ${TARGET_MB} MB`,
        met: peak < TARGET_MB,
        note: `${Math.round(half)} MB after half`,
      },
    ];
  } finally {
    server.kill();
  }
}

const [, main, kind, url] = process.argv;
if (main === self && kind === "serve") await serve();
if (main === self && kind === "measure") await measure(url);

// The servers that the benches measure, each in a process of its own so that it can be held to one core.
// Usage: node bench/support/servers.mjs <gateway|bare|handmade|swallow> [folder]
import { createServer } from "node:http";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [kind, folder = mkdtempSync(join(tmpdir(), "plumbline-bench-"))] = process.argv.slice(2);
const quiet = {
  debug() {},
  info() {},
  warn() {},
  error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};

function listen(server) {
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
}

/** What every contestant has to do to a body: form, base64, JSON. */
function parseForm(body) {
  const text = body.toString("latin1");
  const data = decodeURIComponent(text.slice("data=".length));
  return JSON.parse(Buffer.from(data, "base64").toString("utf8"));
}

function readAll(request) {
  return new Promise((resolve) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => resolve(Buffer.concat(chunks)));
  });
}

async function gateway() {
  const { makeJsonReceiver, makeMixpanelReceiver, makeSourceTable, startGateway } = await import(
    "../../dist/gateway/index.js"
  );
  const { openJournal } = await import("../../dist/journal/index.js");
  const { makePrometheusMetrics } = await import("../../dist/cli/adapters/prometheus-metrics.js");
  const clock = { now: Date.now };
  const journal = await openJournal({
    directory: folder,
    clock,
    log: quiet,
    role: "primary",
    retention: { raw: { maxBytes: 200_000_000 } },
  });
  // As in a gateway that has run for a while: what was judged is trimmed, and its pages are used again.
  await journal.write((write) => write.advance("raw", "judge", 0));
  let trimming = false;
  setInterval(() => {
    if (trimming) return;
    trimming = true;
    const { last } = journal.stats("raw");
    void journal
      .write((write) => write.advance("raw", "judge", last), { flush: false })
      .then(() => journal.applyRetention())
      .finally(() => (trimming = false));
  }, 1000);
  const source = {
    id: "web",
    trust: "client",
    tokens: ["web_token"],
    origins: [],
    clientAddress: "forward",
    development: false,
  };
  const { url } = await startGateway({
    host: "127.0.0.1",
    port: 0,
    journal,
    sources: makeSourceTable([source]),
    receivers: [makeJsonReceiver(), makeMixpanelReceiver()],
    trustedProxies: [],
    clock,
    log: quiet,
    metrics: makePrometheusMetrics(),
  });
  process.stdout.write(`${url}\n`);
}

function bare() {
  listen(
    createServer((request, response) => {
      void readAll(request).then((body) => {
        const items = parseForm(body);
        response.writeHead(200, { "content-type": "text/plain" }).end(items.length > 0 ? "1" : "0");
      });
    }),
  );
}

/** What a team writes in an afternoon: Express, Ajv, and a fetch to the provider for each request. */
async function handmade() {
  const [{ default: express }, { Ajv }] = await Promise.all([import("express"), import("ajv")]);
  const upstream = process.env.UPSTREAM;
  const validate = new Ajv({ coerceTypes: true, allErrors: true }).compile({
    type: "array",
    items: {
      type: "object",
      required: ["event", "properties"],
      properties: {
        event: { type: "string" },
        properties: {
          type: "object",
          required: ["token", "distinct_id"],
          properties: {
            token: { type: "string" },
            distinct_id: { type: "string" },
            plan_tier: { enum: ["free", "pro", "team"] },
            total: { type: "number", minimum: 0 },
            item_count: { type: "integer", minimum: 1 },
            first_order: { type: "boolean" },
          },
        },
      },
    },
  });
  const app = express();
  app.use(express.urlencoded({ extended: false, limit: "10mb" }));
  // Express 5 takes the promise of a handler and answers 500 when it rejects.
  // oxlint-disable-next-line oxc/no-async-endpoint-handlers
  app.post("/track", async (request, response) => {
    const items = JSON.parse(Buffer.from(request.body.data, "base64").toString("utf8"));
    if (!validate(items)) return response.status(400).json(validate.errors);
    const answer = await fetch(`${upstream}/track?verbose=1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(items),
    });
    await answer.text();
    return response.send("1");
  });
  listen(createServer(app));
}

/** A provider that takes everything and keeps nothing. */
function swallow() {
  listen(
    createServer((request, response) => {
      request.on("data", () => {});
      request.on("end", () =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"error":null,"status":1,"code":200}'),
      );
    }),
  );
}

await { gateway, bare, handmade, swallow }[kind]();

// What `npm start` runs: a local Mixpanel, the gateway, the shop with its database, and its visitors, and what becomes of each event and profile.
// Postgres is a process of its own; everything else is this one.
import { rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import pc from "picocolors";
import { parseConfig } from "../../dist/cli/config/parse-config.js";
import { makeProfileView } from "../../dist/cli/terminal/profile-view.js";
import { untilStopped } from "../../dist/cli/terminal/until-stopped.js";
import { makeVerdictView } from "../../dist/cli/terminal/verdict-view.js";
import { runUp } from "../../dist/cli/up/run-up.js";
import { startEmulator } from "../../dist/emulator/index.js";
import { startDatabase } from "./database.mjs";
import { tellDrift } from "./drift.mjs";
import { setUpPeople } from "./people.mjs";
import { startShop } from "./shop-server.mjs";
import { changeShop, fillShop } from "./stream.mjs";
import { sendVisitors } from "./visitors.mjs";

const started = performance.now();
const PORTS = { gateway: 8080, emulator: 8081, shop: 8082, admin: 8090, database: 5439 };
const SEED = 2026;

/** The port itself when it is free, else any free one: two examples can run beside each other. */
async function freePort(port) {
  for (const candidate of [port, 0]) {
    const server = createServer();
    const found = await new Promise((resolve) => {
      server.once("error", () => resolve(undefined));
      server.listen(candidate, "127.0.0.1", () => resolve(server.address().port));
    });
    if (found === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return found;
  }
  throw new Error("no free port");
}

const ports = {};
for (const [name, port] of Object.entries(PORTS)) ports[name] = await freePort(port);
const data = await mkdtemp(join(tmpdir(), "plumbline-shop-"));
// Also when something fails at the start, or somebody presses Ctrl-C twice.
process.once("exit", () => rmSync(data, { recursive: true, force: true }));
const file = fileURLToPath(new URL("plumbline.yaml", import.meta.url));
let text = await readFile(file, "utf8");
for (const [name, port] of Object.entries(PORTS)) text = text.replaceAll(`:${port}`, `:${ports[name]}`);
const [emulator, server] = await Promise.all([
  startEmulator({ port: ports.emulator }),
  startDatabase(ports.database),
]);
const database = new pg.Pool({ connectionString: server.url, max: 5 });
database.on("error", () => undefined);
await database.query(await readFile(new URL("schema.sql", import.meta.url), "utf8"));
await fillShop(database, SEED);

const parsed = parseConfig(text, file, { SHOP_DATABASE_URL: server.url });
if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.findings));
const config = { ...parsed.config, data, logLevel: "warn" };
const people = await setUpPeople(config);

const say = (line) => process.stderr.write(`${line}\n`);
const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
const verdicts = makeVerdictView();
const profiles = makeProfileView();
const isFirst = { verdict: true, profile: true };
const sayFirst = (what) => {
  if (isFirst[what]) say(pc.dim(`first ${what} after ${seconds()} s`));
  isFirst[what] = false;
};
const up = await runUp({
  config,
  onVerdicts: (notices) => {
    sayFirst("verdict");
    verdicts.show(notices);
  },
  onProfiles: (notices) => {
    sayFirst("profile");
    profiles.show(notices);
  },
});
const shop = await startShop({
  gatewayUrl: up.gatewayUrl,
  port: ports.shop,
  webToken: "shop_web_token",
  apiToken: "shop_api_token",
  database,
});

say(`
  ${pc.bold("Plumbline")} keeps a small shop to its tracking plan, and its profiles to its database. Open these:

    the shop            ${pc.cyan(shop.url)}
    the local Mixpanel  ${pc.cyan(`${emulator.url}/emulator/`)}
    status, metrics     ${pc.cyan(`${up.adminUrl}/v1/status`)}  ${pc.cyan(`${up.adminUrl}/metrics`)}
    the shop's Postgres ${pc.cyan(server.url)}

  The plan is examples/shop/plan.yaml: change it while this runs. Ctrl-C ends it.

  ${pc.green("✓ accepted")}  ${pc.cyan("~ repaired")}  ${pc.yellow("- stripped")}  ${pc.magenta("! quarantined")}  ${pc.blue("↑ profile")}: what changed, how long after the change
`);

const stop = new AbortController();
const { signal } = stop;
const running = [
  sendVisitors({ shopUrl: shop.url, signal, say }),
  changeShop({ database, seed: SEED, signal, say }),
  tellDrift({ context: async () => people.context((await up.status()).plan.hash), signal, say }),
];
await untilStopped();
stop.abort();
await Promise.all(running);
await shop.close();
const status = await up.status();
await up.close();
await people.close();
await database.end();
await Promise.all([emulator.close(), server.close()]);
const { accepted, repaired, stripped } = verdicts.counts;
say(
  `\n  ${accepted + repaired + stripped} went on to the local Mixpanel (${repaired} repaired, ${stripped} stripped), ${status.quarantine} wait in quarantine. ${profiles.count} profiles followed the database. Nothing is left behind.`,
);

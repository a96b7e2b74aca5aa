// What `npm start` runs: a local Mixpanel, the gateway, the shop and its visitors, in one process, and what the gateway says to each event.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pc from "picocolors";
import { parseConfig } from "../../dist/cli/config/parse-config.js";
import { untilStopped } from "../../dist/cli/terminal/until-stopped.js";
import { makeVerdictView } from "../../dist/cli/terminal/verdict-view.js";
import { runUp } from "../../dist/cli/up/run-up.js";
import { startEmulator } from "../../dist/emulator/index.js";
import { startShop } from "./shop-server.mjs";
import { sendVisitors } from "./visitors.mjs";

const started = performance.now();
const PORTS = { gateway: 8080, emulator: 8081, shop: 8082, admin: 8090 };

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
const file = fileURLToPath(new URL("plumbline.yaml", import.meta.url));
let text = await readFile(file, "utf8");
for (const [name, port] of Object.entries(PORTS)) text = text.replaceAll(`:${port}`, `:${ports[name]}`);
const parsed = parseConfig(text, file, {});
if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.findings));

const say = (line) => process.stderr.write(`${line}\n`);
const view = makeVerdictView();
let first = true;
const emulator = await startEmulator({ port: ports.emulator });
const up = await runUp({
  config: { ...parsed.config, data, logLevel: "warn" },
  onVerdicts: (notices) => {
    if (first) say(pc.dim(`first verdict after ${((performance.now() - started) / 1000).toFixed(1)} s`));
    first = false;
    view.show(notices);
  },
});
const shop = await startShop({
  gatewayUrl: up.gatewayUrl,
  port: ports.shop,
  webToken: "shop_web_token",
  apiToken: "shop_api_token",
});

say(`
  ${pc.bold("Plumbline")} keeps a small shop to its tracking plan. Open these:

    the shop            ${pc.cyan(shop.url)}
    the local Mixpanel  ${pc.cyan(`${emulator.url}/emulator/`)}
    status, metrics     ${pc.cyan(`${up.adminUrl}/v1/status`)}  ${pc.cyan(`${up.adminUrl}/metrics`)}

  The plan is examples/shop/plan.yaml: change it while this runs. Ctrl-C ends it.

  ${pc.green("✓ accepted")}  ${pc.cyan("~ repaired")}  ${pc.yellow("- stripped")}  ${pc.magenta("! quarantined")}
`);

const stop = new AbortController();
const visitors = sendVisitors({ shopUrl: shop.url, signal: stop.signal, say });
await untilStopped();
stop.abort();
await visitors;
await shop.close();
const status = await up.status();
await up.close();
await emulator.close();
await rm(data, { recursive: true, force: true });
const { accepted, repaired, stripped } = view.counts;
say(
  `\n  ${accepted + repaired + stripped} went on to the local Mixpanel (${repaired} repaired, ${stripped} stripped), ${status.quarantine} wait in quarantine. Nothing is left behind.`,
);

// The shop's own server: serves the page, keeps customers and orders in its database, and tracks what happened through the generated client with
// the official node SDK, pointed at the gateway. Not a line of it is about profiles: they follow the database.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import Mixpanel from "mixpanel";
import { bundle, loadModule } from "./bundle.mjs";
import { placeOrder, signUp } from "./customers.mjs";

const require = createRequire(import.meta.url);
const snippet = require.resolve("mixpanel-browser/dist/mixpanel-jslib-snippet.min.js");
const page = (name) => new URL(`public/${name}`, import.meta.url);
const files = {
  "/": { file: page("index.html"), type: "text/html; charset=utf-8" },
  "/shop.css": { file: page("shop.css"), type: "text/css; charset=utf-8" },
  "/snippet.js": { file: snippet, type: "text/javascript; charset=utf-8" },
};
const BODY_MAX_BYTES = 10_000;

async function readJson(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_MAX_BYTES) throw new Error("body too large");
  }
  return JSON.parse(text);
}

/**
 * Starts the shop.
 *
 * @param {{ gatewayUrl: string, port: number, webToken: string, apiToken: string, database: import("pg").Pool }} options
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function startShop({ gatewayUrl, port, webToken, apiToken, database }) {
  const gateway = new URL(gatewayUrl);
  const mixpanel = Mixpanel.init(apiToken, { protocol: "http", host: gateway.host, keepAlive: false });
  const config = `window.shopConfig=${JSON.stringify({ gateway: gateway.origin, token: webToken })};
window.MIXPANEL_CUSTOM_LIB_URL=${JSON.stringify(`${gateway.origin}/lib.min.js`)};`;
  const pageScript = await bundle('import "./public/shop.js";', "browser");
  const analytics = await loadModule(`
    export * from "./analytics/api/account.ts";
    export * from "./analytics/api/mixpanel-node.ts";
    export * from "./analytics/api/plumbline.ts";
    export * from "./analytics/api/shopping.ts";`);
  const failed = (error) => process.stderr.write(`shop: could not track: ${error.message}\n`);
  analytics.connect({
    sink: analytics.mixpanelSink(mixpanel, failed),
    onProblem: ({ id, at }) => process.stderr.write(`shop: ${id} at ${at}\n`),
  });
  const api = {
    "/api/users": async (body) => {
      const id = await signUp(database, { plan: body.plan_tier });
      analytics.userSignsUp(id, { plan_tier: body.plan_tier, newsletter: false });
      return { id };
    },
    "/api/orders": async (body) => {
      const { id: order_id, count } = await placeOrder(database, body.user, body.items);
      if (body.old) {
        // What the code was before the plan: the old name, text where a number and a boolean belong.
        const properties = { distinct_id: body.user, order_id, total: String(body.total) };
        mixpanel.track(
          "Purchase Completed",
          { ...properties, first_order: String(count === 1) },
          (error) => error && failed(error),
        );
      } else {
        const properties = { order_id, total: body.total, first_order: count === 1, ordered_at: new Date() };
        analytics.orderCompleted(body.user, properties);
      }
      return { order: order_id };
    },
  };

  async function answer(request, response) {
    const path = new URL(request.url ?? "/", "http://shop").pathname;
    const send = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
    try {
      if (request.method === "POST" && path in api)
        return send(200, "application/json", JSON.stringify(await api[path](await readJson(request))));
      if (path === "/shop.js") return send(200, "text/javascript; charset=utf-8", pageScript);
      if (path === "/config.js") return send(200, "text/javascript; charset=utf-8", config);
      const found = files[path];
      if (!found) return send(404, "text/plain", "not found");
      return send(200, found.type, await readFile(found.file));
    } catch (error) {
      return send(400, "text/plain", error.message);
    }
  }
  const server = createServer((request, response) => void answer(request, response));
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

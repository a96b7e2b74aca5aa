// The shop's own server: serves the page, and tracks with the official node SDK, pointed at the gateway.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import Mixpanel from "mixpanel";

const require = createRequire(import.meta.url);
const snippet = require.resolve("mixpanel-browser/dist/mixpanel-jslib-snippet.min.js");
const page = (name) => new URL(`public/${name}`, import.meta.url);
const files = {
  "/": { file: page("index.html"), type: "text/html; charset=utf-8" },
  "/shop.css": { file: page("shop.css"), type: "text/css; charset=utf-8" },
  "/shop.js": { file: page("shop.js"), type: "text/javascript; charset=utf-8" },
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
 * @param {{ gatewayUrl: string, port: number, webToken: string, apiToken: string }} options
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function startShop({ gatewayUrl, port, webToken, apiToken }) {
  const gateway = new URL(gatewayUrl);
  const mixpanel = Mixpanel.init(apiToken, { protocol: "http", host: gateway.host, keepAlive: false });
  const track = (event, properties) =>
    mixpanel.track(event, properties, (error) => {
      if (error) process.stderr.write(`shop: could not track ${event}: ${error.message}\n`);
    });
  const config = `window.shopConfig=${JSON.stringify({ gateway: gateway.origin, token: webToken })};
window.MIXPANEL_CUSTOM_LIB_URL=${JSON.stringify(`${gateway.origin}/lib.min.js`)};`;
  const orders = new Map();

  const api = {
    "/api/users": (body) => {
      const id = randomUUID();
      track("User signs up", { distinct_id: id, plan_tier: body.plan_tier, newsletter: false });
      return { id };
    },
    "/api/orders": (body) => {
      const count = (orders.get(body.user) ?? 0) + 1;
      orders.set(body.user, count);
      const order = { distinct_id: body.user, order_id: randomUUID() };
      if (body.old)
        track("Purchase Completed", {
          ...order,
          total: String(body.total),
          first_order: String(count === 1),
        });
      else
        track("Order completed", {
          ...order,
          total: body.total,
          first_order: count === 1,
          ordered_at: Date.now(),
        });
      mixpanel.people.increment(body.user, "orders_count", 1, (error) => {
        if (error) process.stderr.write(`shop: could not update the profile: ${error.message}\n`);
      });
      return { order: order.order_id };
    },
  };

  async function answer(request, response) {
    const path = new URL(request.url ?? "/", "http://shop").pathname;
    const send = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
    try {
      if (request.method === "POST" && path in api)
        return send(200, "application/json", JSON.stringify(api[path](await readJson(request))));
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

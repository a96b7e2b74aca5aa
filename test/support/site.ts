// A web site for browser tests: serves pages with the official snippet, and can mount the gateway under a path of its own
// origin, as a reverse proxy does.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";

const SNIPPET = createRequire(import.meta.url).resolve("mixpanel-browser/dist/mixpanel-jslib-snippet.min.js");

export interface Site {
  readonly origin: string;
  /** Sets where `/_mp/` leads; the site must know its own origin before the gateway is configured. */
  mount(gatewayUrl: string): void;
  close(): Promise<void>;
}

function pageHtml(apiHost: string, config: string, token: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Test page</title>
<script>window.MIXPANEL_CUSTOM_LIB_URL=${JSON.stringify(`${apiHost}/lib.min.js`)};</script>
<script src="/snippet.js"></script>
<script>mixpanel.init(${JSON.stringify(token)}, Object.assign({ api_host: ${JSON.stringify(apiHost)}, persistence: "localStorage" }, ${config}));</script>
<h1>Test page</h1>`;
}

function proxy(request: IncomingMessage, response: ServerResponse, gatewayUrl: string): void {
  const path = (request.url ?? "/").replace(/^\/_mp/, "") || "/";
  const upstream = httpRequest(
    new URL(path, gatewayUrl),
    { method: request.method ?? "GET", headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on("error", () => response.writeHead(502).end());
  request.pipe(upstream);
}

/**
 * Starts a site on a free port. `/page?api_host=…&config=…` answers a page whose SDK speaks to `api_host` with that configuration;
 * `/_mp/…` is passed on to the mounted gateway.
 */
export async function startSite(): Promise<Site> {
  const snippet = await readFile(SNIPPET);
  let gateway = "";
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://site");
    if (url.pathname.startsWith("/_mp/")) return proxy(request, response, gateway);
    if (url.pathname === "/snippet.js")
      return response.writeHead(200, { "content-type": "text/javascript" }).end(snippet);
    if (url.pathname === "/page") {
      const {
        api_host: apiHost = "",
        config = "{}",
        token = "web_token",
      } = Object.fromEntries(url.searchParams);
      const html = pageHtml(apiHost, config, token);
      return response.writeHead(200, { "content-type": "text/html" }).end(html);
    }
    return response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    mount: (url) => {
      gateway = url;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

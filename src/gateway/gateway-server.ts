// The public port: bare node:http, because it is the hot path. Owns the server and its limits; requests are the handler's.
import { once } from "node:events";
import { createServer } from "node:http";
import { AppError } from "../core/index.ts";
import { type HandlerOptions, RequestHandler, RETRY_AFTER_SECONDS } from "./admission/request-handler.ts";

export interface GatewayOptions extends Omit<HandlerOptions, "pendingMaxBytes"> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly limits?: Partial<GatewayLimits>;
}

export interface GatewayLimits {
  readonly connectionsMax: number;
  /** Bytes of bodies that may wait for the disk at once; over it the answer is 503. */
  readonly pendingMaxBytes: number;
  readonly headersTimeoutMs: number;
  /** From the first byte to the last of a request; a slow body ends here. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long `close` waits for requests under way. */
  readonly closeTimeoutMs: number;
}

/** Defaults: generous to real clients, short for the ones that only hold connections. */
export const GATEWAY_LIMITS: GatewayLimits = {
  connectionsMax: 10_000,
  pendingMaxBytes: 256 * 2 ** 20,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  closeTimeoutMs: 5_000,
};

export interface Gateway {
  readonly url: string;
  /** Stops accepting, lets requests under way end within the limit, then cuts. */
  close(): Promise<void>;
}

const TIMEOUT_CHECK_INTERVAL_MS = 1000;

/** Starts the public port of a gateway. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const limits = { ...GATEWAY_LIMITS, ...options.limits };
  const handler = new RequestHandler({ ...options, pendingMaxBytes: limits.pendingMaxBytes });
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    noDelay: true,
  });
  server.on("request", (request, response) => {
    handler.handle(request, response).catch((error: unknown) => {
      options.log.error(
        { code: error instanceof AppError ? error.code : "INTERNAL" },
        "a request could not be handled",
      );
      if (!response.headersSent) response.writeHead(503, { "retry-after": String(RETRY_AFTER_SECONDS) });
      response.end();
    });
  });
  server.maxConnections = limits.connectionsMax;
  server.listen(options.port, options.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new AppError("INTERNAL", "Cannot tell the gateway's port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), limits.closeTimeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

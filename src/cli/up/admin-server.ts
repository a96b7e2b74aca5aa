// The admin port: health, readiness, metrics, status. Never on the public port.
import Fastify, { type FastifyInstance } from "fastify";
import { timingSafeEqual, createHash } from "node:crypto";
import { AggregatorRegistry, type Registry } from "prom-client";
import type { LogStats } from "../../core/index.ts";
import type { DeliveryState } from "../../delivery/index.ts";
import type { Address } from "../config/config.ts";
import type { PeopleSetReport } from "./people-set.ts";

export interface Status {
  readonly plan: { readonly name: string; readonly hash: string; readonly loadedAt: string };
  readonly logs: readonly LogStats[];
  readonly quarantine: number;
  readonly destinations: readonly DeliveryState[];
  /** Absent where no people sync is configured. */
  readonly people?: PeopleSetReport;
}

export interface AdminOptions {
  readonly listen: Address;
  readonly token: string | undefined;
  readonly registry: Registry;
  /** Refreshes gauges and gives the metrics of each other thread. */
  readonly collect: () => Promise<readonly (readonly object[])[]>;
  readonly status: () => Promise<Status>;
  /** Reasons why it is not ready; empty when it is. */
  readonly unready: () => readonly string[];
  readonly resume: (destination: string) => void;
  readonly reload: () => Promise<readonly string[]>;
}

function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}

/** Starts the admin port. Answers its URL. */
export async function startAdmin(
  options: AdminOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: FastifyInstance = Fastify({ logger: false, forceCloseConnections: true });
  const { token } = options;
  server.addHook("onRequest", async (request, reply) => {
    const isHealth = request.url === "/healthz" || request.url === "/readyz";
    if (token === undefined || isHealth || isToken(request.headers.authorization, token)) return;
    await reply
      .code(401)
      .header("www-authenticate", "Bearer")
      .send({ error: "the admin token is missing or wrong" });
  });
  server.get("/healthz", () => ({ status: "ok" }));
  server.get("/readyz", async (_, reply) => {
    const reasons = options.unready();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send({ status: reasons.length === 0 ? "ready" : "not ready", reasons });
  });
  server.get("/metrics", async (_, reply) => {
    const others = await options.collect();
    const own = await options.registry.getMetricsAsJSON();
    const merged = AggregatorRegistry.aggregate([own, ...others.map((each) => [...each])]);
    return reply.type(merged.contentType).send(await merged.metrics());
  });
  server.get("/v1/status", () => options.status());
  server.post<{ Params: { name: string } }>("/v1/destinations/:name/resume", (request) => {
    options.resume(request.params.name);
    return { resumed: request.params.name };
  });
  server.post("/v1/plan/reload", async (_, reply) => {
    const messages = await options.reload();
    return reply.code(messages.length === 0 ? 200 : 422).send({ reloaded: messages.length === 0, messages });
  });
  const url = await server.listen({ host: options.listen.host, port: options.listen.port });
  return { url, close: () => server.close() };
}

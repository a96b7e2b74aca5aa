// Starts a local Mixpanel: one project, any token. Not a database: it forgets everything when it ends, and says so when it is full.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { AppError, type Clock } from "../core/index.ts";
import type { Fault } from "./faults.ts";
import { readBody, sendJson, type Wire } from "./http/wire.ts";
import { Project } from "./project.ts";
import { handleControl } from "./routes/control.ts";
import { handleApp, handlePrivacy, handleSchemas } from "./routes/governance.ts";
import { handleImport, handleTrack } from "./routes/ingest-events.ts";
import { handleProfiles } from "./routes/ingest-profiles.ts";
import { PAGE, PAGE_HEADERS, PAGE_SCRIPT } from "./routes/page.ts";
import { EngageQuery, handleExport, handleNames } from "./routes/query.ts";
import type { EmulatorStore } from "./store/event-store.ts";

export interface EmulatorOptions {
  readonly host?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Where events are kept: `disk` (default), `memory`, or `swallow`, which only counts. */
  readonly store?: EmulatorStore;
  /** Folder of the stored events; absent: a temporary one that is removed at the end. */
  readonly dataDirectory?: string;
  readonly switches?: Readonly<Record<string, string>>;
  /** User name → secret. Absent: any credential is taken. */
  readonly serviceAccounts?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export interface Emulator {
  readonly url: string;
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 64 * 2 ** 20;
const WELCOME = { error: "Welcome. Get started with our API by visiting https://developer.mixpanel.com/" };

/** Mixpanel lets any page send, with its credentials. */
function crossOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader(
    "access-control-allow-headers",
    "authorization, content-type, content-encoding, traceparent, x-requested-with",
  );
  response.setHeader("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
  response.setHeader("access-control-expose-headers", "retry-after");
  response.setHeader("vary", "origin");
}

class Router {
  readonly #project: Project;
  readonly #engage = new EngageQuery();

  constructor(project: Project) {
    this.#project = project;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://emulator");
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/+$/, "") || "/" : "/";
    crossOrigin(request, response);
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    const body = await readBody(request, BODY_MAX_BYTES);
    if (body === undefined)
      return sendJson(response, 413, {
        code: 413,
        error: `request exceeds max limit of ${BODY_MAX_BYTES} bytes`,
        status: "Request Entity Too Large",
      });
    const wire: Wire = {
      request,
      response,
      method: request.method ?? "GET",
      path,
      query: url.searchParams,
      body,
    };
    const route = path.slice(1).split("/")[0] ?? "";
    response.on("finish", () => this.#project.countRequest(route, response.statusCode));
    if (path.startsWith("/emulator")) return this.#own(wire);
    const fault = this.#project.faults.take(route);
    if (fault && (await this.#fail(wire, fault))) return undefined;
    return this.#answer(wire, route, fault);
  }

  /** Acts out a fault; true when nothing more is to be done. */
  async #fail(wire: Wire, fault: Fault): Promise<boolean> {
    const { response } = wire;
    if (fault.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault.cut === "before") {
      wire.request.socket.destroy();
      return true;
    }
    if (fault.cut === "after") {
      // The request is carried out, and its answer never arrives.
      response.writeHead = () => response;
      response.end = () => {
        wire.request.socket.destroy();
        return response;
      };
      return false;
    }
    if (fault.retryAfterSeconds !== undefined)
      response.setHeader("retry-after", String(fault.retryAfterSeconds));
    if (fault.body !== undefined) {
      response.writeHead(200, { "content-type": "text/plain" }).end(fault.body);
      return true;
    }
    if (fault.status === undefined) return false;
    sendJson(response, fault.status, {
      code: fault.status,
      error: "a fault that was asked for",
      status: "error",
    });
    return true;
  }

  async #own(wire: Wire): Promise<void> {
    if (wire.method === "GET" && wire.path === "/emulator") {
      wire.response.writeHead(200, PAGE_HEADERS).end(PAGE);
      return undefined;
    }
    if (wire.method === "GET" && wire.path === "/emulator/page.js") {
      wire.response.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(PAGE_SCRIPT);
      return undefined;
    }
    return handleControl(wire, this.#project);
  }

  #answer(wire: Wire, route: string, fault: Fault | undefined): void | Promise<void> {
    const project = this.#project;
    const { path, response } = wire;
    switch (route) {
      case "track":
        return handleTrack(wire, project);
      case "import":
        return handleImport(wire, project, fault);
      case "engage":
        return handleProfiles(wire, project, "engage");
      case "groups":
        return handleProfiles(wire, project, "groups");
      case "record":
        return sendJson(
          response,
          200,
          project.switches.text("record_answer") === "ok" ? { code: 200, status: "OK" } : {},
        );
      case "flags":
        return sendJson(response, 200, path.endsWith("/definitions") ? { flags: [] } : { flags: {} });
      case "settings":
        return sendJson(response, 200, { sdk_config: { config: {} } });
      case "lookup-tables":
        return sendJson(response, 200, {
          code: 200,
          status: "OK",
          ...(wire.method === "GET" ? { results: [] } : {}),
        });
      case "decide":
        return sendJson(response, 200, {});
      case "api":
        return this.#api(wire);
      default:
        return sendJson(response, path === "/" ? 200 : 404, WELCOME);
    }
  }

  #api(wire: Wire): void | Promise<void> {
    const { path } = wire;
    if (path === "/api/2.0/export") return handleExport(wire, this.#project);
    if (path === "/api/query/engage") return this.#engage.handle(wire, this.#project);
    if (path.startsWith("/api/query/events")) return handleNames(wire, this.#project);
    if (path.includes("/schemas")) return handleSchemas(wire, this.#project);
    if (path.includes("/v3.0")) return handlePrivacy(wire, this.#project);
    return handleApp(wire, this.#project);
  }
}

function answerError(error: unknown, response: ServerResponse): void {
  const isExpected = error instanceof AppError && error.code !== "INTERNAL";
  if (!response.headersSent)
    sendJson(response, isExpected ? 400 : 500, {
      error: error instanceof Error ? error.message : String(error),
      status: "error",
    });
  else response.end();
}

/** Starts the emulator. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const project = new Project({
    clock: options.clock ?? { now: () => Date.now() },
    store: options.store ?? "disk",
    dataDirectory: options.dataDirectory,
    switches: options.switches ?? {},
    serviceAccounts: options.serviceAccounts ?? {},
  });
  const router = new Router(project);
  const server = createServer((request, response) => {
    router.handle(request, response).catch((error: unknown) => answerError(error, response));
  });
  server.keepAliveTimeout = 65_000;
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new AppError("INTERNAL", "Cannot tell the emulator's port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      project.events.close();
    },
  };
}

// Starts a local Mixpanel: one project, any token. Not a database: what it holds is gone when it ends, and it says so when it is full.
import { once } from "node:events";
import { createServer } from "node:http";
import { AppError, type Clock, type Log } from "../core/index.ts";
import { handleRequest, sendFailure } from "./http/server.ts";
import { Project } from "./project.ts";
import { makeRoutes } from "./routes.ts";
import type { EmulatorStore } from "./store/event-store.ts";

/** The service account that is known when none is given and switch `service_accounts` is `listed`. */
export const DEFAULT_SERVICE_ACCOUNTS: Readonly<Record<string, string>> = { sa: "sa_secret" };

export interface EmulatorOptions {
  /** Default: this machine only. */
  readonly host?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Where events are kept: `disk` (default), `memory`, or `swallow`, which only counts. */
  readonly store?: EmulatorStore;
  /** Folder of the stored events; absent: a temporary one that is removed at the end. */
  readonly dataDirectory?: string;
  /** By name; see `SWITCHES`. */
  readonly switches?: Readonly<Record<string, string>>;
  /** User name → secret; no others are let in. Absent: any is. */
  readonly serviceAccounts?: Readonly<Record<string, string>>;
  /** Default 1. */
  readonly projectId?: number;
  readonly clock?: Clock;
  /** Told about requests that failed inside. */
  readonly log?: Log;
}

export interface Emulator {
  readonly url: string;
  readonly port: number;
  /** Cuts connections, and removes what was stored in a temporary folder. */
  close(): Promise<void>;
}

/**
 * Starts the local Mixpanel.
 *
 * @throws {AppError} `EMULATOR_SWITCH_UNKNOWN` for a switch that does not exist.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const project = new Project({
    clock: options.clock ?? { now: () => Date.now() },
    projectId: options.projectId ?? 1,
    store: options.store ?? "disk",
    dataDirectory: options.dataDirectory,
    switches: {
      ...(options.serviceAccounts ? { service_accounts: "listed" } : {}),
      ...options.switches,
    },
    serviceAccounts: options.serviceAccounts ?? DEFAULT_SERVICE_ACCOUNTS,
  });
  const parts = { project, route: makeRoutes() };
  const server = createServer((request, response) => {
    handleRequest(parts, request, response).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code === "INTERNAL")
        options.log?.error({ reason: error instanceof Error ? error.name : "unknown" }, "a request failed");
      sendFailure(error, response);
    });
  });
  server.keepAliveTimeout = 65_000;
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    project.events.close();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new AppError("INTERNAL", "Cannot tell the port of the local Mixpanel");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      project.events.close();
    },
  };
}

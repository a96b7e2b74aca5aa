// The runtime configuration as the wiring reads it: every default filled in, every path absolute.
import type { ConfigPeople } from "./people-config.ts";

export interface ConfigSource {
  readonly id: string;
  readonly tokens: readonly string[];
  readonly origins: readonly string[];
  /** `undefined`: by the source's trust. */
  readonly clientAddress: "forward" | "geolocate" | "drop" | undefined;
  readonly development: boolean;
  readonly eventsPerSecond: number | undefined;
  readonly eventsPerSecondPerAddress: number | undefined;
}

export interface ConfigDestination {
  readonly name: string;
  readonly kind: "mixpanel";
  readonly host: string;
  readonly token: string;
  readonly projectId: number | undefined;
  readonly serviceAccount: { readonly username: string; readonly secret: string } | undefined;
  readonly erasureToken: string | undefined;
  /** Whether APIs may be used that the provider does not document. */
  readonly unofficial: boolean;
  /** How the project joins ids; `undefined`: nobody said. */
  readonly idMerge: "original" | "simplified" | undefined;
  /** By group key: the number that the provider reads its groups by. */
  readonly groupIds: Readonly<Record<string, number>>;
  readonly route: "import" | "track" | undefined;
  readonly timeoutMs: number | undefined;
  readonly eventsPerSecond: number | undefined;
  readonly backoffMs: number | undefined;
  readonly backoffMaxMs: number | undefined;
  readonly parallelRequests: number | undefined;
  readonly eventsPerRequest: number | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Retention {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export interface Config {
  /** Path of the file it came from. */
  readonly file: string;
  readonly plan: string;
  readonly data: string;
  readonly listen: Address;
  readonly admin: { readonly listen: Address; readonly token: string | undefined };
  readonly trustedProxies: readonly string[];
  readonly sources: readonly ConfigSource[];
  readonly destinations: readonly ConfigDestination[];
  /** `undefined`: no people sync. */
  readonly people: ConfigPeople | undefined;
  readonly gateway: {
    readonly routes: Readonly<Record<string, readonly string[]>>;
    readonly bodyMaxBytes: number | undefined;
    readonly pendingMaxBytes: number | undefined;
    readonly record: "refuse" | "pass";
    readonly sdkConfig: Readonly<Record<string, unknown>>;
  };
  readonly journal: {
    readonly raw: Retention;
    readonly outbox: Retention;
    readonly reserveBytes: number | undefined;
  };
  readonly quarantineMaxAgeMs: number;
  readonly geoFile: string | undefined;
  readonly hashKey: string | undefined;
  readonly pipeline: "thread" | "inline";
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Defaults of the runtime configuration. */
export const CONFIG_DEFAULTS = {
  data: ".plumbline",
  listen: "127.0.0.1:8080",
  adminListen: "127.0.0.1:8090",
  /** A week of traffic to try a new plan on, and room for a destination that is down. */
  raw: { maxBytes: 20 * 2 ** 30, maxAgeMs: 7 * DAY_MS },
  outbox: { maxBytes: 20 * 2 ** 30, maxAgeMs: HOUR_MS },
  quarantineMaxAgeMs: 90 * DAY_MS,
} as const;

export { DAY_MS, HOUR_MS };

// From the text of plumbline.yaml to the configuration, or to every mistake in it with its place. Pure: the environment is handed in.
import { dirname, resolve } from "node:path";
import type { FileLocation, Finding, JsonValue } from "../../core/index.ts";
import {
  type Address,
  type Config,
  CONFIG_DEFAULTS,
  type ConfigDestination,
  type ConfigSource,
  DAY_MS,
  HOUR_MS,
  type Retention,
} from "./config.ts";
import { type LocatedDocument, makeSchemaChecker, parseLocated } from "../../plan/index.ts";
import { CONFIG_SCHEMA } from "./config-schema.ts";
import { literalPasswords, peopleProblems, type RawPeople, toPeople } from "./people-config.ts";

export type ParsedConfig =
  /** Findings are warnings here. */
  | { readonly kind: "config"; readonly config: Config; readonly findings: readonly Finding[] }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

interface RawRetention {
  readonly max_bytes?: number;
  readonly max_age_hours?: number;
}
/** The file as the schema lets it through. */
interface RawConfig {
  readonly plan: string;
  readonly data?: string;
  readonly listen?: string;
  readonly admin?: { readonly listen?: string; readonly token?: string };
  readonly trusted_proxies?: readonly string[];
  readonly sources: Readonly<
    Record<
      string,
      {
        readonly token?: string;
        readonly tokens?: readonly string[];
        readonly origins?: readonly string[];
        readonly client_address?: ConfigSource["clientAddress"];
        readonly development?: boolean;
        readonly events_per_second?: number;
        readonly events_per_second_per_address?: number;
      }
    >
  >;
  readonly destinations?: Readonly<
    Record<
      string,
      {
        readonly kind: "mixpanel";
        readonly host: string;
        readonly token: string;
        readonly project_id?: number;
        readonly service_account?: { readonly username: string; readonly secret: string };
        readonly erasure_token?: string;
        readonly unofficial?: boolean;
        readonly id_merge?: "original" | "simplified";
        readonly group_ids?: Readonly<Record<string, number>>;
        readonly route?: "import" | "track";
        readonly timeout_ms?: number;
        readonly events_per_second?: number;
        readonly backoff_ms?: number;
        readonly backoff_max_ms?: number;
        readonly parallel_requests?: number;
        readonly events_per_request?: number;
      }
    >
  >;
  readonly people?: RawPeople;
  readonly gateway?: {
    readonly routes?: Readonly<Record<string, readonly string[]>>;
    readonly body_max_bytes?: number;
    readonly pending_max_bytes?: number;
    readonly record?: "refuse" | "pass";
    readonly sdk_config?: Readonly<Record<string, unknown>>;
  };
  readonly journal?: {
    readonly raw?: RawRetention;
    readonly outbox?: RawRetention;
    readonly reserve_bytes?: number;
  };
  readonly quarantine?: { readonly max_age_days?: number };
  readonly geo?: { readonly maxmind?: string };
  readonly privacy?: { readonly hash_key?: string };
  readonly pipeline?: "thread" | "inline";
  readonly log?: { readonly level?: Config["logLevel"] };
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const checker = makeSchemaChecker(CONFIG_SCHEMA, "config-");

/** What the schema cannot say. */
function ruleFindings(raw: RawConfig, document: LocatedDocument): Finding[] {
  const findings: Finding[] = [];
  const add = (path: readonly string[], message: string, fix: string): void => {
    findings.push({
      id: "config-contradiction",
      level: "error",
      at: path.join("."),
      where: document.locate(path),
      message,
      fix,
    });
  };
  const owners = new Map<string, string>();
  for (const [id, { token, tokens = [], client_address: address }] of Object.entries(raw.sources)) {
    const all = token === undefined ? tokens : [token, ...tokens];
    if (all.length === 0) add(["sources", id], "The source has no token", "Give it `token` or `tokens`.");
    for (const one of all) {
      const owner = owners.get(one);
      if (owner !== undefined && owner !== id)
        add(
          ["sources", id],
          `A token of this source is also one of \`${owner}\``,
          "Give each source its own token: it is how a source is known.",
        );
      owners.set(one, id);
    }
    if (address === "geolocate" && raw.geo?.maxmind === undefined)
      add(
        ["sources", id, "client_address"],
        "`geolocate` needs a MaxMind file",
        "Set `geo.maxmind`, or choose `forward` or `drop`.",
      );
  }
  for (const [name, destination] of Object.entries(raw.destinations ?? {})) {
    if (destination.service_account && destination.project_id === undefined)
      add(["destinations", name], "A service account needs `project_id`", "Add the project's number.");
  }
  if (raw.gateway?.record === "pass" && Object.keys(raw.destinations ?? {}).length === 0)
    add(["gateway", "record"], "`pass` needs a destination", "Add one, or choose `refuse`.");
  if (raw.people)
    for (const { path, message, fix } of peopleProblems(raw.people, Object.keys(raw.destinations ?? {})))
      add(path, message, fix);
  return findings;
}

/** Passwords that stand in the file. Only a warning: a database on this machine may have one that is no secret. */
function secretFindings(text: string, file: string): readonly Finding[] {
  const unfilled = parseLocated(text, file, (value) => value);
  return literalPasswords(unfilled.value as JsonValue | undefined).map((path) => ({
    id: "config-literal-secret",
    level: "warn",
    at: path.join("."),
    where: unfilled.locate(path),
    message: "A password stands in the configuration",
    fix: 'Write it as "${NAME}", and set NAME in the environment.',
  }));
}

function address(text: string): Address {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(text.slice(colon + 1)) };
}

function retention(raw: RawRetention | undefined, defaults: Retention): Retention {
  return {
    maxBytes: raw?.max_bytes ?? defaults.maxBytes,
    maxAgeMs: raw?.max_age_hours === undefined ? defaults.maxAgeMs : raw.max_age_hours * HOUR_MS,
  };
}

function toSource([id, raw]: readonly [string, RawConfig["sources"][string]]): ConfigSource {
  const { token, tokens = [] } = raw;
  return {
    id,
    tokens: token === undefined ? tokens : [token, ...tokens],
    origins: raw.origins ?? [],
    clientAddress: raw.client_address,
    development: raw.development ?? false,
    eventsPerSecond: raw.events_per_second,
    eventsPerSecondPerAddress: raw.events_per_second_per_address,
  };
}

function toDestination([name, raw]: readonly [
  string,
  NonNullable<RawConfig["destinations"]>[string],
]): ConfigDestination {
  return {
    name,
    kind: raw.kind,
    host: raw.host,
    token: raw.token,
    projectId: raw.project_id,
    serviceAccount: raw.service_account,
    erasureToken: raw.erasure_token,
    unofficial: raw.unofficial ?? false,
    idMerge: raw.id_merge,
    groupIds: raw.group_ids ?? {},
    route: raw.route,
    timeoutMs: raw.timeout_ms,
    eventsPerSecond: raw.events_per_second,
    backoffMs: raw.backoff_ms,
    backoffMaxMs: raw.backoff_max_ms,
    parallelRequests: raw.parallel_requests,
    eventsPerRequest: raw.events_per_request,
  };
}

function toConfig(raw: RawConfig, file: string): Config {
  const folder = dirname(resolve(file));
  const { gateway = {}, journal = {} } = raw;
  return {
    file: resolve(file),
    plan: resolve(folder, raw.plan),
    data: resolve(folder, raw.data ?? CONFIG_DEFAULTS.data),
    listen: address(raw.listen ?? CONFIG_DEFAULTS.listen),
    admin: { listen: address(raw.admin?.listen ?? CONFIG_DEFAULTS.adminListen), token: raw.admin?.token },
    trustedProxies: raw.trusted_proxies ?? [],
    sources: Object.entries(raw.sources).map(toSource),
    destinations: Object.entries(raw.destinations ?? {}).map(toDestination),
    people: raw.people && toPeople(raw.people),
    gateway: {
      routes: gateway.routes ?? {},
      bodyMaxBytes: gateway.body_max_bytes,
      pendingMaxBytes: gateway.pending_max_bytes,
      record: gateway.record ?? "refuse",
      sdkConfig: gateway.sdk_config ?? {},
    },
    journal: {
      raw: retention(journal.raw, CONFIG_DEFAULTS.raw),
      outbox: retention(journal.outbox, CONFIG_DEFAULTS.outbox),
      reserveBytes: journal.reserve_bytes,
    },
    quarantineMaxAgeMs:
      raw.quarantine?.max_age_days === undefined
        ? CONFIG_DEFAULTS.quarantineMaxAgeMs
        : raw.quarantine.max_age_days * DAY_MS,
    geoFile: raw.geo?.maxmind === undefined ? undefined : resolve(folder, raw.geo.maxmind),
    hashKey: raw.privacy?.hash_key,
    pipeline: raw.pipeline ?? "thread",
    logLevel: raw.log?.level ?? "info",
  };
}

/** Parses the runtime configuration. All mistakes come at once, each with its place. */
export function parseConfig(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): ParsedConfig {
  const findings: Finding[] = [];
  const fillIn = (value: string, where: FileLocation): string =>
    value.replaceAll(VARIABLE, (whole: string, name: string) => {
      const set = env[name];
      if (set !== undefined && set !== "") return set;
      findings.push({
        id: "config-variable-unset",
        level: "error",
        at: name,
        where,
        message: `The environment variable ${name} is not set`,
        fix: `Set ${name}, or write the value here if it is not a secret.`,
      });
      return whole;
    });
  const document = parseLocated(text, file, fillIn);
  findings.push(...document.findings);
  if (document.value === undefined) return { kind: "findings", findings };
  const shape = checker.check(document).map(({ finding }) => finding);
  findings.push(...shape);
  // The schema let it through: it has the shape of the file.
  const raw = document.value as RawConfig;
  if (shape.length === 0) findings.push(...ruleFindings(raw, document));
  if (findings.length > 0) return { kind: "findings", findings };
  return { kind: "config", config: toConfig(raw, file), findings: secretFindings(text, file) };
}

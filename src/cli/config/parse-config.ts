// From the text of plumbline.yaml to the configuration, or to every mistake in it with its place. Pure: the environment is handed in.
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { closest, distance } from "fastest-levenshtein";
import { dirname, resolve } from "node:path";
import { type Document, isMap, isScalar, LineCounter, parseDocument, type ParsedNode, visit } from "yaml";
import type { FileLocation, Finding } from "../../core/index.ts";
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
import { CONFIG_SCHEMA } from "./config-schema.ts";

export type ParsedConfig =
  | { readonly kind: "config"; readonly config: Config }
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

type Path = readonly (string | number)[];
type YamlDocument = Document<ParsedNode>;

class Places {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: YamlDocument;

  constructor(file: string, lines: LineCounter, document: YamlDocument) {
    this.#file = file;
    this.#lines = lines;
    this.#document = document;
  }

  at(offset: number): FileLocation {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line, column: col };
  }

  /** Where the member stands, or the nearest thing around it. */
  of(path: Path): FileLocation {
    for (let length = path.length; length > 0; length--) {
      const parent: unknown =
        length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, length - 1), true);
      const name = path[length - 1];
      if (isMap(parent))
        for (const { key } of parent.items)
          if (isScalar(key) && String(key.value) === String(name) && key.range) return this.at(key.range[0]);
      const node: unknown = this.#document.getIn(path.slice(0, length), true);
      if (isScalar(node) && node.range) return this.at(node.range[0]);
    }
    return this.at(0);
  }
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Puts in what the environment holds; every name that is not set is a finding. */
function fillIn(
  document: YamlDocument,
  env: Readonly<Record<string, string | undefined>>,
  places: Places,
): Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Scalar: (key, node) => {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
      node.value = node.value.replaceAll(VARIABLE, (whole: string, name: string) => {
        const value = env[name];
        if (value !== undefined && value !== "") return value;
        findings.push({
          id: "config-variable-unset",
          level: "error",
          at: name,
          where: places.at(node.range?.[0] ?? 0),
          message: `The environment variable ${name} is not set`,
          fix: `Set ${name}, or write the value here if it is not a secret.`,
        });
        return whole;
      });
    },
  });
  return findings;
}

function suggestion(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(name, known);
  return distance(name, best) <= Math.max(2, name.length / 3) ? best : undefined;
}

function describe(error: ErrorObject): {
  readonly message: string;
  readonly fix?: string;
  readonly member?: string;
} {
  const { keyword, params, parentSchema } = error;
  const schema = (parentSchema ?? {}) as { properties?: object; description?: string; pattern?: string };
  switch (keyword) {
    case "additionalProperties": {
      const member = String(params["additionalProperty"]);
      const known = Object.keys(schema.properties ?? {});
      const meant = suggestion(member, known);
      const fix = meant === undefined ? `Use one of: ${known.join(", ")}.` : `Did you mean \`${meant}\`?`;
      return { message: `Unknown key \`${member}\``, fix, member };
    }
    case "required":
      return { message: `\`${String(params["missingProperty"])}\` is missing` };
    case "enum":
      return { message: `Must be one of: ${(params["allowedValues"] as readonly unknown[]).join(", ")}` };
    case "const":
      return { message: `Must be ${JSON.stringify(params["allowedValue"])}` };
    case "type":
      return { message: `Must be of type ${String(params["type"])}` };
    case "pattern":
      return {
        message: `Does not have the right form${schema.description === undefined ? "" : ` (${schema.description})`}`,
      };
    default:
      return { message: error.message ?? keyword };
  }
}

const validate = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
}).compile<RawConfig>(CONFIG_SCHEMA);

function pathOf(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function shapeFindings(errors: readonly ErrorObject[], places: Places): Finding[] {
  return errors
    .filter(({ keyword }) => keyword !== "propertyNames")
    .map((error) => {
      const { message, fix, member } = describe(error);
      const path = [...pathOf(error.instancePath), ...(member === undefined ? [] : [member])];
      return {
        id: member === undefined ? "config-bad-value" : "config-unknown-key",
        level: "error" as const,
        at: path.join(".") || "plumbline.yaml",
        where: places.of(path),
        message,
        ...(fix === undefined ? {} : { fix }),
      };
    });
}

/** What the schema cannot say. */
function ruleFindings(raw: RawConfig, places: Places): Finding[] {
  const findings: Finding[] = [];
  const add = (path: Path, message: string, fix: string): void => {
    findings.push({
      id: "config-contradiction",
      level: "error",
      at: path.join("."),
      where: places.of(path),
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
  return findings;
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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const places = new Places(file, lines, document);
  const findings: Finding[] = document.errors.map((error) => ({
    id: "config-yaml-syntax",
    level: "error",
    at: "plumbline.yaml",
    where: places.at(error.pos[0]),
    message: error.message,
  }));
  if (findings.length > 0) return { kind: "findings", findings };
  findings.push(...fillIn(document, env, places));
  const raw: unknown = document.toJS();
  if (!validate(raw)) findings.push(...shapeFindings(validate.errors ?? [], places));
  else findings.push(...ruleFindings(raw, places));
  if (findings.length > 0 || !validate(raw)) return { kind: "findings", findings };
  return { kind: "config", config: toConfig(raw, file) };
}

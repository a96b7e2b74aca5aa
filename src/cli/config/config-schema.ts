// The shape of plumbline.yaml, as JSON Schema: one source for checking, for editors (`plumbline.schema.json`) and for the reference page.
import type { JsonObject } from "../../core/index.ts";
import { PEOPLE_SCHEMA } from "./people-schema.ts";
import { count, listOf, mapOf, object, text } from "./schema-forms.ts";

const ADDRESS = text("`host:port`; port 0 takes any free one", { pattern: "^.+:[0-9]{1,5}$" });
const SEGMENTS = listOf(
  "Path names of this route, instead of Mixpanel's own",
  text("One path segment", { pattern: "^[A-Za-z0-9._~-]+$" }),
);

const SOURCE = object("A source of the plan: its tokens, and what it may do at the door", {
  token: text("Token that the app is configured with"),
  tokens: listOf("More than one token, for example while one is being replaced", text("A token")),
  origins: listOf(
    "Browser origins that may send, exact",
    text("For example `https://shop.example`", { pattern: "^https?://[^/]+$" }),
  ),
  client_address: {
    enum: ["forward", "geolocate", "drop"],
    description:
      "What goes out about the sender's address. Default: `forward` for clients, `drop` for servers",
  },
  development: { type: "boolean", description: "Judge before answering and tell the sender what is wrong" },
  events_per_second: count("Events a second that the source may send"),
  events_per_second_per_address: count("Events a second from one address"),
});

const DESTINATION = object(
  "A place to deliver to",
  {
    kind: { enum: ["mixpanel"], description: "Kind of system" },
    host: text("Ingestion host with its scheme", { pattern: "^https?://" }),
    token: text("Project token"),
    project_id: count("Needed with a service account"),
    service_account: object(
      "Sends events by `/import`, which reports each failed record",
      { username: text("Name"), secret: text("Secret; best as `${NAME}`") },
      ["username", "secret"],
    ),
    id_merge: {
      enum: ["original", "simplified"],
      description:
        "How the project joins ids, as its settings say. `simplified` everywhere: identity events that link two people are let through, since nothing joins them",
    },
    group_ids: mapOf(
      "By group key: the number that Mixpanel reads its groups by (Project settings, Group keys). For `clean` on group profiles",
      count("The number of the key"),
    ),
    erasure_token: text(
      "OAuth token of a person, for `people erase` and privacy requests: they take no service account",
    ),
    unofficial: {
      type: "boolean",
      description:
        "Lets `clean` delete events and make drop filters by an API that Mixpanel does not document. Default: false",
    },
    route: {
      enum: ["import", "track"],
      description: "How events go. Default: `import` with a service account, else `track`",
    },
    timeout_ms: count("Longest wait for an answer"),
    events_per_second: count("Limit of the project"),
    backoff_ms: count("First pause when the destination is busy"),
    backoff_max_ms: count("Longest pause"),
    parallel_requests: count("Requests with events under way at once"),
    events_per_request: count("Events in one request"),
  },
  ["kind", "host", "token"],
);

const RETENTION = object("How much a log may keep of what is settled", {
  max_bytes: count("Bytes; an unsettled backlog over it makes the gateway answer 503", 1_000_000),
  max_age_hours: count("Age"),
});

/** JSON Schema (2020-12) of the runtime configuration. */
export const CONFIG_SCHEMA: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "https://plumbline.dev/schemas/plumbline-1.json",
  title: "Plumbline runtime configuration, version 1",
  ...object(
    "Where the gateway listens, who may send, where it delivers. Secrets only as `${NAME}` from the environment.",
    {
      plumbline: { const: 1, description: "Version of this format" },
      plan: text("Path of the plan, from this file"),
      data: text("Folder of journal and quarantine, from this file"),
      listen: ADDRESS,
      admin: object("Health, metrics and status, on a port of their own", {
        listen: ADDRESS,
        token: text("Bearer token asked for; health is open"),
      }),
      trusted_proxies: listOf(
        "Addresses and ranges whose X-Forwarded-For is believed",
        text("For example `10.0.0.0/8`"),
      ),
      sources: mapOf("By source id of the plan", SOURCE),
      destinations: mapOf("By name of your choice", DESTINATION),
      people: PEOPLE_SCHEMA,
      gateway: object("The public port", {
        routes: object("Other path names: blockers match paths", {
          track: SEGMENTS,
          engage: SEGMENTS,
          groups: SEGMENTS,
          import: SEGMENTS,
          record: SEGMENTS,
          flags: SEGMENTS,
          settings: SEGMENTS,
        }),
        body_max_bytes: count("Largest body"),
        pending_max_bytes: count("Bytes of bodies that may wait for the disk before the answer is 503"),
        record: {
          enum: ["refuse", "pass"],
          description: "Session recordings: answered and forgotten, or passed on to the first destination",
        },
        sdk_config: {
          type: "object",
          description: "Answer of `/settings`: remote configuration of mixpanel-browser",
        },
      }),
      journal: object("The durable store", {
        raw: RETENTION,
        outbox: RETENTION,
        reserve_bytes: count("Free room to keep on the disk"),
      }),
      quarantine: object("What waits", { max_age_days: count("Age") }),
      geo: object("For `client_address: geolocate`", { maxmind: text("Path of a MaxMind City file") }),
      privacy: object("Data classes", {
        hash_key: text("Key of the keyed hash that `gateway: hash` and `identity.translate` use"),
      }),
      pipeline: {
        enum: ["thread", "inline"],
        description: "Judge and deliver in a thread of their own, or on the main one",
      },
      log: object("Structured log on stderr", {
        level: { enum: ["debug", "info", "warn", "error"], description: "Least level" },
      }),
    },
    ["plumbline", "plan", "sources"],
  ),
};

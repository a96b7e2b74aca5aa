// Compiles the golden plan, with a file's changes laid over it.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Lock, LockProfileProperty, LockProperty, ValueType } from "../../src/plan/index.ts";

type Raw = Record<string, unknown>;

/** Ids that providers refuse. Source (read 2026-11): Mixpanel "Import Events". */
const FORBIDDEN_IDS = [
  "00000000-0000-0000-0000-000000000000",
  "anon",
  "anonymous",
  "nil",
  "none",
  "null",
  "n/a",
  "na",
  "undefined",
  "unknown",
  "<nil>",
  "0",
  "-1",
  "true",
  "false",
  "[]",
  "{}",
];

function merge(base: Raw, over: Raw): Raw {
  return { ...base, ...over };
}

const TYPE_KEYS = ["type", "enum", "open", "pattern", "min_length", "max_length", "format", "min", "max", "nullable", "items", "min_items", "max_items"];
function typeOf(p: Raw): ValueType {
  const out: Raw = {};
  for (const k of TYPE_KEYS) if (p[k] !== undefined) out[k] = p[k];
  if (p["properties"] !== undefined) {
    out["properties"] = Object.fromEntries(
      Object.entries(p["properties"] as Record<string, Raw>).map(([n, m]) => [n, { presence: m["presence"] ?? "optional", type: typeOf(m) }]),
    );
  }
  return out as unknown as ValueType;
}

export function loadGoldenPlan(over: Raw = {}): Lock {
  const raw = parse(readFileSync(new URL("plan.yaml", import.meta.url), "utf8")) as Record<string, Record<string, Raw>>;
  const defaults = merge(raw["defaults"] as Raw, (over["defaults"] ?? {}) as Raw);
  const shared = raw["properties"] as Record<string, Raw>;
  const events: Record<string, unknown> = {};
  for (const [id, e] of Object.entries(raw["events"] as Record<string, Raw>)) {
    const properties: Record<string, LockProperty> = {};
    for (const [name, p] of Object.entries((e["properties"] ?? {}) as Record<string, Raw | string>)) {
      const def = typeof p === "string" ? (shared[name] as Raw) : p;
      const sources: Record<string, string> = {};
      for (const [s, v] of Object.entries(e["sources"] as Record<string, { properties?: Record<string, string> }>)) {
        const o = v.properties?.[name];
        if (o !== undefined) sources[s] = o;
      }
      properties[name] = {
        presence: (typeof p === "string" ? p : (p["presence"] ?? "optional")) as "required",
        type: typeOf(def), data: (def["data"] ?? "none") as string, was: (def["was"] ?? []) as string[],
        sources: sources as Record<string, "omitted">,
      };
    }
    events[id] = {
      name: e["name"], tags: [], sources: e["sources"], was: e["was"] ?? [], properties,
      unknown_property: defaults["unknown_property"] ?? "strip", invalid_property: defaults["invalid_property"] ?? "strip",
      missing_property: defaults["missing_property"] ?? "quarantine", ...(e["deprecated"] === undefined ? {} : { deprecated: e["deprecated"] }),
    };
  }
  const profiles = (section: Record<string, Raw>) =>
    Object.fromEntries(Object.entries(section).map(([id, p]): [string, LockProfileProperty] => [id, {
      name: (p["name"] ?? id) as string, type: typeOf(p), data: p["data"] as string, owner: p["owner"] as "state", was: (p["was"] ?? []) as string[],
      ...(p["sources"] === undefined ? {} : { sources: p["sources"] as string[] }), ...(p["operations"] === undefined ? {} : { operations: p["operations"] as "$set"[] }),
    }]));
  return {
    lock: 1, name: "golden", hash: "x", plan_property: "plan", unknown_event: defaults["unknown_event"] as "drop", sources: raw["sources"] as Lock["sources"] & Raw,
    identity: { reset_on: [], forbidden: FORBIDDEN_IDS, missing: "quarantine", ...(merge(raw["identity"] as Raw, (over["identity"] ?? {}) as Raw)) } as unknown as Lock["identity"],
    data_classes: Object.fromEntries(Object.entries(raw["data_classes"] as Record<string, Raw>).map(([k, v]) => [k, { client: "allow", gateway: "accept", providers: {}, ...v }])) as Lock["data_classes"],
    events: events as Lock["events"], people: profiles(raw["people"] as Record<string, Raw>),
    groups: Object.fromEntries(Object.entries(raw["groups"] as unknown as Record<string, Record<string, Raw>>).map(([k, v]) => [k, profiles(v)])), provenance: {},
  } as Lock;
}

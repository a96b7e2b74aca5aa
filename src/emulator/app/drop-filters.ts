// Unofficial drop filters: events of a name whose property has one of some values are no longer ingested, some minutes after.
// Source (read 2026-11): Mixpanel "Drop filters" for the rules, its open-source tools for the calls; the shape of `filters` is not described
// anywhere and assumed here: a list of `{property, op: "equals", value}`, any of which drops.
import { isObject } from "../../core/index.ts";
import { type Answer, bodyJson, type Call, json, refuse } from "../http/call.ts";
import type { DropRule, StoredDropFilter } from "../project.ts";

const FILTERS_MAX = 15;

function shown({ project }: Call): Answer {
  const results = project.dropFilters.map(({ id, event, filters, isActive }) => ({
    id,
    event_name: event,
    filters,
    active: isActive,
  }));
  return json(200, { status: "ok", results });
}

function rulesOf(given: unknown): readonly DropRule[] | undefined {
  if (!Array.isArray(given) || given.length === 0) return undefined;
  const rules: DropRule[] = [];
  for (const one of given as readonly unknown[]) {
    if (!isObject(one) || typeof one["property"] !== "string" || one["property"] === "") return undefined;
    if (one["op"] !== "equals" || one["value"] === undefined) return undefined;
    rules.push({ property: one["property"], op: "equals", value: one["value"] });
  }
  return rules;
}

function add(call: Call, given: Readonly<Record<string, unknown>>): Answer {
  const { project } = call;
  const { event_name: event, filters, active } = given;
  const rules = rulesOf(filters);
  if (typeof event !== "string" || event === "" || !rules)
    return refuse(400, "event_name and filters with property, op and value are needed");
  if (project.dropFilters.length >= FILTERS_MAX)
    return refuse(400, `at most ${FILTERS_MAX} drop filters are possible`);
  project.dropFiltersMade += 1;
  project.dropFilters.push({
    id: project.dropFiltersMade,
    event,
    filters: rules,
    isActive: active !== false,
    atMs: project.clock.now(),
  });
  return shown(call);
}

function change(
  call: Call,
  given: Readonly<Record<string, unknown>>,
  to: (one: StoredDropFilter) => StoredDropFilter | undefined,
): Answer {
  const { dropFilters } = call.project;
  const at = dropFilters.findIndex(({ id }) => String(id) === String(given["id"]));
  const found = dropFilters[at];
  if (!found) return refuse(404, "there is no such drop filter");
  const next = to(found);
  dropFilters.splice(at, 1, ...(next ? [next] : []));
  return shown(call);
}

/** `…/data-definitions/events/drop-filters/…`. */
export function answerDropFilters(call: Call, below: string | undefined): Answer {
  if (below === "limits") return json(200, { status: "ok", results: { filter_limit: FILTERS_MAX } });
  if (below !== undefined) return refuse(404, "there is no such endpoint");
  if (call.method === "GET") return shown(call);
  const body = bodyJson(call);
  if (!isObject(body)) return refuse(400, "the body must be an object");
  switch (call.method) {
    case "POST":
      return add(call, body);
    case "PATCH":
      return change(call, body, (one) => ({
        ...one,
        filters: rulesOf(body["filters"]) ?? one.filters,
        isActive: typeof body["active"] === "boolean" ? body["active"] : one.isActive,
        atMs: call.project.clock.now(),
      }));
    case "DELETE":
      return change(call, body, () => undefined);
    default:
      return refuse(405, "method not allowed");
  }
}

// Rules about what people need to know: description, owner, data class, dates, ways out, who may write.
import type { DocumentPath } from "../files/located-document.ts";
import type { RawProperty } from "../raw-plan.ts";
import { dataClassesOf } from "../resolve/data-classes.ts";
import { oldIdHits } from "../resolve/old-ids.ts";
import type { ResolvedPerson } from "../resolve/resolve-plan.ts";
import { patternHits } from "../resolve/value-type.ts";
import type { RuleContext, RuleHit } from "./rule-context.ts";

interface Documented {
  readonly raw: Pick<RawProperty, "description" | "data" | "expires">;
  readonly path: DocumentPath;
}

/** Every property where it is defined, once. */
function definitions({ raw, resolved }: RuleContext): Documented[] {
  const found = new Map<string, Documented>();
  for (const [id, property] of Object.entries(raw.properties))
    found.set(`properties.${id}`, { raw: property, path: ["properties", id] });
  for (const { properties } of resolved.events)
    for (const { raw: property, definedAt } of properties.values())
      if (!found.has(definedAt.join("."))) found.set(definedAt.join("."), { raw: property, path: definedAt });
  for (const people of [resolved.people, ...resolved.groups.values()])
    for (const { raw: property, path } of people) found.set(path.join("."), { raw: property, path });
  return [...found.values()];
}

function documentation(context: RuleContext): RuleHit[] {
  const hits: RuleHit[] = [];
  const missing = (
    path: DocumentPath,
    id: "missing-description" | "missing-owner" | "missing-data-class",
    what: string,
  ): void => {
    hits.push({
      id,
      path,
      message: `There is no ${what}`,
      fix: `Add \`${id === "missing-data-class" ? "data" : id.slice("missing-".length)}\`.`,
    });
  };
  for (const { id, raw } of context.resolved.events) {
    if (raw.description === undefined) missing(["events", id], "missing-description", "description");
    if (raw.owner === undefined) missing(["events", id], "missing-owner", "owner");
  }
  const classes = Object.keys(dataClassesOf(context.raw));
  for (const { raw, path } of definitions(context)) {
    if (raw.description === undefined) missing(path, "missing-description", "description");
    if (raw.data === undefined) missing(path, "missing-data-class", "data class");
    else if (!classes.includes(raw.data))
      hits.push({
        id: "undeclared-data-class",
        path: [...path, "data"],
        message: `The plan has no data class \`${raw.data}\``,
        fix: `Use one of: ${classes.join(", ")}; or declare it under \`data_classes\`.`,
      });
  }
  return hits;
}

function dates(context: RuleContext): RuleHit[] {
  const { resolved, today } = context;
  const hits: RuleHit[] = [];
  for (const { id, raw } of resolved.events) {
    const { deprecated, expires } = raw;
    if (expires !== undefined && expires < today)
      hits.push({
        id: "expired",
        path: ["events", id, "expires"],
        message: `The event was to be gone by ${expires}`,
        fix: "Remove it, or set a new date.",
      });
    if (deprecated?.remove_after !== undefined && deprecated.remove_after < today)
      hits.push({
        id: "sunset-passed",
        path: ["events", id, "deprecated", "remove_after"],
        message: `The event was to be removed after ${deprecated.remove_after}`,
        fix: "Remove it (its name can live on in `was` of the event that replaces it), or set a new date.",
      });
  }
  for (const { raw, path } of definitions(context))
    if (raw.expires !== undefined && raw.expires < today)
      hits.push({
        id: "expired",
        path: [...path, "expires"],
        message: `The property was to be gone by ${raw.expires}`,
        fix: "Remove it, or set a new date.",
      });
  return hits;
}

function waysOut({ resolved }: RuleContext): RuleHit[] {
  const hits: RuleHit[] = [];
  const byId = new Map(resolved.events.map((event) => [event.id, event]));
  for (const { id, raw } of resolved.events) {
    const { deprecated } = raw;
    if (deprecated === undefined) continue;
    const path = ["events", id, "deprecated"];
    const gateway = deprecated.gateway ?? "accept";
    if (gateway === "rewrite" && deprecated.to === undefined)
      hits.push({
        id: "deprecated-without-way-out",
        path,
        message: "`rewrite` needs `to`",
        fix: "Name the event that replaces it.",
      });
    else if (gateway === "accept" && deprecated.to === undefined && deprecated.remove_after === undefined)
      hits.push({
        id: "deprecated-without-way-out",
        path,
        message: "It names neither a replacement nor a date",
        fix: "Add `to`, `remove_after`, or `gateway: drop`.",
      });
    const seen = new Set([id]);
    let next = deprecated.to;
    while (next !== undefined && !seen.has(next)) {
      seen.add(next);
      next = byId.get(next)?.raw.deprecated?.to;
    }
    if (next !== undefined)
      hits.push({
        id: "deprecated-without-way-out",
        path: [...path, "to"],
        message: "The replacements go round in a circle",
        fix: "Let the last one not be deprecated.",
      });
  }
  return hits;
}

function ownership(context: RuleContext): RuleHit[] {
  const { raw } = context;
  const isClient = (source: string): boolean => raw.sources[source]?.trust === "client";
  const hitsOf = ({ raw: person, path }: ResolvedPerson): RuleHit[] => {
    const sources = person.sources ?? [];
    if (person.owner === "state" && sources.some(isClient))
      return [
        {
          id: "state-owned-writable-by-client",
          path: [...path, "sources"],
          message: "State belongs to the database, and a client is listed as its writer",
          fix: "Remove the client, or make it the owner.",
        },
      ];
    if (person.owner === "state" && sources.length > 0)
      return [
        {
          id: "owner-source-mismatch",
          path: [...path, "sources"],
          message: "State is written by the people sync alone",
          fix: "Remove `sources`, or set `owner: server`.",
        },
      ];
    if (person.owner === "server" && sources.some(isClient))
      return [
        {
          id: "owner-source-mismatch",
          path: [...path, "sources"],
          message: "The owner is a server, and a client is listed as a writer",
          fix: "Remove the client, or set `owner: client`.",
        },
      ];
    return [];
  };
  const { people, groups } = context.resolved;
  return [people, ...groups.values()].flatMap((list) => list.flatMap(hitsOf));
}

function identity({ raw, today }: RuleContext): RuleHit[] {
  if (raw.identity === undefined)
    return [
      {
        id: "identity-missing",
        path: ["identity"],
        message: "The plan does not say what a user id is",
        fix: "Add `identity: { user_id: { format: uuid } }`, or another form that never changes.",
      },
    ];
  const { user_id: form } = raw.identity;
  return [
    ...("pattern" in form ? patternHits(form.pattern, ["identity", "user_id", "pattern"]) : []),
    ...oldIdHits(raw, today),
  ];
}

function truncation({ raw }: RuleContext): RuleHit[] {
  return Object.entries(raw.data_classes)
    .filter(([, { gateway, max }]) => (gateway === "truncate") !== (max !== undefined))
    .map(([id]) => ({
      id: "contradictory-constraints",
      path: ["data_classes", id],
      message: "`truncate` and `max` belong together",
    }));
}

/** All rules about care. */
export function careRules(context: RuleContext): readonly RuleHit[] {
  return [
    ...documentation(context),
    ...dates(context),
    ...waysOut(context),
    ...ownership(context),
    ...identity(context),
    ...truncation(context),
  ];
}

// What a provider would cut or refuse, by the limits it declares as data.
import type { PlanLimits } from "../../core/index.ts";
import type { DocumentPath } from "../files/located-document.ts";
import type { ValueType } from "../lock.ts";
import type { RuleContext, RuleHit } from "./rule-context.ts";

const encoder = new TextEncoder();

function bytes(text: string): number {
  return encoder.encode(text).length;
}

function over(path: DocumentPath, limit: PlanLimits, what: string): RuleHit {
  return { id: "provider-limit", path, message: `${limit.provider}: ${what}` };
}

function typeHits(
  type: ValueType,
  at: { readonly path: DocumentPath; readonly depth: number },
  limit: PlanLimits,
): RuleHit[] {
  const { path, depth } = at;
  if (type.type === "list") {
    const hits =
      (type.max_items ?? 0) > limit.listItemsMax
        ? [over(path, limit, `a list keeps at most ${limit.listItemsMax} items`)]
        : [];
    return type.items === undefined
      ? hits
      : [...hits, ...typeHits(type.items, { path: [...path, "items"], depth }, limit)];
  }
  if (type.type === "object") {
    if (depth + 1 > limit.nestingMax)
      return [over(path, limit, `objects nest at most ${limit.nestingMax} deep`)];
    const members = Object.entries(type.properties ?? {});
    return [
      ...(members.length > limit.objectKeysMax
        ? [over(path, limit, `an object has at most ${limit.objectKeysMax} members`)]
        : []),
      ...members.flatMap(([name, member]) =>
        typeHits(member.type, { path: [...path, "properties", name], depth: depth + 1 }, limit),
      ),
    ];
  }
  if (type.type !== "string") return [];
  const longest = Math.max(0, ...(type.enum ?? []).map(bytes));
  return longest > limit.stringMaxBytes
    ? [over(path, limit, `a text is cut at ${limit.stringMaxBytes} bytes`)]
    : [];
}

function eventHits({ resolved }: RuleContext, limit: PlanLimits): RuleHit[] {
  const hits: RuleHit[] = [];
  for (const { id, raw, properties } of resolved.events) {
    if (bytes(raw.name) > limit.eventNameMaxBytes)
      hits.push(
        over(["events", id, "name"], limit, `an event name has at most ${limit.eventNameMaxBytes} bytes`),
      );
    if (properties.size > limit.propertiesPerEventMax)
      hits.push(
        over(
          ["events", id, "properties"],
          limit,
          `an event has at most ${limit.propertiesPerEventMax} properties`,
        ),
      );
    for (const { name, type, definedAt } of properties.values()) {
      if (bytes(name) > limit.propertyNameMaxBytes)
        hits.push(over(definedAt, limit, `a property name has at most ${limit.propertyNameMaxBytes} bytes`));
      hits.push(...typeHits(type, { path: definedAt, depth: 0 }, limit));
    }
  }
  return hits;
}

function profileHits({ resolved }: RuleContext, limit: PlanLimits): RuleHit[] {
  const hits: RuleHit[] = [];
  const { propertiesPerProfileMax, propertyNameMaxBytes } = limit;
  for (const [people, path] of [
    [resolved.people, ["people"]] as const,
    ...[...resolved.groups].map(([key, list]) => [list, ["groups", key]] as const),
  ]) {
    if (people.length > propertiesPerProfileMax)
      hits.push(over(path, limit, `a profile has at most ${propertiesPerProfileMax} properties`));
    for (const person of people) {
      if (bytes(person.name) > propertyNameMaxBytes)
        hits.push(over(person.path, limit, `a property name has at most ${propertyNameMaxBytes} bytes`));
      hits.push(...typeHits(person.type, { path: person.path, depth: 0 }, limit));
    }
  }
  return hits;
}

/** All rules about providers' limits. */
export function limitRules(context: RuleContext): readonly RuleHit[] {
  const hits = context.limits.flatMap((limit) => [
    ...eventHits(context, limit),
    ...profileHits(context, limit),
  ]);
  const seen = new Set<string>();
  return hits.filter(({ path, message }) => {
    const key = `${path.join(".")} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

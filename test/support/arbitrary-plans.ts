// Random value types, plans and payloads for the fuzz tests. Plans are ones that `check` would let pass: unique names, sound patterns.
import fc from "fast-check";
import {
  type Lock,
  type LockEvent,
  type LockProfileProperty,
  type LockProperty,
  PROFILE_OPERATIONS,
  type StringFormat,
  type ValueType,
} from "../../src/plan/index.ts";

/** Patterns that RE2 and JavaScript read alike. */
const PATTERNS = [
  "^[a-z]+$",
  "a|b",
  "^usr_[0-9]{3}$",
  "x?y",
  "(foo|bar)+",
  "^[A-Za-z0-9_-]{2,5}$",
  "\\d\\.\\d",
];
const FORMATS: readonly StringFormat[] = ["email", "url", "uuid", "ulid", "date", "hostname", "ipv4", "ipv6"];
const ENUM_TEXTS = ["red", "green", "true", "12", "", "a b"];
const MEMBER_NAMES = ["city", "zip", "Zip", "0", "long name"];

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** Leaves out members that are undefined. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

const stringType = fc
  .record({
    type: fc.constant("string" as const),
    nullable: optional(fc.boolean()),
    enum: optional(fc.uniqueArray(fc.constantFrom(...ENUM_TEXTS), { minLength: 1 })),
    open: optional(fc.boolean()),
    min_length: optional(fc.nat(4)),
    max_length: optional(fc.nat(12)),
    pattern: optional(fc.constantFrom(...PATTERNS)),
    format: optional(fc.constantFrom(...FORMATS)),
  })
  .map((type) => {
    // Several limits at once are rarely met together: keep mostly one.
    const { type: kind, nullable, enum: values, open, min_length, max_length, pattern, format } = type;
    if (format !== undefined) return defined({ type: kind, nullable, format, max_length });
    if (pattern !== undefined) return defined({ type: kind, nullable, pattern, min_length });
    return defined({
      type: kind,
      nullable,
      enum: values,
      open: values === undefined ? undefined : open,
      min_length,
      max_length,
    });
  });

const numberType = fc
  .record({
    type: fc.constantFrom("integer" as const, "number" as const),
    nullable: optional(fc.boolean()),
    min: optional(fc.integer({ min: -20, max: 5 })),
    max: optional(fc.integer({ min: -5, max: 20 })),
    enum: optional(fc.uniqueArray(fc.integer({ min: -3, max: 3 }), { minLength: 1 })),
    open: optional(fc.boolean()),
  })
  .map(defined);

const simpleType = fc
  .record({
    type: fc.constantFrom("boolean" as const, "datetime" as const),
    nullable: optional(fc.boolean()),
  })
  .map(defined);

const leafType: fc.Arbitrary<ValueType> = fc.oneof(
  stringType,
  stringType,
  numberType,
  simpleType,
) as fc.Arbitrary<ValueType>;

function nestedType(depth: number): fc.Arbitrary<ValueType> {
  if (depth === 0) return leafType;
  const inner = nestedType(depth - 1);
  const list = fc
    .record({
      type: fc.constant("list" as const),
      nullable: optional(fc.boolean()),
      items: optional(inner),
      min_items: optional(fc.nat(2)),
      max_items: optional(fc.nat(4)),
    })
    .map(defined);
  const object = fc
    .record({
      type: fc.constant("object" as const),
      nullable: optional(fc.boolean()),
      properties: optional(
        fc.dictionary(
          fc.constantFrom(...MEMBER_NAMES),
          fc.record({ presence: fc.constantFrom("required" as const, "optional" as const), type: inner }),
          { noNullPrototype: true },
        ),
      ),
      open: optional(fc.boolean()),
    })
    .map(defined);
  return fc.oneof(
    { weight: 4, arbitrary: leafType },
    { weight: 1, arbitrary: list },
    { weight: 1, arbitrary: object },
  ) as fc.Arbitrary<ValueType>;
}

/** Any value type, two levels deep. */
export const valueType: fc.Arbitrary<ValueType> = nestedType(2);

const formatTexts: Readonly<Record<StringFormat, fc.Arbitrary<string>>> = {
  email: fc.emailAddress(),
  url: fc.webUrl({ withFragments: true, withQueryParameters: true }),
  uuid: fc.uuid(),
  ulid: fc.ulid(),
  date: fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
  hostname: fc.domain(),
  ipv4: fc.ipV4(),
  ipv6: fc.ipV6(),
};

/** One character removed, doubled or replaced: just beside what a format wants. */
function bent(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.nat(), fc.constantFrom("", "-", ".", ":", "@", "0", "Z", " ", "é", "%"))
    .map(([text, where, piece]) => {
      const at = where % (text.length + 1);
      return text.slice(0, at) + piece + text.slice(at + (where % 3));
    });
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 14 }),
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    ...ENUM_TEXTS,
    "sku",
    "007",
    "1e5",
    "-0",
    "1.50",
    "abc",
    "usr_123",
    "2026-11-23T10:00:00Z",
    "1700000000",
  ),
);

const anyScalar = fc.oneof(
  anyText,
  fc.integer({ min: -30, max: 30 }),
  fc.double(),
  fc.boolean(),
  fc.constantFrom<unknown>(
    null,
    0,
    1,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1_700_000_000,
    1_700_000_000_123,
    1e20,
  ),
);

/** Any JSON-like value, with the odd one that JSON does not have. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: anyScalar },
  { weight: 1, arbitrary: fc.array(anyScalar, { maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.dictionary(fc.constantFrom(...MEMBER_NAMES, "constructor", "x"), anyScalar, {
      noNullPrototype: true,
    }),
  },
);

const datetimeText = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());

function textFor(type: ValueType & { type: "string" }): fc.Arbitrary<unknown> {
  if (type.format !== undefined) return fc.oneof(formatTexts[type.format], bent(formatTexts[type.format]));
  if (type.pattern !== undefined) return fc.stringMatching(new RegExp(type.pattern), { maxLength: 8 });
  return type.enum === undefined ? anyText : fc.constantFrom(...type.enum);
}

/** Values that have the type, or nearly. */
function fitting(type: ValueType): fc.Arbitrary<unknown> {
  switch (type.type) {
    case "string":
      return textFor(type);
    case "integer":
    case "number":
      return fc.oneof(
        fc.integer({ min: -25, max: 25 }),
        fc.integer({ min: -25, max: 25 }).map(String),
        fc.double({ noNaN: true }),
      );
    case "boolean":
      return fc.oneof(fc.boolean(), fc.constantFrom("true", "false"));
    case "datetime":
      return fc.oneof(
        datetimeText,
        bent(datetimeText),
        fc.constantFrom(1_700_000_000, "2026-11-23", "2026-11-23T10:00:00+01:00"),
      );
    case "list":
      return fc.array(type.items === undefined ? anyValue : valueFor(type.items), { maxLength: 5 });
    case "object":
      return fc.record(
        Object.fromEntries(
          Object.entries(type.properties ?? { x: { type: { type: "string" } as const } }).map(
            ([name, member]) => [name, valueFor(member.type)],
          ),
        ),
        { requiredKeys: [], noNullPrototype: true },
      );
  }
}

/** Values for a type: mostly near it, sometimes anything. */
export function valueFor(type: ValueType): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 5, arbitrary: fitting(type) }, { weight: 1, arbitrary: anyValue });
}

const CLASSES: Lock["data_classes"] = {
  none: { client: "allow", gateway: "accept", providers: {} },
  contact: { client: "forbid", gateway: "accept", providers: {} },
  secret: { client: "allow", gateway: "drop", providers: {} },
  device: { client: "allow", gateway: "hash", providers: {} },
  free_text: { client: "allow", gateway: "truncate", max: 3, providers: { mixpanel: "drop" } },
};

/** Property names; each brings old names of its own. */
const PROPERTY_NAMES = [
  "plan_tier",
  "count",
  "Flag",
  "happened at",
  "tags",
  "utm_source",
  "$plan",
  "toString",
  "distinct_id",
];
const EVENT_NAMES = ["User signs up", "Order completed", "Values sent", "cart-viewed", "$mp_click"];

function propertyFor(name: string): fc.Arbitrary<LockProperty> {
  return fc.record({
    presence: fc.constantFrom("required" as const, "optional" as const, "optional" as const),
    type: valueType,
    data: fc.constantFrom("none", "none", "none", ...Object.keys(CLASSES)),
    was: fc.constantFrom([], [`old ${name}`], [`${name}2`, `$${name}`]),
    sources: fc.constantFrom({}, { web: "omitted" as const }, { api: "required" as const }),
  });
}

function eventFor(name: string, id: string): fc.Arbitrary<LockEvent> {
  const properties = fc.uniqueArray(fc.constantFrom(...PROPERTY_NAMES), { maxLength: 6 }).chain((names) =>
    fc.record(Object.fromEntries(names.map((property) => [property, propertyFor(property)])), {
      noNullPrototype: true,
    }),
  );
  return fc
    .record({
      properties,
      sources: fc.constantFrom<LockEvent["sources"]>(
        { web: {}, api: {} },
        { web: {}, api: {} },
        { api: {} },
        {},
      ),
      unknown_property: fc.constantFrom("accept" as const, "strip" as const, "quarantine" as const),
      invalid_property: fc.constantFrom("accept" as const, "strip" as const, "quarantine" as const),
      missing_property: fc.constantFrom("accept" as const, "quarantine" as const),
      deprecated: fc.option(
        fc.record({
          to: fc.constantFrom("e0", "e1", "e2"),
          gateway: fc.constantFrom("rewrite" as const, "accept" as const, "drop" as const),
        }),
        { nil: undefined, freq: 3 },
      ),
    })
    .map(({ deprecated, ...event }) => ({
      ...event,
      name,
      tags: [],
      was: [`old ${id}`],
      ...(deprecated === undefined || deprecated.to === id ? {} : { deprecated }),
    }));
}

const profileProperties = fc
  .uniqueArray(fc.constantFrom("$email", "theme", "Visits", "list of"), { maxLength: 4 })
  .chain((names) =>
    fc.record(
      Object.fromEntries(
        names.map((name): [string, fc.Arbitrary<LockProfileProperty>] => [
          name,
          fc.record({
            name: fc.constant(name),
            type: valueType,
            data: fc.constantFrom("none", "none", ...Object.keys(CLASSES)),
            owner: fc.constantFrom("client" as const, "client" as const, "server" as const, "state" as const),
            was: fc.constantFrom([], [`old ${name}`]),
          }),
        ]),
      ),
      { noNullPrototype: true },
    ),
  );

/** Any plan that `check` would let pass. */
export const lock: fc.Arbitrary<Lock> = fc.record({
  lock: fc.constant(1 as const),
  name: fc.constant("fuzz"),
  hash: fc.constant("0"),
  plan_property: fc.constant("plan"),
  unknown_event: fc.constantFrom("accept" as const, "quarantine" as const, "drop" as const),
  sources: fc.constant({ web: { trust: "client" as const }, api: { trust: "server" as const } }),
  identity: fc.record({
    user_id: fc.constantFrom<Lock["identity"]["user_id"]>(
      { format: "uuid" },
      { format: "ulid" },
      { format: "integer" },
      { format: "any" },
      { pattern: "^[a-z]+$" },
    ),
    reset_on: fc.constant([]),
    forbidden: fc.constant(["null", "0", "anonymous"]),
    missing: fc.constantFrom("accept" as const, "quarantine" as const),
  }),
  data_classes: fc.constant(CLASSES),
  events: fc.record(
    Object.fromEntries(EVENT_NAMES.map((name, index) => [`e${index}`, eventFor(name, `e${index}`)])),
    { noNullPrototype: true },
  ),
  people: profileProperties,
  groups: fc.record({ company: profileProperties }, { noNullPrototype: true }),
  provenance: fc.constant({}),
});

/** One of the names as it stands, respelled, or any other. */
function spelled(names: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(...names),
    fc
      .tuple(fc.constantFrom(...names), fc.nat(4))
      .map(([name, how]) =>
        how === 0
          ? name.toUpperCase()
          : how === 1
            ? name.replaceAll(" ", "_")
            : how === 2
              ? name.replaceAll("_", "-")
              : how === 3
                ? `old ${name}`
                : `${name}2`,
      ),
    fc.constantFrom(
      "old e0",
      "old e1",
      "__proto__",
      "constructor",
      "time",
      "$os",
      "mp_lib",
      "alias",
      "x",
      "",
      "$identify",
      "$create_alias",
      "$merge",
    ),
  );
}

const anyId = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.ulid(),
  fc.nat(),
  fc.constantFrom<unknown>(
    "",
    null,
    "null",
    "0",
    "$device:d",
    "d",
    "ann@example.com",
    "+41 61 555 00 00",
    "abc",
    0,
    {},
    undefined,
  ),
);

/** An object whose members may be called `__proto__`. */
function entriesObject(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** An event for a plan: near its names and types, with hostile parts. */
export function eventInput(
  plan: Lock,
): fc.Arbitrary<{ source: string; event: string; properties: Record<string, unknown> }> {
  const types = new Map(
    Object.values(plan.events).flatMap(({ properties }) =>
      Object.entries(properties).map(([name, { type }]) => [name, type] as const),
    ),
  );
  const names = [...types.keys(), "unplanned"];
  const member = spelled(names).chain((name) => {
    const type = types.get(name) ?? types.get(name.replace(/^old |2$/g, ""));
    return fc.tuple(fc.constant(name), type === undefined ? anyValue : valueFor(type));
  });
  const ids = fc.array(
    fc.tuple(fc.constantFrom("distinct_id", "$user_id", "$device_id", "alias", "$identified_id"), anyId),
    { maxLength: 3 },
  );
  return fc
    .record({
      source: fc.constantFrom("web", "web", "api", "tv"),
      event: spelled(EVENT_NAMES),
      members: fc.array(member, { maxLength: 10 }),
      ids,
    })
    .map(({ source, event, members, ids }) => ({
      source,
      event,
      properties: entriesObject([...members, ...ids]),
    }));
}

/** One operator of a profile update for a plan. */
export function profileInput(plan: Lock): fc.Arbitrary<{
  source: string;
  groupKey: string | undefined;
  id: string;
  operation: (typeof PROFILE_OPERATIONS)[number];
  value: unknown;
}> {
  const properties = [...Object.values(plan.people), ...Object.values(plan.groups["company"] ?? {})];
  const types = new Map(properties.map(({ name, type }) => [name, type]));
  const name = spelled([...types.keys(), "unplanned"]);
  const member = name.chain((name) =>
    fc.tuple(fc.constant(name), fc.oneof(anyValue, valueFor(types.get(name) ?? { type: "string" }))),
  );
  return fc.record({
    source: fc.constantFrom("web", "api", "tv"),
    groupKey: fc.constantFrom(undefined, undefined, "company", "team"),
    id: fc.oneof(fc.uuid(), fc.constantFrom("", "null", "$device:d", "abc", "ann@example.com")),
    operation: fc.constantFrom(...PROFILE_OPERATIONS),
    value: fc.oneof(
      fc.array(member, { maxLength: 5 }).map(entriesObject),
      fc.array(fc.oneof(name, anyScalar), { maxLength: 4 }),
      anyValue,
    ),
  });
}

// From findings of an inventory to steps: each kind of finding, what is left to the people sync, and what waits for a yes.
import { describe, expect, test } from "vitest";
import {
  type ChangeSet,
  checkChangeSet,
  type Inventory,
  type InventoryItem,
  parseChangeSet,
  proposeChangeSet,
  writeChangeSet,
} from "../../src/cleanup/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { compile } from "../support/plans.ts";

const LOCK = compile(`plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  viewed: { name: Product viewed, description: Somebody looked, sources: { web: {} }, was: [Viewed Product] }
  ordered: { name: Order completed, description: Paid, sources: { web: {} } }
people:
  plan_tier: { type: string, owner: state, from: users.tier }
  theme: { type: string, owner: client, was: [skin] }
  opens: { type: integer, owner: client }
  cart: { type: object, owner: client }
  nickname: { type: string, owner: client, data: none }
groups:
  company: { seats: { type: integer, owner: server } }
`);

const ofProfile = (property: string, group?: string): InventoryItem["of"] => ({
  kind: "profile_property",
  property,
  ...(group === undefined ? {} : { group }),
});
const spelled = (
  bucket: "old_name" | "spelling",
  of: InventoryItem["of"],
  more: { readonly to: string; readonly count: number; readonly lastSeen?: string },
): InventoryItem => {
  const common = {
    of,
    to: more.to,
    count: more.count,
    lastSeen: more.lastSeen,
    senders: [],
    isSettled: false,
  };
  return bucket === "old_name" ? { bucket, ...common } : { bucket, isPlanned: true, ...common };
};
const mixed = (property: string, to: "string" | "integer" | "object", group?: string): InventoryItem => ({
  bucket: "mixed_types",
  of: ofProfile(property, group),
  types: {},
  to,
  count: 3,
});
const unwritten = (property: string, count = 5): InventoryItem => ({
  bucket: "without_writer",
  of: ofProfile(property),
  count,
  lastSeen: "2026-05-01",
});

const EMPTY: Inventory = {
  inventory: 1,
  destination: "product",
  plan: LOCK.hash,
  madeAt: "2026-11-25T00:00:00.000Z",
  looked: {
    from: "2026-10-26",
    to: "2026-11-24",
    every: 1,
    days: 30,
    events: 0,
    gatewayEvents: 0,
    profiles: 0,
    database: false,
  },
  notes: [],
  items: [],
  events: [
    dictionaryEvent("Product viewed", { description: "Somebody looked" }),
    dictionaryEvent("Order completed", { description: "Paid" }),
  ],
  profiles: [],
};

function dictionaryEvent(
  name: string,
  entry?: Partial<NonNullable<Inventory["events"][number]["dictionary"]>>,
  exported = 0,
): Inventory["events"][number] {
  return {
    name,
    exported,
    gateway: 0,
    isNamed: true,
    firstSeen: undefined,
    lastSeen: undefined,
    ...(entry ? { dictionary: { hidden: false, dropped: false, description: undefined, ...entry } } : {}),
  };
}

function propose(items: readonly InventoryItem[], change: Partial<Inventory> = {}, unofficial = false) {
  return proposeChangeSet({
    inventory: { ...EMPTY, ...change, items },
    lock: LOCK,
    limits: MIXPANEL_PLAN_LIMITS,
    name: "spring",
    madeAt: "2026-11-25T09:00:00.000Z",
    unofficial,
    idsFile: (file) => `spring.ids/${file}`,
    containsFilter: (property, text) => `has(${property}, ${text})`,
  });
}

/** Without the reasons, which are for people. */
function stepsOf(set: ChangeSet): readonly unknown[] {
  return set.steps.map((step) => {
    const { because, ...data } = step;
    expect(because.length).toBeGreaterThan(10);
    return data;
  });
}

describe("names of profile properties", () => {
  test("an old name is renamed; several names become one, the one seen last first", () => {
    const { changeSet } = propose([spelled("old_name", ofProfile("skin"), { to: "theme", count: 7 })]);
    expect(stepsOf(changeSet)).toEqual([
      {
        id: "rename-theme",
        operation: { do: "rename", from: "skin", to: "theme", onBoth: "keep" },
        expect: { count: 7 },
      },
    ]);
    const several = propose([
      spelled("spelling", ofProfile("Theme"), { to: "theme", count: 60, lastSeen: "2026-01-01" }),
      spelled("old_name", ofProfile("skin"), { to: "theme", count: 20, lastSeen: "2026-11-01" }),
    ]).changeSet;
    expect(stepsOf(several)).toEqual([
      {
        id: "merge-theme",
        operation: { do: "merge_spellings", from: ["skin", "Theme"], to: "theme" },
        // Between 60, when the same profiles have both, and 80.
        expect: { count: 70, withinPercent: 20 },
      },
    ]);
  });

  test("an old spelling of what the sync writes is removed, and the property itself is left alone", () => {
    const { changeSet, notes } = propose([
      spelled("spelling", ofProfile("planTier"), { to: "plan_tier", count: 30 }),
      mixed("plan_tier", "string"),
    ]);
    expect(stepsOf(changeSet)).toEqual([
      { id: "unset-plantier", operation: { do: "unset", properties: ["planTier"] }, expect: { count: 30 } },
    ]);
    expect(notes).toEqual([expect.stringContaining("plumbline people reconcile")]);
  });

  test("what nobody writes is removed, each property alone; many of them in one step, which reads profiles once", () => {
    expect(stepsOf(propose([unwritten("b"), unwritten("a")]).changeSet)).toMatchObject([
      { id: "unset-a" },
      { id: "unset-b" },
    ]);
    const many = Array.from({ length: 13 }, (_, at) => unwritten(`p${String(at).padStart(2, "0")}`));
    const { steps } = propose(many).changeSet;
    expect(steps.map(({ id }) => id)).toEqual(["unset-unplanned"]);
    expect(steps[0]?.because).toContain("`p12` on 5 profiles, last seen 2026-05-01");
  });

  test("what the provider shows people by is left to a person, and counts into no common step", () => {
    const many = Array.from({ length: 13 }, (_, at) => unwritten(`p${at}`));
    const { steps } = propose([unwritten("$email"), ...many]).changeSet;
    expect(steps.map(({ id, enabled = true }) => [id, enabled])).toEqual([
      ["unset-email", false],
      ["unset-unplanned", true],
    ]);
    expect(steps[0]?.because).toContain("Decide first");
  });

  test("a name that looks like somebody's data is not written down", () => {
    const { changeSet, notes } = propose([unwritten("(a name that looks personal)")]);
    expect(changeSet.steps).toEqual([]);
    expect(notes).toHaveLength(1);
  });
});

describe("values of profile properties", () => {
  test("are turned into the plan's type under the plan's name, after names have become one; groups apart", () => {
    const { changeSet } = propose(
      [
        mixed("Theme", "string"),
        spelled("spelling", ofProfile("Theme"), { to: "theme", count: 60 }),
        mixed("seats", "integer", "company"),
      ],
      {
        profiles: [
          {
            group: "company",
            count: 20,
            properties: [{ name: "seats", profiles: 20, fillRate: 1, types: {}, lastSeen: undefined }],
            idShapes: {},
            lastSeen: { "30d": 0, "90d": 0, "365d": 0, older: 0, unknown: 20 },
          },
        ],
      },
    );
    expect(stepsOf(changeSet)).toMatchObject([
      { id: "merge-theme" },
      { id: "retype-theme", operation: { do: "retype", property: "theme", to: "string", onMisfit: "keep" } },
      { id: "company-retype-seats", group: "company", expect: { count: 20 } },
    ]);
  });

  test("that cannot be turned are said", () => {
    const { changeSet, notes } = propose([mixed("cart", "object")]);
    expect(changeSet.steps).toEqual([]);
    expect(notes).toEqual([expect.stringContaining("`cart`")]);
  });

  test("that give somebody away wait for a decision, and concern only those who have an address there", () => {
    const personal = (property: string): InventoryItem => ({
      bucket: "personal_data",
      of: ofProfile(property),
      found: ["email"],
      data: "none",
      count: 2,
      looked: 30,
    });
    const { changeSet, notes } = propose([personal("nickname"), personal("plan_tier")]);
    expect(stepsOf(changeSet)).toEqual([
      {
        id: "personal-nickname",
        enabled: false,
        operation: { do: "unset", properties: ["nickname"] },
        of: { kind: "where", where: "has(nickname, @)" },
      },
    ]);
    expect(notes).toEqual([expect.stringContaining("plan_tier")]);
  });
});

describe("profiles", () => {
  test("of one person and without a user wait for a yes, by file; ids that the plan refuses are another command's", () => {
    const of = { kind: "profiles" } as const;
    const { changeSet, notes, idsFiles } = propose([
      { bucket: "duplicate_profiles", of, by: "$email", people: 4, count: 5 },
      { bucket: "profiles_without_user", of, count: 35, idsFile: "users-without-user.ids" },
      { bucket: "unfit_ids", of, shape: "email", count: 15 },
    ]);
    expect(stepsOf(changeSet)).toMatchObject([
      {
        id: "deduplicate-by-email",
        enabled: false,
        operation: { do: "deduplicate", by: "$email", survivor: "user_id_format", merge: true },
        of: { kind: "property", property: "$email" },
      },
      {
        id: "delete-profiles-without-a-user",
        enabled: false,
        of: { kind: "file", file: "spring.ids/users-without-user.ids" },
        expect: { count: 35 },
      },
    ]);
    expect(idsFiles).toEqual(["users-without-user.ids"]);
    expect(notes).toEqual([expect.stringContaining("plumbline ids plan")]);
  });
});

describe("events", () => {
  const ofEvent = (event: string) => ({ kind: "event", event }) as const;
  const stray = (event: string, isSettled = false): InventoryItem => ({
    bucket: "seen_unplanned",
    of: ofEvent(event),
    count: 5,
    lastSeen: undefined,
    senders: [],
    isSettled,
  });

  test("nobody planned are hidden and not dropped; tags of people's own stay; what is hidden already is left", () => {
    const events = [...EMPTY.events, dictionaryEvent("Debug", {}), dictionaryEvent("New one")];
    const { changeSet } = propose([stray("Debug"), stray("New one"), stray("Gone", true)], { events });
    expect(stepsOf(changeSet)).toEqual([
      {
        id: "dictionary",
        operation: {
          do: "dictionary",
          entries: [
            { entity: "event", name: "Debug", set: { hidden: true } },
            { entity: "event", name: "New one", set: { hidden: true, tags: ["not in the plan"] } },
          ],
        },
        expect: { count: 2, withinPercent: 0 },
      },
    ]);
  });

  test("under old names are hidden, and imported again only when somebody says so; deletion only where it is allowed", () => {
    const items = [spelled("old_name", ofEvent("Viewed Product"), { to: "Product viewed", count: 7 })];
    const events = [...EMPTY.events, dictionaryEvent("Viewed Product", {}, 7)];
    const again = { do: "reimport_events", from: "2026-10-26", to: "2026-11-24", events: ["Viewed Product"] };
    expect(stepsOf(propose(items, { events }).changeSet)).toMatchObject([
      {
        id: "reimport-past-events",
        enabled: false,
        operation: { ...again, old: "keep" },
        expect: { count: 7 },
      },
      { id: "dictionary" },
    ]);
    expect(stepsOf(propose(items, { events }, true).changeSet)[0]).toMatchObject({
      operation: { ...again, old: "delete" },
    });
  });

  test("of the plan get its description and are shown; one that the provider drops is said", () => {
    const { changeSet, notes } = propose([], {
      events: [
        dictionaryEvent("Product viewed", { hidden: true, description: "ask Tim" }),
        dictionaryEvent("Order completed", { dropped: true, description: "Paid" }),
      ],
    });
    expect(stepsOf(changeSet)).toMatchObject([
      {
        id: "dictionary",
        operation: {
          entries: [
            {
              entity: "event",
              name: "Product viewed",
              set: { hidden: false, description: "Somebody looked" },
            },
          ],
        },
      },
    ]);
    expect(notes).toEqual([expect.stringContaining("Order completed")]);
  });
});

test("what is proposed passes its own checks and is read again as the same; a tidy project gets nothing", () => {
  const { changeSet } = propose([
    spelled("spelling", ofProfile("Theme"), { to: "theme", count: 6 }),
    mixed("theme", "string"),
    mixed("opens", "integer"),
    unwritten("Ärger & Söhne"),
    unwritten("ärger_söhne"),
    spelled("spelling", ofProfile("planTier"), { to: "plan_tier", count: 3 }),
  ]);
  expect(new Set(changeSet.steps.map(({ id }) => id)).size).toBe(changeSet.steps.length);
  const parsed = parseChangeSet(writeChangeSet(changeSet, new Map()), "spring.yaml");
  expect(parsed).toMatchObject({ kind: "change-set", changeSet });
  expect(checkChangeSet(changeSet, { lock: LOCK, unofficial: false, limits: MIXPANEL_PLAN_LIMITS })).toEqual(
    [],
  );
  expect(propose([]).changeSet.steps).toEqual([]);
});

// Other tools' plans, as each of them writes them: taken over, and usable as they are.
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  joinDrafts,
  makeTrafficProfile,
  proposePlan,
  readPlanExport,
  writePlan,
} from "../../src/infer/index.ts";
import { MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { compile } from "../support/plans.ts";

const SIGN_UP = {
  type: "object",
  properties: {
    plan: { type: "string", enum: ["free", "plus"], description: "What the customer pays for" },
    seats: { type: ["integer", "null"] },
    invited_at: { type: "string", format: "date-time" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["plan"],
};

const SEGMENT = {
  name: "shop",
  rules: [
    {
      key: "User Signed Up",
      type: "TRACK",
      version: 1,
      jsonSchema: { properties: { properties: { properties: { old: { type: "string" } } } } },
    },
    {
      key: "User Signed Up",
      type: "TRACK",
      version: 2,
      jsonSchema: {
        $schema: "http://json-schema.org/draft-07/schema#",
        description: "The account exists",
        properties: { context: {}, traits: {}, properties: SIGN_UP },
      },
    },
    {
      key: null,
      type: "IDENTIFY",
      version: 1,
      jsonSchema: { properties: { traits: { properties: { theme: { type: "string" } } } } },
    },
  ],
};

const RUDDER = `
version: rudder/v1
kind: properties
metadata: { name: shop }
spec:
  properties:
    - { id: plan, name: plan, type: string, description: What the customer pays for, config: { enum: [free, plus] } }
    - { id: seats, name: seats, types: [integer, "null"] }
    - { id: invited, name: invited_at, type: string, config: { format: date-time } }
    - { id: tags, name: tags, type: array, item_type: string }
---
version: rudder/v1
kind: events
metadata: { name: shop }
spec:
  events:
    - { id: signup, name: User Signed Up, event_type: track, description: The account exists }
    - { id: seen, name: Home, event_type: page }
---
version: rudder/v1
kind: tracking-plan
metadata: { name: shop }
spec:
  id: shop
  rules:
    - type: event_rule
      id: signup
      event: "#event:signup"
      properties:
        - { property: "#property:plan", required: true }
        - { property: "#property:seats" }
        - { property: "#property:invited" }
        - { property: "#property:tags" }
`;

const LEXICON = {
  status: "ok",
  results: [
    {
      entityType: "event",
      name: "User Signed Up",
      schemaJson: {
        ...SIGN_UP,
        description: "The account exists",
        metadata: { "com.mixpanel": { tags: ["growth"] } },
      },
    },
    { entityType: "event", name: "$mp_web_page_view", schemaJson: { properties: {} } },
    {
      entityType: "profile",
      name: "$user",
      schemaJson: { properties: { theme: { type: "string" }, $email: { type: "string" } } },
    },
  ],
};

const AVO = {
  events: [
    {
      id: "x1",
      name: "User Signed Up",
      description: "The account exists",
      rules: { properties: { properties: SIGN_UP } },
    },
  ],
};

const AMPLITUDE = {
  success: true,
  data: [
    { event_type: "User Signed Up", description: "The account exists" },
    {
      event_type: "User Signed Up",
      event_property: "plan",
      type: "string",
      enum_values: "free,plus",
      is_required: true,
      description: "What the customer pays for",
    },
    {
      event_type: "User Signed Up",
      event_property: "tags",
      type: "string",
      is_array_type: true,
      is_required: false,
    },
  ],
};

const rudderDocuments = [...parseAllDocuments(RUDDER)].map((document) => document.toJS() as unknown);

describe("a plan of another tool", () => {
  test.each<[string, readonly unknown[], boolean]>([
    ["Segment", [SEGMENT], true],
    ["RudderStack", rudderDocuments, true],
    ["Mixpanel Lexicon", [LEXICON], true],
    ["Avo", [AVO], true],
    ["Amplitude", [AMPLITUDE], false],
  ])("%s becomes a plan that passes check", (tool, documents, isWhole) => {
    const draft = readPlanExport(documents, "shop");
    if (draft === undefined) throw new Error("not recognised");
    expect(draft.head[0]).toContain(tool);
    const { text, findings } = writePlan(draft, [MIXPANEL_PLAN_LIMITS]);
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
    const { events } = compile(text);
    expect(Object.keys(events)).toEqual(["userSignedUp"]);
    expect(events["userSignedUp"]).toMatchObject({
      name: "User Signed Up",
      description: "The account exists",
      properties: {
        plan: {
          presence: "required",
          type: { type: "string", enum: ["free", "plus"] },
          description: "What the customer pays for",
        },
        tags: { presence: "optional", type: { type: "list", items: { type: "string" } } },
        ...(isWhole
          ? {
              seats: { presence: "optional", type: { type: "integer", nullable: true } },
              invited_at: { type: { type: "datetime" } },
            }
          : {}),
      },
    });
  });

  test("profile properties of Segment and the Lexicon become `people`", () => {
    for (const document of [SEGMENT, LEXICON]) {
      const draft = readPlanExport([document], "shop");
      expect(draft?.people.get("theme")).toMatchObject({ name: "theme", type: { type: "string" } });
    }
  });

  test("what is no plan of a known tool is not taken for one", () => {
    for (const document of [{}, [], null, { event: "a", properties: {} }, { rules: [] }, { events: ["a"] }])
      expect(readPlanExport([document], "shop")).toBeUndefined();
  });

  test("beside traffic it explains what was seen, and what is only planned stays optional", () => {
    const profile = makeTrafficProfile({ forbiddenIds: [] });
    for (let user = 0; user < 200; user++)
      profile.add({
        event: "user signed up",
        properties: {
          distinct_id: `u${user}`,
          time: 1_790_000_000,
          mp_lib: "web",
          plan: user % 2 ? "free" : "team",
        },
      });
    const seen = proposePlan(profile, { name: "shop" }).draft;
    const planned = readPlanExport([SEGMENT], "shop");
    if (planned === undefined) throw new Error("not recognised");
    const { text } = writePlan(joinDrafts(seen, planned), [MIXPANEL_PLAN_LIMITS]);
    expect(compile(text).events["userSignedUp"]).toMatchObject({
      name: "user signed up",
      description: "The account exists",
      properties: {
        plan: {
          presence: "required",
          type: { enum: ["free", "team"] },
          description: "What the customer pays for",
        },
        seats: { presence: "optional" },
      },
    });
  });
});

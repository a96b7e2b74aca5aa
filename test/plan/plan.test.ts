import { describe, expect, test } from "vitest";
import { formatFindings, lockText, parseLock } from "../../src/plan/index.ts";
import { check } from "../support/plans.ts";

const HEAD =
  "plumbline: 1\nname: shop\nsources: { web: { trust: client } }\nidentity: { user_id: { format: uuid } }\n";
const SIGN_UP = `events:
  userSignsUp:
    name: User signs up
    description: The account exists
    owner: growth
    sources: { web: {} }
    was: [User Signed Up]
    properties: { plan_tier: required }
`;
const ORDER = `events:
  orderCompleted:
    name: Order completed
    description: Paid
    owner: payments
    sources: { web: {} }
    properties: { plan_tier: optional, total: { type: number, data: none, description: Euros } }
`;
const PROPERTIES =
  "properties: { plan_tier: { type: string, enum: [free, pro], data: none, description: Tier } }\n";

function lockOf(files: Readonly<Record<string, string>>): string {
  const { lock, findings } = check(files);
  if (!lock) throw new Error(JSON.stringify(findings));
  return lockText(lock);
}

describe("the lock", () => {
  const whole = lockOf({
    "plan.yaml": `${HEAD}include: [parts/*.yaml]\n`,
    "parts/a.yaml": SIGN_UP,
    "parts/b.yaml": ORDER,
    "parts/c.yaml": PROPERTIES,
  });

  test("is the same text twice, and reads back as it was", () => {
    expect(lockText(parseLock(whole))).toBe(whole);
    expect(whole.endsWith("\n")).toBe(true);
  });

  test("does not depend on the order of keys inside a file", () => {
    const swapped = HEAD.split("\n")
      .filter((line) => line !== "")
      .reverse()
      .join("\n");
    const one = lockOf({ "plan.yaml": `${HEAD}${PROPERTIES}${SIGN_UP}` });
    const two = lockOf({ "plan.yaml": `${SIGN_UP}${PROPERTIES}${swapped}\n` });
    const withoutPlaces = (text: string) =>
      JSON.parse(text, (key, value: unknown) => (key === "provenance" ? undefined : value)) as {
        hash: string;
      };
    expect(withoutPlaces(two)).toEqual(withoutPlaces(one));
  });

  test("does not depend on line ends or a byte order mark", () => {
    const unix = `${HEAD}${PROPERTIES}${SIGN_UP}`;
    expect(lockOf({ "plan.yaml": unix.replaceAll("\n", "\r\n") })).toBe(lockOf({ "plan.yaml": unix }));
  });

  test("has the same hash from JSON as from YAML", () => {
    const yaml = check({ "plan.yaml": `${HEAD}${PROPERTIES}${SIGN_UP}` }).lock;
    const json = check(
      {
        "plan.json": JSON.stringify({
          plumbline: 1,
          name: "shop",
          sources: { web: { trust: "client" } },
          identity: { user_id: { format: "uuid" } },
          properties: {
            plan_tier: { type: "string", enum: ["free", "pro"], data: "none", description: "Tier" },
          },
          events: {
            userSignsUp: {
              name: "User signs up",
              description: "The account exists",
              owner: "growth",
              sources: { web: {} },
              was: ["User Signed Up"],
              properties: { plan_tier: "required" },
            },
          },
        }),
      },
      "plan.json",
    ).lock;
    expect(json?.hash).toBe(yaml?.hash);
  });

  test("changes its hash with what it allows", () => {
    const one = check({ "plan.yaml": `${HEAD}${PROPERTIES}${SIGN_UP}` }).lock?.hash;
    const two = check({ "plan.yaml": `${HEAD}${PROPERTIES.replace("pro]", "pro, team]")}${SIGN_UP}` }).lock
      ?.hash;
    expect(one).toMatch(/^[0-9a-f]{16,}$/);
    expect(two).not.toBe(one);
  });

  test("a lock that was edited by hand is refused with its code", () => {
    expect(() => parseLock(whole.replace("Tier", "Tear"))).toThrow(
      expect.objectContaining({ code: "PLAN_LOCK_INVALID" }),
    );
    expect(() => parseLock("{}")).toThrow(expect.objectContaining({ code: "PLAN_LOCK_INVALID" }));
    expect(() => parseLock("not json")).toThrow(expect.objectContaining({ code: "PLAN_LOCK_INVALID" }));
  });
});

describe("findings", () => {
  test("come all at once, over all files, each with its place", () => {
    const { findings, lock } = check({
      "plan.yaml": `${HEAD}include: [parts/*.yaml]\n`,
      "parts/a.yaml": SIGN_UP.replace("owner: growth", "ownr: growth"),
      "parts/b.yaml": ORDER.replace("type: number", "type: nmber"),
      "parts/c.yaml": "events: [\n",
    });
    expect(lock).toBeUndefined();
    expect(findings.map(({ id, where }) => `${where?.file}:${where?.line} ${id}`)).toEqual(
      expect.arrayContaining([
        "parts/a.yaml:5 unknown-key",
        "parts/b.yaml:7 bad-value",
        "parts/c.yaml:2 yaml-syntax",
      ]),
    );
  });

  test("say nothing about what only seems missing because another part cannot be read", () => {
    const { findings } = check({
      "plan.yaml": `${HEAD.replace("format: uuid }", "format: uuid }, hints: x")}${PROPERTIES.replace("enum", "enumm")}${SIGN_UP}`,
    });
    expect(findings.map(({ id }) => id).sort()).toEqual(["unknown-key", "unknown-key"]);
  });

  test("suggest what was probably meant", () => {
    const { findings } = check({
      "plan.yaml": `${HEAD}${PROPERTIES}${SIGN_UP.replace("plan_tier", "plan_teir")}`,
    });
    expect(findings.find(({ id }) => id === "dangling-reference")?.fix).toContain("plan_tier");
  });

  const NO_OWNER = `${HEAD}${PROPERTIES}${SIGN_UP.replace("    owner: growth\n", "")}`;

  test("levels are the plan's to choose, except of what makes a plan unusable", () => {
    const level = (lint: string) =>
      check({ "plan.yaml": `${NO_OWNER}lint: { rules: { ${lint} } }\n` }).findings.map(
        (one) => `${one.id} ${one.level}`,
      );
    expect(level("missing-owner: error")).toEqual(["missing-owner error"]);
    expect(level("missing-owner: off")).toEqual([]);
    const fixed = check({ "plan.yaml": `${HEAD}${SIGN_UP}lint: { rules: { dangling-reference: off } }\n` });
    expect(fixed.lock).toBeUndefined();
  });

  test("an ignore needs a reason and a date, and ends on it", () => {
    const ignored = (ignore: string) =>
      check({ "plan.yaml": `${NO_OWNER}lint: { ignore: [${ignore}] }\n` }).findings.map(({ id }) => id);
    expect(
      ignored(
        '{ rule: missing-owner, at: "events.userSignsUp", reason: Team not named yet, until: 2027-01-01 }',
      ),
    ).toEqual([]);
    expect(ignored('{ rule: missing-owner, at: "events.userSignsUp", until: 2027-01-01 }')).toContain(
      "bad-value",
    );
    expect(ignored('{ rule: missing-owner, at: "events.userSignsUp", reason: x }')).toContain("bad-value");
    expect(
      ignored('{ rule: missing-owner, at: "events.userSignsUp", reason: x, until: 2026-01-01 }'),
    ).toEqual(expect.arrayContaining(["missing-owner", "expired-ignore"]));
    expect(
      ignored('{ rule: missing-description, at: "events.userSignsUp", reason: x, until: 2027-01-01 }'),
    ).toContain("unused-ignore");
  });

  test("never throw, whatever stands in the file", () => {
    for (const text of [
      "",
      "[]",
      "null",
      "a: &x 1\nb: *x",
      "!!js/function x",
      "plumbline: 2",
      "\u0000",
      "events: { __proto__: { name: x } }",
      "- ".repeat(5000),
    ])
      expect(() => check({ "plan.yaml": text })).not.toThrow();
    expect(check({}).findings.map(({ id }) => id)).toEqual(["unresolved-include"]);
  });

  test("as text for people and for tools", () => {
    const { findings } = check({ "plan.yaml": NO_OWNER });
    expect(formatFindings(findings, "text")).toContain("plan.yaml:");
    expect(formatFindings(findings, "github")).toMatch(/^::warning file=plan\.yaml,line=\d+,col=\d+/);
  });
});

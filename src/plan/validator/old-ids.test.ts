// What becomes of ids that old releases send, by the forms and dates of a plan, and by what is known of their owners.
import { describe, expect, test } from "vitest";
import { compile } from "../../../test/support/plans.ts";
import type { EventJudgement, OldIdOwner } from "../judgement.ts";
import { makeValidator } from "./make-validator.ts";
import { makeSupportingValidator } from "./older-plans.ts";
import { planStamp } from "./plan-stamp.ts";

const ADA = "0190a5e0-1111-7222-8333-000000000001";
const BOB = "0190a5e0-1111-7222-8333-000000000002";
const LAST_DAY = Date.UTC(2099, 2, 1, 23, 59, 59, 999);
const plan = (identity: string): string => `plumbline: 1
name: shop
sources: { web: { trust: client } }
identity: ${identity}
lint: { rules: { missing-description: off, missing-owner: off, missing-data-class: off } }
events: { opened: { name: Opened, sources: [web] } }
people: { nick: { type: string, owner: client } }
`;
const lock = compile(
  plan(`
  user_id: { format: uuid }
  translate:
    email: { from: users.email, until: 2099-03-01 }
    phone: { from: users.phone, until: 2099-03-01 }
    legacy: { pattern: "^u[0-9]+$", from: users.legacy, until: 2098-12-31 }`),
);
const validator = makeValidator(lock);
const OWNERS: Readonly<Record<string, OldIdOwner>> = {
  "ada@example.com": { kind: "user", id: ADA },
  "+41615550000": { kind: "user", id: ADA },
  u7: { kind: "user", id: BOB.toUpperCase() },
  "shared@example.com": { kind: "ambiguous" },
  "odd@example.com": { kind: "user", id: "42" },
  "held@example.com": { kind: "held" },
  u8: { kind: "held" },
};
const at = (receivedAt: number) => ({
  receivedAt,
  ownerOf: (spelling: string): OldIdOwner => OWNERS[spelling] ?? { kind: "unknown" },
});

function judge(properties: Record<string, unknown>, event = "Opened", receivedAt = 0): EventJudgement {
  return validator.judgeEvent({ source: "web", event, properties, oldIds: at(receivedAt) });
}
const outcome = ({ verdict, repairs, findings, output }: EventJudgement) => ({
  verdict,
  repairs: repairs.map(({ rule, at: place }) => `${rule} at ${place}`),
  findings: findings.map(({ id, at: place }) => `${id} at ${place}`),
  properties: output?.properties,
});

describe("an event", () => {
  test("an old id that is known becomes its user's wherever it names the user; the device stays", () => {
    const sent = {
      distinct_id: "ada@example.com",
      $user_id: " Ada@Example.com ",
      $identified_id: "+41 (61) 555-00-00",
      $device_id: "ada@example.com-device",
    };
    expect(outcome(judge(sent))).toEqual({
      verdict: "repaired",
      repairs: ["distinct_id", "$user_id", "$identified_id"].map(
        (name) => `id-translated at properties.${name}`,
      ),
      findings: [],
      properties: {
        distinct_id: ADA,
        $user_id: ADA,
        $identified_id: ADA,
        $device_id: "ada@example.com-device",
      },
    });
  });

  test.each([
    ["nobody has it", "new@example.com", "identity-untranslated"],
    ["two users have had it", "shared@example.com", "identity-ambiguous"],
    ["its user's id is none of the plan's", "odd@example.com", "identity-email"],
    ["it is a placeholder", "undefined", "identity-forbidden"],
    ["it has none of the forms", "x-1", "identity-format"],
  ])("where %s it waits, with a reason of its own", (_, id, finding) => {
    expect(outcome(judge({ distinct_id: id }))).toMatchObject({
      verdict: "quarantined",
      findings: [`${finding} at properties.distinct_id`],
    });
  });

  test("without anybody who knows, it is refused as where the plan translates nothing", () => {
    const properties = { distinct_id: "ada@example.com" };
    const judged = validator.judgeEvent({ source: "web", event: "Opened", properties });
    expect(judged.findings.map(({ id }) => id)).toEqual(["identity-email"]);
  });

  test("the date is the last day, of each entry by itself, by when it arrived", () => {
    expect(judge({ distinct_id: "ada@example.com" }, "Opened", LAST_DAY).verdict).toBe("repaired");
    const late = judge({ distinct_id: "ada@example.com" }, "Opened", LAST_DAY + 1);
    expect(late.findings.map(({ id }) => id)).toEqual(["identity-email"]);
    expect(outcome(judge({ distinct_id: "u7" })).properties).toEqual({ distinct_id: BOB });
    expect(judge({ distinct_id: "u7" }, "Opened", LAST_DAY).findings.map(({ id }) => id)).toEqual([
      "identity-format",
    ]);
  });

  test("an anonymous id is left alone, whatever it looks like", () => {
    const sent = { distinct_id: "ada@example.com", $device_id: "ada@example.com" };
    expect(outcome(judge(sent))).toMatchObject({ verdict: "accepted", properties: sent });
  });
});

describe("identity events", () => {
  test("from the address to the user's id: nothing is left to join, and the device still learns its user", () => {
    const sent = { distinct_id: ADA, $anon_distinct_id: "ada@example.com", $user_id: ADA, $device_id: "d-1" };
    expect(outcome(judge(sent, "$identify"))).toMatchObject({
      verdict: "repaired",
      properties: { distinct_id: ADA, $anon_distinct_id: ADA, $user_id: ADA, $device_id: "d-1" },
    });
  });

  test("an alias or a merge of one person's two ids is let go; with a device it is translated", () => {
    expect(judge({ distinct_id: ADA, alias: "ada@example.com" }, "$create_alias").verdict).toBe("dropped");
    expect(judge({ distinct_id: "ada@example.com", alias: ADA }, "$create_alias").verdict).toBe("dropped");
    expect(judge({ $distinct_ids: ["ada@example.com", ADA] }, "$merge").verdict).toBe("dropped");
    const alias = judge({ distinct_id: "d-1", alias: "ada@example.com" }, "$create_alias");
    expect(outcome(alias).properties).toEqual({ distinct_id: "d-1", alias: ADA });
    const merge = judge({ $distinct_ids: ["ada@example.com", "d-1"] }, "$merge");
    expect(outcome(merge).properties).toEqual({ $distinct_ids: [ADA, "d-1"] });
  });

  test("an unknown address in the place of a device waits; what may be a device's id does not", () => {
    const identify = (anonymous: string) =>
      judge({ distinct_id: ADA, $anon_distinct_id: anonymous }, "$identify");
    expect(outcome(identify("new@example.com"))).toMatchObject({
      verdict: "quarantined",
      findings: ["identity-untranslated at properties.$anon_distinct_id"],
    });
    expect(identify("u999").verdict).toBe("accepted");
    expect(identify("u8").findings.map(({ id }) => id)).toEqual(["identity-untranslated"]);
    expect(identify("$device:d-1").verdict).toBe("accepted");
    expect(identify("shared@example.com").findings.map(({ id }) => id)).toEqual(["identity-ambiguous"]);
  });
});

describe("a profile update", () => {
  const update = (id: string, operation: "$set" | "$delete") =>
    validator.judgeProfile({
      source: "web",
      groupKey: undefined,
      id,
      operation,
      value: operation === "$set" ? { nick: "a" } : "",
      oldIds: at(0),
    });

  test("goes to the user's profile, or waits", () => {
    expect(update("ada@example.com", "$set")).toMatchObject({ id: ADA, verdict: "repaired" });
    expect(update("new@example.com", "$set")).toMatchObject({ verdict: "quarantined", output: undefined });
  });

  test("a deletion takes the user's profile where the id is known, and that of the old id where it is not", () => {
    expect(update("ada@example.com", "$delete")).toMatchObject({ id: ADA, output: "" });
    expect(update("new@example.com", "$delete")).toMatchObject({ id: "new@example.com", output: "" });
    expect(update("held@example.com", "$delete")).toMatchObject({
      verdict: "quarantined",
      output: undefined,
    });
  });
});

test("a release made from an older plan, which took addresses for ids, is translated too", () => {
  const older = compile(plan("{ user_id: { format: any } }"));
  const supporting = makeSupportingValidator(
    { ...lock, support: { web: "30d" } },
    { stamps: new Set([planStamp(older)]), find: () => ({ lock: older, retiredAt: 0 }) },
  );
  const properties = { distinct_id: "ada@example.com", [lock.plan_property]: planStamp(older), time: 1 };
  const judged = supporting.judgeEvent({ source: "web", event: "Opened", properties, oldIds: at(0) });
  expect(outcome(judged)).toMatchObject({ verdict: "repaired", properties: { distinct_id: ADA } });
});

test("a date that has passed, and the form of the user's own ids, are findings of check", () => {
  expect(() =>
    compile(plan("{ user_id: { format: uuid }, translate: { uuid: { from: a.b, until: 2099-01-01 } } }")),
  ).toThrow(/identity-translate/);
  expect(() =>
    compile(plan("{ user_id: { format: any }, translate: { any: { from: a.b, until: 2099-01-01 } } }")),
  ).toThrow(/identity-translate/);
  expect(() =>
    compile(plan("{ user_id: { format: any }, translate: { email: { from: a.b, until: 2099-01-01 } } }")),
  ).not.toThrow();
});

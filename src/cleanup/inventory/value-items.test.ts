import { describe, expect, test } from "vitest";
import { PERSONAL, personalText } from "../../infer/index.ts";
import { valueItems } from "./value-items.ts";

const OF = { kind: "profile_property", property: "note" } as const;

/** Kinds that are told of these texts, under a class of the plan. */
function found(texts: readonly string[], data = "none"): readonly string[] {
  const personal = PERSONAL.map((_, kind) => texts.filter((text) => personalText(text) === kind).length);
  const kinds = [texts.length, 0, 0, 0, 0, 0, 0];
  const items = valueItems(OF, { kinds, personal, looked: texts.length }, { type: { type: "string" }, data });
  return items.flatMap((item) => (item.bucket === "personal_data" ? item.found : []));
}

describe("personal data in values", () => {
  test("an e-mail address within the address of a page is told, plain or encoded; a page with a query is not", () => {
    expect(found(["https://shop.example/?email=ada@example.com"])).toEqual(["email-inside"]);
    expect(found(["https://shop.example/?email=ada%40example.com&x=1"])).toEqual(["email-inside"]);
    expect(found(["https://shop.example/?utm_source=mail", "https://a.example/@ada/post?x=1"])).toEqual([]);
  });

  test("one or two texts like telephone numbers among others are numbers of something else", () => {
    const others = Array.from({ length: 10 }, (_, at) => `word ${at}`);
    const phone = "+49 30 1234567";
    expect(found([phone, phone, ...others])).toEqual([]);
    expect(found([phone, phone, phone, ...others])).toEqual(["phone"]);
    expect(found([phone])).toEqual(["phone"]);
    expect(found(["ada@example.com", ...others])).toEqual(["email"]);
  });

  test("is nothing to tell where the plan's class expects it", () => {
    expect(found(["ada@example.com", "+49 30 1234567"], "contact")).toEqual([]);
  });
});

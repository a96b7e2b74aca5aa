// `plumbline rename` as a process: one file changes, the rest of it stays as it was, and what the new plan means is a rename.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { makeRepository } from "../support/repository.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const parent = tempDirectory("rename");
let folder = "";

const FILES: Readonly<Record<string, string>> = {
  "plan.yaml": `plumbline: 1
name: shop
include: [plan/*.yaml]
sources: [] # replaced below
`.replace(
    "sources: [] # replaced below\n",
    "sources: { web: { trust: client } }\nidentity: { user_id: { format: uuid } }\n",
  ),
  "plan/shared.yaml": `properties:
  # Money is money
  total: { type: number, data: none, description: What it cost }   # with tax
groups_of_properties:
  cart:
    cart_id: { type: string, data: none, description: Id of the cart }
`,
  "plan/orders.yaml": `events:
  # The most important one
  orderPlaced:
    name: Order placed      # as the board calls it
    description: The order reached us
    owner: shop
    use: [cart]
    properties:
      total: required
      coupon:
        type: string
        data: none
        description: Code of the coupon
  orderPaid:
    name: Order paid
    description: The money arrived
    owner: shop
    properties:
      total: required
      coupon: { type: string, data: none, description: Code of the coupon }
      method: { type: string, data: none, description: How it was paid }
`,
  "plan/people.yaml": `people:
  seats: { type: integer, data: none, owner: state, description: Paid seats }
groups:
  company:
    seats: { type: integer, data: none, owner: server, description: Paid seats }
`,
};

const run = (...args: string[]) => plumbline(["rename", ...args], { cwd: folder });
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const unchangedBut = (...changed: string[]) =>
  Object.keys(FILES).filter((name) => read(name) !== FILES[name] && !changed.includes(name));
const kinds = async (): Promise<readonly string[]> => {
  const { stdout } = await plumbline(["diff", "HEAD", "--json"], { cwd: folder });
  return (JSON.parse(stdout) as { changes: { kind: string; at: string }[] }).changes.map(
    ({ kind, at }) => `${kind} ${at}`,
  );
};

beforeEach(() => {
  folder = mkdtempSync(join(parent, "plan-"));
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  makeRepository(folder).commit({});
});

test("a dry run shows the change and the list, and writes nothing", async () => {
  const { code, stdout } = await run("event", "orderPlaced", "Order submitted");
  expect(code).toBe(0);
  expect(stdout).toContain("--- plan/orders.yaml");
  expect(stdout).toContain("-    name: Order placed      # as the board calls it");
  expect(stdout).toContain(
    "+    name: Order submitted      # as the board calls it\n+    was: [Order placed]",
  );
  expect(stdout).toContain("Dry run");
  expect(stdout).toContain('merge "Order placed" into "Order submitted"');
  expect(unchangedBut()).toEqual([]);
});

describe("--apply", () => {
  test.each([
    ["event", "orderPlaced", "Order submitted", "plan/orders.yaml", ["event-renamed events.orderPlaced"]],
    ["event", "events.orderPaid", "Order settled", "plan/orders.yaml", ["event-renamed events.orderPaid"]],
    ["property", "total", "amount", "plan/shared.yaml", ["property-renamed properties.amount"]],
    [
      "property",
      "cart_id",
      "basket_id",
      "plan/shared.yaml",
      ["property-renamed events.orderPlaced.properties.basket_id"],
    ],
    [
      "property",
      "method",
      "payment_method",
      "plan/orders.yaml",
      ["property-renamed events.orderPaid.properties.payment_method"],
    ],
    [
      "property",
      "events.orderPlaced.coupon",
      "voucher",
      "plan/orders.yaml",
      ["property-renamed events.orderPlaced.properties.voucher"],
    ],
    ["profile", "seats", "paid_seats", "plan/people.yaml", ["people-renamed people.seats"]],
    [
      "profile",
      "groups.company.seats",
      "paid_seats",
      "plan/people.yaml",
      ["people-renamed groups.company.seats"],
    ],
  ])("%s %s", async (kind, id, name, file, expected) => {
    const { code, stderr } = await run(kind, id, name, "--apply");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(unchangedBut(file)).toEqual([]);
    const old = FILES[file]?.split("\n") ?? [];
    const lost = old.filter((line) => !read(file).split("\n").includes(line));
    expect(lost.length).toBeLessThanOrEqual(1);
    expect(await kinds()).toEqual(expected);
    expect((await plumbline(["check"], { cwd: folder })).code).toBe(0);
  });

  test("--json says what happened and what else must", async () => {
    const { stdout } = await run("profile", "seats", "paid_seats", "--apply", "--json");
    const result = JSON.parse(stdout) as { steps: { axis: string; what: string }[] };
    expect(result).toMatchObject({ at: "people.seats", from: "seats", to: "paid_seats", applied: true });
    expect(result.steps.filter(({ axis }) => axis === "provider").map(({ what }) => what)).toEqual([
      expect.stringContaining("backfill"),
      expect.stringContaining("unset"),
    ]);
  });
});

describe("nothing is written when", () => {
  test.each([
    ["the id is unknown", ["event", "orderPlacd", "X"], 3, "did you mean orderPlaced"],
    [
      "the property stands in two places",
      ["property", "coupon", "voucher"],
      3,
      "events.orderPaid.properties.coupon",
    ],
    [
      "it refers to a shared property",
      ["property", "events.orderPaid.total", "amount"],
      3,
      "RENAME_NOT_HERE",
    ],
    ["the name is that of another event", ["event", "orderPlaced", "Order paid"], 1, "duplicate-name"],
    ["the name is like that of another event", ["event", "orderPlaced", "order_paid"], 1, "similar-names"],
    ["the event has another property of that name", ["property", "method", "coupon"], 3, "RENAME_NAME_TAKEN"],
    ["the name is the same", ["event", "orderPlaced", "Order placed"], 3, "RENAME_NAME_TAKEN"],
    ["the name is reserved", ["property", "method", "distinct_id"], 1, "reserved-name"],
    ["the name is empty", ["event", "orderPlaced", ""], 2, "not empty"],
    ["the kind is none", ["events", "orderPlaced", "X"], 2, "Allowed choices"],
  ])("%s", async (_, args, expected, text) => {
    const { code, stderr } = await run(...args, "--apply");
    expect(stderr).toContain(text);
    expect(code).toBe(expected);
    expect(unchangedBut()).toEqual([]);
  });

  test("the plan is wrong already", async () => {
    writeFileSync(join(folder, "plan/broken.yaml"), "events:\n  x: { nme: X }\n");
    const { code, stderr } = await run("event", "orderPlaced", "Order submitted", "--apply");
    expect(stderr).toContain("plan/broken.yaml:2:");
    expect(code).toBe(1);
    expect(unchangedBut()).toEqual([]);
  });
});

// `people` of plumbline.yaml: every setting arrives, every mistake has its place, no password needs to stand there.
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/cli/config/parse-config.ts";

const HEAD = `plumbline: 1
plan: plan.yaml
sources: { web: { token: web_token } }
destinations:
  product: { kind: mixpanel, host: "http://127.0.0.1:8081", token: mp_token }
`;
const ENV = { DATABASE_URL: "postgres://app:secret@127.0.0.1:5432/shop", HASH_KEY: "k" };

function parse(people: string) {
  return parseConfig(`${HEAD}people:\n${people}`, "plumbline.yaml", ENV);
}

function findings(people: string) {
  return parse(people).findings.map(({ id, level, at, where }) => [id, level, at, where?.line]);
}

describe("people in the configuration", () => {
  test("every setting arrives under its own name", () => {
    const parsed = parse(`  database: "\${DATABASE_URL}"
  state: "\${DATABASE_URL}"
  destinations: [product]
  key: "\${HASH_KEY}"
  deleted_users: delete
  capture:
    method: trigger
    slot: shop_people
    slot_budget_bytes: 5000000
    tables: { billing.invoices: { method: wal }, legacy: { method: poll, column: updated_at } }
  updates_per_second: 100
  users_per_batch: 50
  users_per_bulk_batch: 60
  parallel_requests: 3
`);
    expect(parsed).toMatchObject({
      kind: "config",
      findings: [],
      config: {
        people: {
          database: ENV.DATABASE_URL,
          state: ENV.DATABASE_URL,
          destinations: ["product"],
          key: "k",
          deletedUsers: "delete",
          capture: {
            method: "trigger",
            slot: "shop_people",
            slotBudgetBytes: 5_000_000,
            tables: {
              "billing.invoices": { method: "wal" },
              legacy: { method: "poll", pollColumn: "updated_at" },
            },
          },
          settings: { eventsPerSecond: 100, liveBatchUsers: 50, bulkBatchUsers: 60, parallelRequests: 3 },
        },
      },
    });
  });

  test("other databases have their own place, state and capture, and share the rest", () => {
    const parsed = parse(`  database: "\${DATABASE_URL}"
  destinations: [product]
  parallel_requests: 3
  databases:
    billing: { database: "postgres://b@127.0.0.1/billing", capture: { slot: billing } }
`);
    expect(parsed).toMatchObject({
      config: {
        people: {
          name: undefined,
          others: [
            {
              name: "billing",
              database: "postgres://b@127.0.0.1/billing",
              capture: { slot: "billing" },
              destinations: ["product"],
              settings: { parallelRequests: 3 },
            },
          ],
        },
      },
    });
    expect(
      findings(`  database: "\${DATABASE_URL}"
  destinations: [product]
  databases:
    billing: { database: "\${DATABASE_URL}", capture: { method: poll } }
`),
    ).toEqual([
      ["config-contradiction", "error", "people.databases.billing.capture.method", 10],
      ["config-contradiction", "error", "people.databases.billing", 10],
    ]);
    expect(
      findings(`  database: "\${DATABASE_URL}"
  destinations: [product]
  databases:
    crm: { database: "postgres://u:secret@127.0.0.1/crm" }
`),
    ).toEqual([["config-literal-secret", "warn", "people.databases.crm.database", 10]]);
  });

  test("without it there is no sync", () => {
    expect(parseConfig(HEAD, "plumbline.yaml", {})).toMatchObject({ config: { people: undefined } });
  });

  test("what does not fit together is named with its place", () => {
    expect(
      findings(`  database: "\${DATABASE_URL}"
  destinations: [product, crm]
  capture:
    method: poll
    tables:
      orders: { method: poll }
      users: { method: wal, column: updated_at }
`),
    ).toEqual([
      ["config-contradiction", "error", "people.destinations.1", 8],
      ["config-contradiction", "error", "people.capture.method", 10],
      ["config-contradiction", "error", "people.capture.tables.orders", 12],
      ["config-contradiction", "error", "people.capture.tables.users.column", 13],
    ]);
  });

  test.each([
    ["mysql://app@db/shop", "config-bad-value"],
    ["${MISSING}", "config-variable-unset"],
  ])("a database %s is refused", (url, id) => {
    expect(findings(`  database: "${url}"\n  destinations: [product]\n`)).toContainEqual([
      id,
      "error",
      expect.any(String),
      7,
    ]);
  });

  test.each([
    ["postgres://app:s3cret@db/shop", 1],
    ["postgres://app:${HASH_KEY}@db/shop", 0],
    ["postgres://app@db/shop", 0],
    ["${DATABASE_URL}", 0],
  ])("a password that stands there is a warning, and never part of it: %s", (url, count) => {
    const parsed = parse(`  database: "${url}"\n  destinations: [product]\n`);
    expect(parsed.kind).toBe("config");
    expect(parsed.findings.map(({ id, level }) => [id, level])).toEqual(
      Array.from({ length: count }, () => ["config-literal-secret", "warn"]),
    );
    expect(JSON.stringify(parsed.findings)).not.toContain("s3cret");
  });
});

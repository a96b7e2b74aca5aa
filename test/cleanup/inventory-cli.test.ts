// `plumbline clean inventory` as a process, with the application's database.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Inventory } from "../../src/cleanup/index.ts";
import { ensureDist } from "../support/dist.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";
import { type Local, startLocal } from "../emulator/local.ts";
import { EVENTS, foundIn, PLAN, plantProject, userId } from "./inventory-project.ts";

let postgres: TestPostgres;
let database = "";
beforeAll(async () => {
  ensureDist();
  postgres = await startPostgres();
  database = await postgres.createDatabase();
  await postgres.run(
    database,
    `create table users (id uuid primary key); ${Array.from({ length: 29 }, (_, n) => `insert into users values ('${userId(n)}');`).join("")}`,
  );
});
afterAll(() => postgres.close());

function configured(local: Local): string {
  const folder = tempDirectory("inventory-cli");
  // The sync keeps one property of these users: that is how the configuration knows where they are.
  writeFileSync(
    join(folder, "plan.yaml"),
    PLAN.replace(
      "  tier:",
      "  is_user: { type: string, data: none, owner: state, from: users.id, description: The id }\n  tier:",
    ),
  );
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
sources: { web: { token: web_token } }
destinations:
  product: { kind: mixpanel, host: "${local.url}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret }, backoff_ms: 5, backoff_max_ms: 20 }
people: { database: "\${SHOP_URL}", destinations: [product] }
`,
  );
  return folder;
}

const WINDOW = ["--from", "2026-11-09", "--to", "2026-11-11"];
const inventory = (folder: string, ...args: readonly string[]) =>
  plumbline(["clean", "inventory", ...WINDOW, ...args, "--no-color"], {
    cwd: folder,
    env: { SHOP_URL: database },
  });

test("it finds what is to be cleaned, ends with 1, writes JSON and a page, and asks the database who is a user", async () => {
  const local = await startLocal();
  await plantProject(local);
  const folder = configured(local);
  const ran = await inventory(folder, "--json", "--html", "page.html");
  expect(ran.stderr).toBe("");
  expect(ran.code).toBe(1);
  const found = JSON.parse(ran.stdout) as Inventory;
  expect(found).toMatchObject({
    inventory: 1,
    destination: "product",
    looked: { events: EVENTS.length, database: true },
  });
  expect(foundIn(found)).toContain("profiles_without_user: profiles: 1");
  const kept = join(folder, "data/cleanup/product.inventory/inventory.json");
  expect(JSON.parse(readFileSync(kept, "utf8"))).toEqual(found);
  expect(readFileSync(join(folder, "page.html"), "utf8")).toContain('<html lang="en">');
});

test("a project without anything to clean ends with 0", async () => {
  const local = await startLocal();
  const ran = await inventory(configured(local));
  expect(ran.stdout).toContain("Seen, and not in the plan: 0");
  expect(ran.code).toBe(0);
});

test("the requests of an hour are counted over processes, and it ends with 75 when the next is too far away", async () => {
  const local = await startLocal();
  const folder = configured(local);
  // The list of names, users and one group key are three.
  const first = await inventory(folder, "--queries-per-hour", "4");
  expect(first.code).toBe(0);
  const second = await inventory(folder, "--queries-per-hour", "4", "--wait", "1", "--json");
  expect(second.code).toBe(75);
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: "CLEANUP_WAIT_TOO_LONG" } });
});

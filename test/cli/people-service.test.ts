// The people sync as `up` wires it, where a process would hide the moment: a plan that changes while the databases are being opened.
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../src/cli/config/load-config.ts";
import { PeopleService } from "../../src/cli/people/people-service.ts";
import { loadPlan } from "../../src/cli/up/load-plan.ts";
import { ensureDist } from "../support/dist.ts";
import { eventually, queryProfiles } from "../support/emulator-client.ts";
import { type TestPostgres, startPostgres } from "../support/postgres.ts";
import { addingMetrics, rememberingLog } from "../support/quiet.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { makeSystem, type System } from "../support/system.ts";

const PLAN = `plumbline: 1
name: shop
sources: { api: { trust: server } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off } }
people:
  email: { name: $email, type: string, owner: state, from: users.email }
`;
const WITH_NAME = `${PLAN}  name: { name: $name, type: string, owner: state, from: users.name }\n`;
const ID = "00000000-0000-4000-8000-000000000001";

let postgres: TestPostgres;
let system: System;
let url = "";

beforeAll(async () => {
  ensureDist();
  postgres = await startPostgres();
  url = await postgres.createDatabase();
  await postgres.run(
    url,
    "create table users (id uuid primary key, email text not null, name text not null)",
  );
  system = await makeSystem({
    plan: WITH_NAME,
    sources: "sources: { api: { token: api_token } }",
    extra: `people: { database: "${url}", destinations: [product] }`,
  });
  const setUp = await plumbline(["people", "setup", "--apply", "--config", system.config]);
  expect(setUp.code, setUp.stderr).toBe(0);
});
afterAll(async () => {
  await system.close();
  await postgres.close();
});

test("a plan that comes while the database is being opened is the one that holds", async () => {
  const old = join(system.directory, "old.yaml");
  writeFileSync(old, PLAN);
  const [before, after] = [loadPlan(old).lock, loadPlan(join(system.directory, "plan.yaml")).lock];
  if (!before || !after) throw new Error("no plan");
  const config = loadConfig(system.config);
  const service = new PeopleService({
    config,
    lock: before,
    log: rememberingLog(),
    metrics: addingMetrics(),
  });
  service.start();
  await service.setLock(after);
  try {
    await eventually(
      () => Promise.resolve(service.report().state.kind),
      (kind) => kind === "running",
    );
    await postgres.run(url, `insert into users values ('${ID}', 'ada@shop.example', 'Ada')`);
    await eventually(
      () => queryProfiles(system.emulator.url),
      ([profile]) => profile?.$properties["$name"] === "Ada",
      { what: "the name" },
    );
  } finally {
    await service.close();
  }
});

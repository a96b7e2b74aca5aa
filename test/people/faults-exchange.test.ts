// The fault proof, fourth part: the primary is exchanged for a copy of it, and the state stands on a server of its own.
// What is promised: every user whom the copy has ends with the state of the copy. Where the state is kept elsewhere, profiles of users whom the copy
// lacks are cleared too. What is not: a state that went back together with the application's data knows nothing of users created since, and a sync
// that was not running cannot tell an older copy on the same timeline from the server that it left. Reading profiles back finds both.
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readJobs } from "../../src/people/jobs/jobs.ts";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { userId, usersSql, writeHistory } from "./fault-shop.ts";
import {
  FAULT_SETTINGS,
  type FaultSystem,
  type FaultSystemOptions,
  openFaultSystem,
} from "./fault-system.ts";

const ID = userId(1);
/** Known to the destination, and not to the copy. */
const YOUNG = userId(6);
const run = promisify(execFile);

let application: TestPostgres;
let elsewhere: TestPostgres;
let system: FaultSystem | undefined;
beforeAll(async () => {
  [application, elsewhere] = await Promise.all([startPostgres(), startPostgres()]);
});
afterEach(async () => {
  await system?.close();
  system = undefined;
});
afterAll(() => Promise.all([application.close(), elsewhere.close()]));

async function synced(
  ask: FaultSystemOptions = {},
): Promise<{ readonly opened: FaultSystem; readonly running: ReturnType<FaultSystem["start"]> }> {
  const opened = await openFaultSystem(application, { options: { settings: FAULT_SETTINGS }, ...ask });
  system = opened;
  const running = opened.start();
  await opened.run(usersSql(1, 5));
  await opened.ends();
  return { opened, running };
}

/** Copies the server's folder, lets the application go on, and puts the copy in the server's place. */
async function exchange(
  between: () => Promise<void>,
  options: { readonly isPromoted?: boolean } = {},
): Promise<void> {
  const copy = join(application.directory, "copy");
  await application.whileStopped(async (data) => {
    await run("cp", ["-a", data, copy]);
  });
  await between();
  await application.whileStopped(async (data) => {
    await rm(data, { recursive: true });
    await run("mv", [copy, data]);
    if (options.isPromoted !== true) return;
    // Recovery to the end of the copy's own log, and promotion: a new timeline, as after a failover.
    await writeFile(join(data, "postgresql.auto.conf"), "restore_command = 'false'\n", { flag: "a" });
    await writeFile(join(data, "recovery.signal"), "");
    await run("chown", ["--reference", join(data, "PG_VERSION"), join(data, "recovery.signal")]);
  });
}

const CHANGES = `update users set email = 'after@example.com' where id = '${ID}'; delete from orders where user_id = '${userId(2)}'; ${usersSql(6, 6)}`;

describe("a primary exchanged for a copy of it", () => {
  test("an older copy under a running sync is noticed by its position: what it has is sent again", async () => {
    const { opened } = await synced();
    await exchange(async () => {
      await eventually(
        () =>
          opened.run(CHANGES).then(
            () => true,
            () => false,
          ),
        Boolean,
      );
      await eventually(
        () => opened.profiles(),
        (profiles) => profiles.get(ID)?.["$email"] === "after@example.com" && profiles.has(YOUNG),
      );
      // A request that is still unanswered would be tried again, and tell what the copy says of the young user.
      await opened.ends();
    });
    await eventually(
      () => opened.profiles(),
      (profiles) => profiles.get(ID)?.["$email"] === "person1@example.com",
    );
    // Nothing in the database or in the state has ever heard of this user.
    expect((await opened.profiles()).has(YOUNG)).toBe(true);
    await opened.run(usersSql(6, 6));
    await opened.ends();
  });

  test("captures by triggers notice an older copy by the position that they note now and then", async () => {
    const { opened } = await synced({
      options: { settings: FAULT_SETTINGS, capture: { method: "trigger" } },
    });
    await exchange(async () => {
      await eventually(
        () =>
          opened.run(CHANGES).then(
            () => true,
            () => false,
          ),
        Boolean,
      );
      const [now] = await opened.rows("select pg_current_wal_lsn()::text as lsn");
      await eventually(
        () =>
          opened.rows(
            `select 1 from plumbline.positions where source = 'outbox' and position::pg_lsn > '${now?.["lsn"] ?? ""}'`,
          ),
        (rows) => rows.length === 1,
      );
      await opened.ends();
    });
    await eventually(
      () => opened.profiles(),
      (profiles) => profiles.get(ID)?.["$email"] === "person1@example.com",
    );
    await opened.run(usersSql(6, 6));
    await opened.ends();
  });

  test("a promoted copy is noticed by its timeline, also by a sync that was not running", async () => {
    const { opened, running } = await synced();
    await exchange(
      async () => {
        await eventually(
          () =>
            opened.run(CHANGES).then(
              () => true,
              () => false,
            ),
          Boolean,
        );
        await eventually(
          () => opened.profiles(),
          (profiles) => profiles.get(ID)?.["$email"] === "after@example.com",
        );
        await running.stop();
      },
      { isPromoted: true },
    );
    await opened.run(usersSql(6, 6));
    opened.start();
    await opened.ends();
    expect((await opened.profiles()).get(ID)?.["$email"]).toBe("person1@example.com");
    const causes = (await readJobs(opened.context.state)).map(({ cause }) => cause);
    expect(causes).toContainEqual(expect.stringMatching(/primary was exchanged/));
  });
});

describe("a state on another server", () => {
  async function apart(): Promise<Awaited<ReturnType<typeof synced>>> {
    const stateUrl = await elsewhere.createDatabase();
    return synced({ options: { settings: FAULT_SETTINGS, stateUrl } });
  }

  test("an older copy of the application's data: profiles of users whom it lacks are cleared", async () => {
    const { opened, running } = await apart();
    await exchange(async () => {
      await eventually(
        () =>
          opened.run(CHANGES).then(
            () => true,
            () => false,
          ),
        Boolean,
      );
      await opened.ends();
      await running.stop();
    });
    opened.start();
    await opened.ends();
    const profiles = await opened.profiles();
    expect(profiles.get(ID)?.["$email"]).toBe("person1@example.com");
    expect(profiles.has(YOUNG)).toBe(false);
  });

  test.each([
    ["the application's server", () => application],
    ["the state's server", () => elsewhere],
  ])("%s restarted under load", async (_, server) => {
    const { opened } = await apart();
    await writeHistory(opened.url, {
      seed: 5,
      steps: 60,
      between: async (step) => {
        if (step === 15 || step === 40) await server().restart();
      },
    });
    await opened.ends();
  });
});

// The fault proof, third part: what can happen to a database while the sync follows it. In the end the destination holds what a full recompute says.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
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

let postgres: TestPostgres;
let system: FaultSystem | undefined;
beforeAll(async () => {
  postgres = await startPostgres({
    max_slot_wal_keep_size: "16MB",
    max_wal_size: "48MB",
    min_wal_size: "32MB",
  });
});
afterEach(async () => {
  await system?.close();
  system = undefined;
});
afterAll(() => postgres.close());

/** A shop whose five users the destination knows; the sync runs. */
async function synced(
  ask: FaultSystemOptions = {},
): Promise<{ readonly opened: FaultSystem; readonly running: ReturnType<FaultSystem["start"]> }> {
  const opened = await openFaultSystem(postgres, { options: { settings: FAULT_SETTINGS }, ...ask });
  system = opened;
  const running = opened.start();
  await opened.run(usersSql(1, 5));
  await opened.ends();
  return { opened, running };
}

const SLOT =
  "select active_pid::text as pid, wal_status, confirmed_flush_lsn::text as confirmed from pg_replication_slots where slot_name = $1";

async function slotOf({
  context,
}: FaultSystem): Promise<Readonly<Record<string, string | null>> | undefined> {
  const [slot] = await context.source.query(SLOT, [context.capture.slot]);
  return slot;
}

/** Takes the slot away, from whoever reads it. */
async function dropSlot(opened: FaultSystem): Promise<void> {
  const { context } = opened;
  const of = `pg_replication_slots where slot_name = '${context.capture.slot ?? ""}'`;
  await eventually(
    async () => {
      await opened.run(`select pg_terminate_backend(active_pid) from ${of} and active_pid is not null`);
      return opened.run(`select pg_drop_replication_slot(slot_name) from ${of}`).then(
        () => "dropped",
        (error: unknown) => String(error),
      );
    },
    (answer) => answer === "dropped",
  );
}

const KILL_ALL = (name: string): string =>
  `select pg_terminate_backend(pid) from pg_stat_activity where application_name like '${name}' and pid <> pg_backend_pid() and datname = current_database()`;

describe("the slot", () => {
  test("dropped while it is read", async () => {
    const { opened } = await synced();
    const history = writeHistory(opened.url, { seed: 1, steps: 60 });
    await dropSlot(opened);
    await history;
    await opened.ends();
  });

  test("dropped while nobody reads it: also a user with a mark that waits is compared whole", async () => {
    const { opened, running } = await synced();
    opened.proxy.fate = () => ({ kind: "answer", status: 429 });
    // The mark names the plan of the account alone.
    await opened.run("update accounts set plan = 'other' where id = 2");
    await eventually(
      () => opened.rows("select sets from plumbline.marks"),
      (marks) => marks.length === 1,
    );
    await running.stop();
    await dropSlot(opened);
    await opened.run(`delete from orders where user_id = '${ID}'; ${usersSql(6, 7)}`);
    opened.start();
    // The comparison meets the mark: the destination is still away.
    await eventually(
      () => opened.rows("select 1 from plumbline.jobs where kind = 'reconcile' and phase = 'done'"),
      (jobs) => jobs.length === 1,
    );
    opened.proxy.fate = () => ({ kind: "pass" });
    await opened.ends();
    expect((await opened.profiles()).get(ID)).toMatchObject({ orders_count: 0 });
  });

  test("invalidated because it held back too much log", async () => {
    const { opened, running } = await synced();
    await running.stop();
    await opened.run(`update users set email = 'missed@example.com' where id = '${ID}'`);
    await eventually(
      async () => {
        await opened.run(
          "insert into logs (line) select repeat('x', 1000) from generate_series(1, 20000); select pg_switch_wal(); checkpoint",
        );
        return slotOf(opened);
      },
      (slot) => slot?.["wal_status"] === "lost",
    );
    opened.start();
    await opened.ends();
    expect((await opened.profiles()).get(ID)).toMatchObject({ $email: "missed@example.com" });
    expect((await slotOf(opened))?.["wal_status"]).toBe("reserved");
  });

  test("moves on while only tables are written that nobody follows", async () => {
    const { opened } = await synced();
    const before = await slotOf(opened);
    await opened.run("insert into logs (line) select 'x' from generate_series(1, 1000)");
    const [now] = await opened.context.source.query("select pg_current_wal_lsn()::text as lsn");
    await eventually(
      () =>
        opened.context.source.query(
          "select 1 from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2::pg_lsn",
          [opened.context.capture.slot, now?.["lsn"]],
        ),
      (rows) => rows.length === 1,
    );
    expect(before?.["confirmed"]).not.toBe((await slotOf(opened))?.["confirmed"]);
  });
});

describe("connections", () => {
  test("all cut, again and again, under load", async () => {
    const { opened } = await synced();
    await writeHistory(opened.url, {
      seed: 2,
      steps: 80,
      between: async (step) => {
        if (step % 16 === 0) await opened.run(KILL_ALL("plumbline%"));
      },
    });
    await opened.ends();
  });

  test("an answer that cannot be written down: a row that changed back is not taken for unchanged", async () => {
    const opened = await openFaultSystem(postgres, { options: { settings: FAULT_SETTINGS } });
    system = opened;
    const email = async (): Promise<unknown> => (await opened.profiles()).get(ID)?.["$email"];
    let isAway = false;
    opened.start({
      at: async (name) => {
        if (name !== "before-ack" || isAway || (await email()) !== "there@example.com") return;
        isAway = true;
        await opened.run("alter table plumbline.profiles rename to profiles_away");
      },
    });
    await opened.run(usersSql(1, 1));
    await opened.ends();
    await opened.run(`update users set email = 'there@example.com' where id = '${ID}'`);
    await eventually(
      async () => opened.log.lines.some(({ message }) => message.startsWith("a doubt could not be noted")),
      Boolean,
    );
    await opened.run(`update users set email = 'person1@example.com' where id = '${ID}'`);
    await opened.run("alter table plumbline.profiles_away rename to profiles");
    await opened.ends();
    expect(await email()).toBe("person1@example.com");
  });

  test.each(["wal", "trigger"] as const)(
    "the server restarted under load, captured by %s",
    async (method) => {
      const { opened } = await synced({ options: { settings: FAULT_SETTINGS, capture: { method } } });
      await writeHistory(opened.url, {
        seed: 3,
        steps: 60,
        between: async (step) => {
          if (step === 15 || step === 40) await postgres.restart();
        },
      });
      await opened.ends();
    },
  );
});

describe("the schema", () => {
  test("a table renamed and back: what happened under the other name is not missed", async () => {
    const { opened } = await synced();
    await opened.run(
      `alter table orders rename to orders_old; insert into orders_old (user_id, status, total) values ('${ID}', 'paid', 7); alter table orders_old rename to orders`,
    );
    await opened.ends();
    expect((await opened.profiles()).get(ID)).toMatchObject({ orders_count: 2 });
  });

  test("a link renamed and back: everybody is compared, since nobody knows whom it was about", async () => {
    const { opened } = await synced();
    await opened.run(
      `alter table orders rename user_id to owner_id; insert into orders (owner_id, status, total) values ('${ID}', 'paid', 7)`,
    );
    await opened.run(
      `alter table orders rename owner_id to user_id; insert into orders (user_id, status, total) values ('${userId(2)}', 'paid', 7)`,
    );
    await opened.ends();
    expect((await opened.profiles()).get(ID)).toMatchObject({ orders_count: 2 });
  });

  test("types widened and columns added change nothing for the others", async () => {
    const { opened } = await synced();
    await opened.run(
      `alter table users alter email type varchar(200), add column age int; alter table orders alter total type numeric(14,4); update users set email = 'typed@example.com', age = 3 where id = '${ID}'; update orders set total = 2.25`,
    );
    await opened.ends();
    expect((await opened.profiles()).get(ID)).toMatchObject({
      $email: "typed@example.com",
      paid_total: 2.25,
    });
  });
});

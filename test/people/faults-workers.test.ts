// The fault proof, fifth part: several processes share the users of one destination; one may come, be killed or freeze at any time. A user never has
// two requests under way, and nobody is left to a process that is gone.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { type ChildOptions, startSyncProcess, type SyncProcess } from "./fault-process.ts";
import { faultSeeds, PEOPLE, seeded, userId, usersSql, writeHistory } from "./fault-shop.ts";
import { type FaultSystem, openFaultSystem } from "./fault-system.ts";

const SETTINGS = {
  settleMs: 150,
  pollMs: 20,
  backoffMs: 20,
  backoffMaxMs: 100,
  leaseMs: 800,
  requestTimeoutMs: 300,
  liveBatchUsers: 4,
};

let postgres: TestPostgres;
let system: FaultSystem | undefined;
let children: SyncProcess[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.signal("SIGKILL")));
  await system?.close();
  [children, system] = [[], undefined];
});
afterAll(() => postgres.close());

async function open(): Promise<{
  readonly opened: FaultSystem;
  readonly start: (kill?: ChildOptions["kill"]) => Promise<SyncProcess>;
}> {
  const opened = await openFaultSystem(postgres, { options: { settings: SETTINGS } });
  system = opened;
  const { url, proxy, context } = opened;
  const options: ChildOptions = {
    databaseUrl: url,
    host: proxy.url,
    people: PEOPLE,
    settings: SETTINGS,
    capture: context.capture,
  };
  const start = async (kill?: ChildOptions["kill"]): Promise<SyncProcess> => {
    const child = await startSyncProcess({ ...options, ...(kill === undefined ? {} : { kill }) });
    children.push(child);
    return child;
  };
  return { opened, start };
}

const SHARES = `
select count(*) as parts from plumbline.leases where until > clock_timestamp() and owner is not null group by owner order by 1`;

async function shares({ rows }: Pick<FaultSystem, "rows">): Promise<readonly number[]> {
  return (await rows(SHARES)).map(({ parts }) => Number(parts));
}

function isFair(workers: number): (found: readonly number[]) => boolean {
  return (found) =>
    found.length === workers &&
    found.reduce((sum, parts) => sum + parts, 0) === 64 &&
    Math.max(...found) <= Math.ceil(64 / workers);
}

test("partitions are shared fairly, and taken over from one that was killed", async () => {
  const { opened, start } = await open();
  const [first] = [await start(), await start(), await start()];
  await eventually(() => shares(opened), isFair(3));
  await first.signal("SIGKILL");
  await eventually(() => shares(opened), isFair(2));
  await start();
  await eventually(() => shares(opened), isFair(3));
  await opened.run(usersSql(1, 30));
  await opened.ends();
});

test.each(faultSeeds())(
  "workers come and are killed under load: no user has two requests under way (seed %i)",
  async (seed) => {
    const { opened, start } = await open();
    const random = seeded(seed);
    // Slow enough for requests of several workers to meet.
    opened.proxy.fate = () => ({ kind: "pass", delayMs: Math.floor(random() * 60) });
    await Promise.all([start(), start()]);
    let isOver = false;
    const churn = (async () => {
      for (let round = 0; round < 5; round += 1) {
        const before = opened.proxy.seen.length;
        await eventually(async () => opened.proxy.seen.length > before + 3 || isOver, Boolean);
        const coming = start();
        const victim = children[Math.floor(random() * children.length)];
        await victim?.signal("SIGKILL");
        children = children.filter((child) => child !== victim);
        await coming;
      }
    })();
    churn.catch(() => undefined);
    let isDone = false;
    void churn.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await writeHistory(opened.url, {
      seed,
      steps: 1000,
      until: () => isDone,
      between: async () => {
        const before = opened.proxy.seen.length;
        await eventually(async () => opened.proxy.seen.length > before, Boolean, { withinMs: 50 }).catch(
          () => undefined,
        );
      },
    });
    isOver = true;
    await churn;
    await opened.ends();
    expect(opened.proxy.overlaps).toEqual([]);
  },
);

test("one that froze past its lease acknowledges nothing, and its users are sent again whole", async () => {
  const { opened, start } = await open();
  const frozen = await start();
  await opened.run(usersSql(1, 1));
  await opened.ends();
  const id = userId(1);
  // Stored, but the answer comes to a process that sleeps.
  opened.proxy.fate = ({ updates }) => {
    if (JSON.stringify(updates).includes("there@example.com")) frozen.process.kill("SIGSTOP");
    return { kind: "pass" };
  };
  await opened.run(`update users set email = 'there@example.com' where id = '${id}'`);
  await eventually(
    () => opened.profiles(),
    (profiles) => profiles.get(id)?.["$email"] === "there@example.com",
  );
  opened.proxy.fate = () => ({ kind: "pass" });
  // The log is still read by the process that sleeps: it is the doubt alone that brings the user up.
  await opened.run(`update users set email = 'person1@example.com' where id = '${id}'`);
  const awake = await start();
  await eventually(
    () => opened.profiles(),
    (profiles) => profiles.get(id)?.["$email"] === "person1@example.com",
  );
  await frozen.signal("SIGCONT");
  await opened.ends();
  expect(awake.ended()).toBeUndefined();
  expect((await opened.profiles()).get(id)?.["$email"]).toBe("person1@example.com");
});

test("one that froze in the middle of a renewal holds nobody up, and works on when it wakes", async () => {
  const { opened, start } = await open();
  const owners = async (): Promise<readonly (string | null | undefined)[]> =>
    (await opened.rows("select distinct owner from plumbline.leases where until > clock_timestamp()")).map(
      ({ owner }) => owner,
    );
  const frozen = await start({ point: "in-renewal", visit: 3, signal: "SIGSTOP" });
  const [first] = await eventually(owners, ({ length }) => length === 1);
  await eventually(owners, ({ length }) => length === 0);
  await start();
  await eventually(owners, ([next]) => next !== undefined && next !== first);
  await frozen.signal("SIGCONT");
  await eventually(() => shares(opened), isFair(2));
  await opened.run(usersSql(1, 1));
  await opened.ends();
});

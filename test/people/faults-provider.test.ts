// The fault proof, second part: what a destination and the network in front of it can do to requests. In the end the destination holds what a full
// recompute says, and `explain` says what happened.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { explainUser } from "../../src/people/operate/explain.ts";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import type { Fate, SeenRequest } from "./fault-proxy.ts";
import { faultSeeds, seeded, userId, usersSql, writeHistory } from "./fault-shop.ts";
import { type FaultSystem, type FaultSystemOptions, openFaultSystem } from "./fault-system.ts";

const ID = userId(1);
const PASS: Fate = { kind: "pass" };
const SETTINGS = {
  settleMs: 400,
  pollMs: 20,
  backoffMs: 20,
  backoffMaxMs: 100,
  unauthorizedPauseMs: 60_000,
  leaseMs: 1200,
  requestTimeoutMs: 500,
};
/** For what must not be cut short by a slow machine. */
const PATIENT = { ...SETTINGS, leaseMs: 20_000, requestTimeoutMs: 5000 };

let postgres: TestPostgres;
let system: FaultSystem | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await system?.close();
  system = undefined;
});
afterAll(() => postgres.close());

async function shop(ask: FaultSystemOptions = {}): Promise<FaultSystem> {
  system = await openFaultSystem(postgres, { options: { settings: SETTINGS }, ...ask });
  return system;
}

/** A running sync whose one user the destination knows. */
async function synced(ask: FaultSystemOptions = {}): Promise<FaultSystem> {
  const opened = await shop(ask);
  opened.start();
  await opened.run(usersSql(1, 1));
  await opened.ends();
  return opened;
}

/** The next request that carries updates meets this, and all others pass. */
function once(fate: Fate): (seen: SeenRequest) => Fate {
  let isMet = false;
  return () => {
    if (isMet) return PASS;
    isMet = true;
    return fate;
  };
}

const setEmail = (email: string): string => `update users set email = '${email}' where id = '${ID}'`;

describe("a destination that is away", () => {
  test("connections refused for a while cost nothing but time", async () => {
    const opened = await synced();
    await opened.proxy.shut();
    await writeHistory(opened.url, { seed: 1, steps: 40 });
    await eventually(
      async () => opened.metrics.value("plumbline_people_requests_total", { outcome: "busy" }),
      (count) => count > 2,
    );
    await opened.proxy.open();
    await opened.ends();
  });

  test("a pause that it asks for is kept", async () => {
    const opened = await synced({ options: { settings: PATIENT } });
    const at: number[] = [];
    opened.proxy.fate = () => {
      at.push(performance.now());
      return at.length === 1 ? { kind: "answer", status: 429, headers: { "retry-after": "1" } } : PASS;
    };
    await opened.run(setEmail("other@example.com"));
    await opened.ends();
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(950);
  });

  test.each([503, 500, 504])(
    "a row that changed and changed back behind a %i is not taken for unchanged",
    async (status) => {
      const opened = await synced();
      let isBack = false;
      let count = 0;
      // Nothing gets through before the row is as it was.
      opened.proxy.fate = () => {
        if ((count += 1) === 1) return { kind: "cut", status };
        return isBack ? PASS : { kind: "answer", status: 429 };
      };
      await opened.run(setEmail("there@example.com"));
      await eventually(
        () => opened.profiles(),
        (profiles) => profiles.get(ID)?.["$email"] === "there@example.com",
      );
      await opened.run(setEmail("person1@example.com"));
      isBack = true;
      await opened.ends();
      expect((await opened.profiles()).get(ID)?.["$email"]).toBe("person1@example.com");
    },
  );

  test("a destination that refuses everybody puts nobody in quarantine and is left alone", async () => {
    const opened = await shop({ options: { settings: PATIENT } });
    opened.proxy.fate = () => ({ kind: "answer", status: 200, body: { status: 0, error: "token" } });
    const { sync } = opened.start();
    await opened.run(usersSql(1, 50));
    await eventually(
      async () => sync.state().workers[0]?.pace.kind,
      (kind) => kind === "paused",
    );
    expect(await opened.rows("select 1 from plumbline.quarantine")).toEqual([]);
    expect(opened.proxy.seen.length).toBeLessThan(150);
    opened.proxy.fate = () => PASS;
    sync.resume("product");
    await opened.ends();
  });
});

describe("an answer that does not come", () => {
  test("what was stored without an answer is sent again whole, and the story says so", async () => {
    const opened = await synced({ options: { settings: PATIENT } });
    let isBack = false;
    let count = 0;
    // Nothing gets through before the row is as it was.
    opened.proxy.fate = () => {
      if ((count += 1) === 1) return { kind: "cut" };
      return isBack ? PASS : { kind: "answer", status: 429 };
    };
    await opened.run(setEmail("there@example.com"));
    await eventually(
      () => opened.profiles(),
      (profiles) => profiles.get(ID)?.["$email"] === "there@example.com",
    );
    await opened.run(setEmail("person1@example.com"));
    isBack = true;
    await opened.ends();
    const [told] = (await explainUser(opened.context, ID)).destinations;
    expect(told?.story?.cause).toMatch(/^users at /);
    expect(told?.story?.doubt).toMatch(/^no answer/);
    expect(told?.story?.set).toContain("orders_count");
    expect(told?.isUnsure).toBe(false);
  });

  test("a request that arrives after a newer change does not have the last word", async () => {
    const opened = await synced();
    opened.proxy.fate = once({ kind: "late", ms: 250 });
    await opened.run(setEmail("late@example.com"));
    await eventually(
      async () => opened.proxy.seen.length,
      (count) => count > 1,
    );
    await opened.run(setEmail("last@example.com"));
    await opened.ends();
    expect((await opened.profiles()).get(ID)?.["$email"]).toBe("last@example.com");
  });

  test.each([
    ["the time-out of a request", 800],
    ["the lease", 1800],
  ])("answers slower than %s", async (_, answerDelayMs) => {
    const opened = await synced();
    let count = 0;
    opened.proxy.fate = () => ((count += 1) <= 3 ? { kind: "pass", answerDelayMs } : PASS);
    await writeHistory(opened.url, { seed: 2, steps: 30 });
    await opened.ends();
    expect(count).toBeGreaterThan(3);
    expect(opened.proxy.overlaps).toEqual([]);
  });

  test("a request that is stored twice is as good as once", async () => {
    const opened = await synced();
    opened.proxy.fate = () => ({ kind: "pass", times: 2 });
    await writeHistory(opened.url, { seed: 3, steps: 40 });
    await opened.ends();
  });
});

describe("a user whom the destination refuses", () => {
  const spoils = ({ updates }: SeenRequest): boolean =>
    updates.some(({ $set: set }) => JSON.stringify(set ?? "").includes("spoiler"));
  const REFUSED: Fate = { kind: "answer", status: 200, body: { status: 0, error: "spoiled" } };

  test("one of 2,000 is found, and the others are delivered, within 12 further requests", async () => {
    const settings = { ...PATIENT, liveBatchUsers: 2000 };
    const opened = await shop({ options: { settings } });
    opened.proxy.fate = (seen) => (spoils(seen) ? REFUSED : PASS);
    const spoiler = userId(777);
    await opened.run(
      `begin; ${usersSql(1, 2000)} update users set email = 'spoiler' where id = '${spoiler}'; commit`,
    );
    opened.start();
    await eventually(
      () => opened.profiles(),
      (profiles) => profiles.size === 1999,
      { withinMs: 20_000 },
    );
    await eventually(
      () => opened.rows("select 1 from plumbline.marks"),
      (marks) => marks.length === 0,
    );
    expect(opened.proxy.seen.length).toBeLessThanOrEqual(13);
    const [told] = (await explainUser(opened.context, spoiler)).destinations;
    expect(told?.quarantine?.reason).toBe("refused by the destination: spoiled");
    expect(told?.mark).toBeUndefined();
    const before = opened.proxy.seen.length;
    await opened.run(`update users set name = 'n' where id = '${userId(1)}'`);
    await eventually(
      async () => opened.proxy.seen.length,
      (count) => count === before + 1,
    );
    await opened.run(`update users set email = 'good@example.com' where id = '${spoiler}'`);
    await opened.ends();
    expect(await opened.rows("select 1 from plumbline.quarantine")).toEqual([]);
  });

  test("what a refused request has stored all the same is not taken for unsent", async () => {
    const opened = await synced({ switches: { mixed_batch: "all" } });
    await opened.run(`insert into users (id, email) values ('${userId(2)}', 'b@example.com')`);
    await opened.ends();
    // Both in one request: the destination refuses it and keeps the good one; then it is away.
    let isAway = false;
    opened.proxy.fate = (seen) => {
      if (isAway) return { kind: "answer", status: 429 };
      if (!spoils(seen)) return PASS;
      isAway = true;
      return { kind: "cut", status: 200, body: { status: 0, error: "spoiled" } };
    };
    await opened.run(
      `begin; update users set email = 'spoiler' where id = '${ID}'; update users set email = 'there@example.com' where id = '${userId(2)}'; commit`,
    );
    await eventually(
      () => opened.profiles(),
      (profiles) => profiles.get(userId(2))?.["$email"] === "there@example.com",
    );
    await opened.run(
      `update users set email = 'b@example.com' where id = '${userId(2)}'; ${setEmail("good")}`,
    );
    isAway = false;
    opened.proxy.fate = () => PASS;
    await opened.ends();
    expect((await opened.profiles()).get(userId(2))?.["$email"]).toBe("b@example.com");
  });
});

/** Everything that can happen, mixed. */
function anyFate(random: () => number): Fate {
  const fates: readonly Fate[] = [
    PASS,
    PASS,
    { kind: "pass", delayMs: 100 },
    { kind: "pass", answerDelayMs: 700 },
    { kind: "pass", times: 2 },
    { kind: "cut" },
    { kind: "cut", status: 503 },
    { kind: "late", ms: 200 },
    { kind: "answer", status: 429 },
    { kind: "answer", status: 503, headers: { "retry-after": "0" } },
    { kind: "answer", status: 500 },
  ];
  return fates[Math.floor(random() * fates.length)] ?? PASS;
}

describe("all of it mixed", () => {
  test.each(faultSeeds())("seed %i", async (seed) => {
    const opened = await synced({ options: { settings: { ...SETTINGS, liveBatchUsers: 4 } } });
    const random = seeded(seed);
    opened.proxy.fate = () => anyFate(random);
    await writeHistory(opened.url, {
      seed,
      steps: 120,
      between: async (step) => {
        if (step % 4 === 0)
          await eventually(
            async () => opened.proxy.seen.length,
            (count) => count > step / 4,
            {
              withinMs: 500,
            },
          ).catch(() => undefined);
      },
    });
    opened.proxy.fate = () => PASS;
    await opened.ends();
    expect(opened.proxy.overlaps).toEqual([]);
  });
});

// No write of a server moves a user's place, time zone or "last seen": whatever talks to a provider, held to the local Mixpanel's geography and
// clock. Every case is also run with the flags taken out on the way, and has to fail then: else it would prove nothing.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { GENERATORS, generateClient } from "../../src/codegen/index.ts";
import { createMixpanelProvider } from "../../src/providers/index.ts";
import { goldenLock } from "../codegen/golden-cases.ts";
import { openSyncSystem, type SyncSystem } from "../people/sync-system.ts";
import { eventually } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { systemClock } from "../support/quiet.ts";
import { CLEANUP_CASES, cleanUp } from "./cleanup-writers.ts";
import type { Taken } from "./flag-thief.ts";
import { ADA, replay, sendEvents, sendPeople, sendUpdates } from "./gateway-writers.ts";
import { pythonSdk, sendByNode, sendByPython } from "./generated-writers.ts";
import { type Moved, openStage, type OpenStage, type Stage } from "./home.ts";

let postgres: TestPostgres;
let stage: OpenStage | undefined;
let system: SyncSystem | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await system?.close();
  await stage?.close();
  system = stage = undefined;
});
afterAll(() => postgres.close());

interface Writer {
  readonly write: (stage: Stage) => Promise<void>;
  /** What shows without the flags: `profiles` have a place and a time, `events` a place. */
  readonly writes: "profiles" | "events";
  readonly switches?: Readonly<Record<string, string>>;
}

/** Ada was here before the server spoke. */
const withAda =
  (write: (its: Stage) => Promise<void>) =>
  async (its: Stage): Promise<void> => {
    await its.plant({ [ADA]: { from_app: true } });
    await write(its);
  };

/** From a commit to the profile. */
async function syncPeople(its: Stage): Promise<void> {
  const provider = createMixpanelProvider({ host: its.url, token: "mp_token", clock: systemClock });
  system = await openSyncSystem(postgres, {
    sql: `create table users (id uuid primary key, plan text, city text); insert into users values ('${ADA}', 'free', 'x')`,
    people: { plan: { type: "string", owner: "state", from: "users.plan" } },
    emulator: its.emulator,
    wrap: () => provider,
  });
  system.start();
  await system.run("update users set plan = 'pro'");
  await eventually(
    () => its.profile(ADA),
    ({ plan }) => plan === "pro",
  );
  await system.run("update users set plan = null");
  await eventually(
    () => its.profile(ADA),
    (properties) => !("plan" in properties),
  );
  await provider.close();
}

const cleanup = Object.entries(CLEANUP_CASES).map(([name, its]): readonly [string, Writer] => [
  `cleanup: ${name}`,
  {
    write: (on) => cleanUp(on, its),
    writes: its.placesOnly ? "events" : "profiles",
    ...(its.mode === undefined ? {} : { switches: { identity: its.mode } }),
  },
]);
const WRITERS: readonly (readonly [string, Writer])[] = [
  ["delivery of a server's events", { write: withAda((its) => sendEvents(its, "import")), writes: "events" }],
  ["delivery of a server's profile updates", { write: withAda(sendUpdates), writes: "profiles" }],
  ["POST /v1/people", { write: withAda(sendPeople), writes: "profiles" }],
  ["replay out of quarantine", { write: withAda(replay), writes: "events" }],
  ["people sync", { write: withAda(syncPeople), writes: "profiles" }],
  ["generated node client", { write: withAda(sendByNode), writes: "profiles" }],
  ...(pythonSdk.missing === undefined
    ? [["generated python client", { write: withAda(sendByPython), writes: "profiles" }] as const]
    : []),
  ...cleanup,
];

async function movedBy({ write, switches = {} }: Writer, taken: Taken): Promise<Moved> {
  stage = await openStage(taken, switches);
  await write(stage);
  return stage.moved();
}

const namesOf = ({ profiles }: Moved): readonly string[] =>
  [...new Set(profiles.map((one) => one.replace(/^.* /, "")))].sort();

describe.each(WRITERS)("%s", (_, writer) => {
  test("moves nobody, and each record carries its flags", async () => {
    expect(await movedBy(writer, "nothing")).toEqual({ profiles: [], events: [] });
    expect(stage?.thief.records).toBeGreaterThan(0);
    expect(stage?.thief.unsafe).toEqual([]);
  });

  test("without `$ip`, `ip` and the parameter it would put people where the server is", async () => {
    const moved = await movedBy(writer, "place");
    if (writer.writes === "events") expect(moved.events).not.toEqual([]);
    else expect(namesOf(moved)).toEqual(["$city", "$country_code", "$region", "$timezone"]);
  });

  if (writer.writes === "events") return;
  test("without `$ignore_time` it would say they were seen", async () => {
    expect(namesOf(await movedBy(writer, "last seen"))).toEqual(["$last_seen"]);
  });
});

if (pythonSdk.missing !== undefined)
  test.skip(`generated python client (skipped: ${pythonSdk.missing})`, () => undefined);

describe("two flags for one place", () => {
  test.each(["record", "query"] as const)(
    "a profile stays where it is with only one of them: %s taken",
    async (taken) => {
      const moved = await movedBy({ write: withAda(sendUpdates), writes: "profiles" }, taken);
      expect(moved.profiles).toEqual([]);
    },
  );

  test("an event by /track is placed nowhere, with its flags or without", async () => {
    const writer: Writer = { write: withAda((its) => sendEvents(its, "track")), writes: "events" };
    expect(await movedBy(writer, "nothing")).toEqual({ profiles: [], events: [] });
    expect(stage?.thief.unsafe).toEqual([]);
    await stage?.close();
    expect(await movedBy(writer, "place")).toEqual({ profiles: [], events: [] });
  });
});

describe("generated server clients in every language", () => {
  const ADAPTERS = {
    typescript: "mixpanel-node",
    python: "mixpanel-python",
    ruby: "mixpanel-ruby",
    php: "mixpanel-php",
    go: "mixpanel-go",
    java: "mixpanel-java",
    kotlin: "mixpanel-java",
  } as const;
  const FLAGS = [
    /["']?\$ip["']?(?:\s*(?:=>|[:,])\s*)["']0["']/,
    /["']?\$ignore_time["']?(?:\s*(?:=>|[:,])\s*)[Tt]rue/,
    /(?<!\$)\bip["'\]]*(?:\s*(?:=>|[:,=])\s*)0/,
  ];

  test.each(Object.entries(ADAPTERS))("the %s adapter writes all three flags", (language, adapter) => {
    const generator = GENERATORS[language];
    if (!generator) throw new Error(`there is no generator for ${language}`);
    const settings = { language, out: "", adapters: [adapter] };
    const files = generateClient(generator, goldenLock("server"), { source: "web", settings });
    const sinks = files.filter(({ path }) => /mixpanel/i.test(path));
    expect(sinks).toHaveLength(1);
    for (const flag of FLAGS) expect(sinks[0]?.text.replaceAll("\\$", "$")).toMatch(flag);
  });
});

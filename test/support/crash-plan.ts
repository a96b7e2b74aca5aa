// What the crash and outage tests send, and how they read back what became of it.
import { request } from "undici";
import { eventually, queryProfiles } from "./emulator-client.ts";
import type { System } from "./system.ts";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** One event and one number that is added to. */
export const PLAN = `
plumbline: 1
name: crash
sources:
  web: { trust: client }
  api: { trust: server }
identity:
  user_id: { format: uuid }
events:
  thingDone:
    name: Thing done
    description: Something happened
    owner: test
    sources: { web: {}, api: {} }
    properties:
      n: { type: integer, data: none, description: Which one }
people:
  orders_count: { type: integer, data: none, owner: server, description: Added to }
`;

export interface Deduplicated {
  /** Insert ids in the deduplicated view. */
  readonly ids: ReadonlySet<string>;
  /** Insert ids that stand there more than once. */
  readonly repeated: number;
  /** Events as ingested, repetitions included. */
  readonly raw: number;
}

/** Reads the emulator's deduplicated view. */
export async function readDeduplicated(emulatorUrl: string): Promise<Deduplicated> {
  const answer = await request(`${emulatorUrl}/emulator/events?view=deduplicated`);
  const lines = (await answer.body.text()).split("\n").filter((line) => line !== "");
  const ids = new Set<string>();
  let repeated = 0;
  for (const line of lines) {
    const { properties } = JSON.parse(line) as { readonly properties: { readonly $insert_id: string } };
    if (ids.has(properties.$insert_id)) repeated += 1;
    ids.add(properties.$insert_id);
  }
  const stats = await request(`${emulatorUrl}/emulator/stats`);
  const { events } = (await stats.body.json()) as { readonly events: number };
  return { ids, repeated, raw: events };
}

/** `orders_count` by user. */
export async function readProfiles(emulatorUrl: string): Promise<ReadonlyMap<string, number>> {
  const profiles = await queryProfiles(emulatorUrl);
  return new Map(
    profiles.map(({ $distinct_id: id, $properties: found }) => [id, Number(found["orders_count"])]),
  );
}

/** How many profiles were added to. */
export function countPlanned(profiles: ReadonlyMap<string, number>): number {
  return [...profiles.values()].filter((count) => count > 0).length;
}

interface Status {
  readonly logs: readonly {
    readonly log: string;
    readonly last: number;
    readonly consumers: Readonly<Record<string, number>>;
  }[];
}

const run = promisify(execFile);

/** Runs a command of the built program and parses what it prints. */
export async function runJson(system: System, args: readonly string[]): Promise<unknown> {
  const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [main, ...args, "--json", "--config", system.config], {
    maxBuffer: 256 * 2 ** 20,
  });
  return JSON.parse(stdout);
}

/** Waits until nothing is on its way any more. Answers the users whose `$add` became a dead letter. */
export async function waitUntilDrained(
  system: System,
  withinMs = 120_000,
): Promise<{ readonly deadAdds: ReadonlySet<string> }> {
  await eventually(
    () => runJson(system, ["status"]) as Promise<Status>,
    ({ logs }) =>
      logs.every(({ last, consumers }) => Object.values(consumers).every((position) => position >= last)),
    { withinMs, what: "an empty backlog" },
  );
  const letters = (await runJson(system, [
    "dead-letters",
    "list",
    "--values",
    "--limit",
    "1000000",
  ])) as readonly {
    readonly payload: string;
    readonly reason: string;
  }[];
  const ids = letters.map(
    ({ payload }) => (JSON.parse(payload) as { readonly $distinct_id: string }).$distinct_id,
  );
  return { deadAdds: new Set(ids) };
}

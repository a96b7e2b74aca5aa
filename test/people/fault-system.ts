// The whole way with an HTTP proxy in it, and the one question that every fault ends with: does the destination hold what the database says?
import { startEmulator } from "../../src/emulator/index.ts";
import { createMixpanelProvider } from "../../src/providers/index.ts";
import { systemClock } from "../support/quiet.ts";
import { readJobs } from "../../src/people/jobs/jobs.ts";
import { eventually } from "../support/emulator-client.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { PEOPLE, SHOP, usersSql } from "./fault-shop.ts";
import { isSame, openSyncSystem, type SyncSystem, type SyncSystemOptions } from "./sync-system.ts";

/** Short enough that a fault is over within a test. */
export const FAULT_SETTINGS = {
  settleMs: 100,
  pollMs: 20,
  backoffMs: 20,
  backoffMaxMs: 100,
  leaseMs: 2000,
  requestTimeoutMs: 800,
};

export interface FaultSystem extends SyncSystem {
  readonly proxy: FaultProxy;
  /** Waits until nothing is on its way any more; then destination and database must say the same. */
  ends(withinMs?: number): Promise<void>;
}

export interface FaultSystemOptions extends Partial<SyncSystemOptions> {
  /** Users that are there from the start. */
  readonly users?: number;
  /** Switches of the local Mixpanel. */
  readonly switches?: Readonly<Record<string, string>>;
}

const UNDER_WAY = `
select (select count(*) from plumbline.marks) as marks, (select count(*) from plumbline.intents) as intents,
  (select count(*) from plumbline.profiles where unsure and not exists (select from plumbline.quarantine q where q.user_id = profiles.user_id)) as unsure`;

/** Opens a shop with a proxy between the sync and the local Mixpanel. */
export async function openFaultSystem(
  postgres: TestPostgres,
  { users = 0, switches, ...ask }: FaultSystemOptions = {},
): Promise<FaultSystem> {
  const emulator = await startEmulator({
    store: "memory",
    clock: systemClock,
    ...(switches ? { switches } : {}),
  });
  const proxy = await startFaultProxy(emulator.url);
  const provider = createMixpanelProvider({ host: proxy.url, token: "project-token", clock: systemClock });
  const system = await openSyncSystem(postgres, {
    sql: users === 0 ? SHOP : `${SHOP}\n${usersSql(1, users)}`,
    people: PEOPLE,
    emulator,
    wrap: () => provider,
    ...ask,
  });
  const isQuiet = async (): Promise<string> => {
    // What is under way comes last: an update that was stored a moment ago is noted there before it is sent.
    const isEqual = isSame(await system.profiles(), await system.expected());
    const jobs = await readJobs(system.context.state);
    const open = jobs.filter(({ phase }) => phase !== "done").length;
    const [row] = await system.rows(UNDER_WAY);
    return JSON.stringify({ ...row, jobs: String(open), isEqual });
  };
  return {
    ...system,
    proxy,
    async ends(withinMs = 20_000) {
      await proxy.settled();
      const quiet = JSON.stringify({ marks: "0", intents: "0", unsure: "0", jobs: "0", isEqual: true });
      const lines = (): string => JSON.stringify(system.log.lines.slice(-6));
      await eventually(isQuiet, (now) => now === quiet, { withinMs }).catch((error: unknown) => {
        throw new Error(`${String(error)}; log: ${lines()}`);
      });
    },
    async close() {
      await system.close();
      await provider.close();
      await emulator.close();
      await proxy.close();
    },
  };
}

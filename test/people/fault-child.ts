// Runs the sync in a process of its own, until it is told to stop or kills itself at a named point. Started by `fault-process.ts`.
import { openPeopleContext } from "../../src/people/people-context.ts";
import { createPeopleSync } from "../../src/people/people-sync.ts";
import { createMixpanelProvider, MIXPANEL_PLAN_LIMITS } from "../../src/providers/index.ts";
import { lockOf } from "../support/plans.ts";
import { addingMetrics, rememberingLog, systemClock } from "../support/quiet.ts";
import type { ChildOptions } from "./fault-process.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as ChildOptions;
const log = rememberingLog();
const provider = createMixpanelProvider({ host: options.host, token: "project-token", clock: systemClock });
const opened = await openPeopleContext({
  databaseUrl: options.databaseUrl,
  ...(options.stateUrl === undefined ? {} : { stateUrl: options.stateUrl }),
  lock: lockOf({ people: options.people }),
  destinations: [{ name: "product", provider, limits: MIXPANEL_PLAN_LIMITS, store: undefined }],
  settings: options.settings,
  capture: options.capture,
  clock: systemClock,
  log,
  metrics: addingMetrics(),
  random: Math.random,
});
if (opened.kind !== "open") throw new Error(JSON.stringify(opened.findings));
let visits = 0;
const sync = createPeopleSync(opened.context, {
  at: async (name) => {
    const { point, visit, signal = "SIGKILL" } = options.kill ?? {};
    if (name !== point || (visits += 1) !== visit) return;
    process.kill(process.pid, signal);
    // Nothing of a killed process happens after it.
    if (signal === "SIGKILL") await new Promise(() => undefined);
  },
});
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const work = sync.run(stop.signal);
process.stdout.write("running\n");
await work;
await opened.context.close();
await provider.close();
if (stop.signal.aborted) process.exit(0);

// What a team does once before `plumbline up` syncs its people: `plumbline people setup --apply`, then `plumbline people backfill --apply`.
import { makePinoLog } from "../../dist/cli/adapters/pino-log.js";
import { makePrometheusMetrics } from "../../dist/cli/adapters/prometheus-metrics.js";
import { openPeople } from "../../dist/cli/people/open-people.js";
import { askForWalk } from "../../dist/cli/people/run-walk.js";
import { setUpCapture } from "../../dist/cli/people/set-up-people.js";
import { loadPlan } from "../../dist/cli/up/load-plan.js";

async function open(config) {
  const { lock, findings } = loadPlan(config.plan);
  if (!lock) throw new Error(findings.map(({ message }) => message).join("; "));
  const log = makePinoLog({ level: "warn", part: "example" });
  const opened = await openPeople({ config, lock, log, metrics: makePrometheusMetrics() });
  if (opened.kind !== "open") throw new Error(opened.findings.map(({ message }) => message).join("; "));
  return { ...opened, hash: lock.hash };
}

/**
 * Sets the sync up.
 *
 * @returns `context(hash)` answers the opened sync under the plan of that hash, which may have changed on disk.
 */
export async function setUpPeople(config) {
  let opened = await open(config);
  const { steps } = await setUpCapture(opened.context);
  await askForWalk(opened.context, "backfill");
  return {
    steps,
    context: async (hash) => {
      if (hash !== opened.hash) {
        const next = await open(config);
        await opened.close();
        opened = next;
      }
      return opened.context;
    },
    close: () => opened.close(),
  };
}

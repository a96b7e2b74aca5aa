// Cleanup: one property taken from a million profiles by the real command, from reading over backup to reading back; the same held to a rate of updates;
// and brought back. `PLUMBLINE_BENCH_SHORT=1`: a tenth of the profiles.
import { makeCleanupProject } from "./support/cleanup-project.mjs";

const PROFILES = process.env.PLUMBLINE_BENCH_SHORT === "1" ? 100_000 : 1_000_000;
/** Documented is 30,000 a second; scaled down with the profiles, so that the limit binds for long enough to be measured. */
const SCALED = { profiles: 100_000, updatesPerSecond: 3000 };
const TARGETS = { perSecond: 20_000, memoryMb: 300, overLimit: 1.05 };

function unset(property) {
  return { id: "unset", operation: { do: "unset", properties: [property] } };
}

async function measureUnlimited() {
  const project = await makeCleanupProject(PROFILES);
  try {
    const applied = await project.clean("apply", project.setOf(unset("legacy_score")));
    const [step] = applied.report.steps;
    if (step.changed !== PROFILES || step.failed.length > 0) throw new Error("not all were changed");
    const perSecond = PROFILES / applied.seconds;
    const what = `${PROFILES.toLocaleString("en-US")} profiles`;
    return [
      {
        measure: `unset one property of ${what}, all phases`,
        value: perSecond,
        unit: "profiles/s",
        target: `≥ ${TARGETS.perSecond}`,
        met: perSecond >= TARGETS.perSecond,
        note: `${applied.seconds.toFixed(1)} s, ${step.requests} updates' requests`,
      },
      {
        measure: `memory of it at its highest`,
        value: applied.peakMb,
        unit: "MB",
        target: `< ${TARGETS.memoryMb}`,
        met: applied.peakMb < TARGETS.memoryMb,
        note: `at a quarter, half and the end: ${[0.25, 0.5, 0.99].map((share) => Math.round(applied.samples[Math.floor(applied.samples.length * share)])).join(", ")}`,
      },
    ];
  } finally {
    await project.close();
  }
}

async function measureLimited() {
  const { profiles, updatesPerSecond } = SCALED;
  const project = await makeCleanupProject(profiles);
  try {
    const free = await project.clean("apply", project.setOf(unset("legacy_score")));
    const held = await project.clean("apply", project.setOf(unset("orders")), { updatesPerSecond });
    const own = profiles / updatesPerSecond;
    const ratio = held.seconds / own;
    return [
      {
        measure: `the same of ${profiles.toLocaleString("en-US")}, held to ${updatesPerSecond} updates/s`,
        value: held.seconds,
        unit: "s",
        ratio,
        against: "the limit's own time",
        target: `≤ ${TARGETS.overLimit}`,
        met: ratio <= TARGETS.overLimit,
        note: `reading, backup and reading back are in it; without the limit it takes ${free.seconds.toFixed(1)} s`,
      },
    ];
  } finally {
    await project.close();
  }
}

export async function run() {
  return [...(await measureUnlimited()), ...(await measureLimited())];
}

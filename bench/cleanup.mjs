// Cleanup: one property taken from a million profiles by the real command, from reading over backup to reading back; the same held to a rate of updates;
// and the vendor's own library at the same job, on a good day and on a bad one. `PLUMBLINE_BENCH_SHORT=1`: a tenth of the profiles.
import { makeCleanupProject } from "./support/cleanup-project.mjs";
import { installMixpanelUtils, MIXPANEL_UTILS_VERSION } from "./support/mixpanel-utils.mjs";

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

const PEER_PROFILES = process.env.PLUMBLINE_BENCH_SHORT === "1" ? 100_000 : 300_000;
/** Faults of updates only: a 429 to one of its queries ends the peer before it has changed anything. */
const BAD_DAY = [
  { route: "engage", status: 429, rate: 0.1, seed: 3 },
  { route: "engage", status: 503, rate: 0.1 },
  { route: "engage", cut: "before", rate: 0.05 },
  { route: "engage", cut: "after", rate: 0.05 },
];

async function setFaults(url, faults) {
  await fetch(`${url}/emulator/faults`, { method: "DELETE" });
  if (faults.length > 0)
    await fetch(`${url}/emulator/faults`, { method: "POST", body: JSON.stringify(faults) });
}

/** The default of 2 s is for a provider with other clients. */
const BAD_DAY_BACKOFF_MS = 50;

/** Each tool takes properties of its own from the same profiles; a bad day is the same for both. */
async function measurePeer(peer) {
  const project = await makeCleanupProject(PEER_PROFILES);
  try {
    const ours = await project.clean("apply", project.setOf(unset("legacy_score")));
    const theirs = await peer.unset(project.url, "orders");
    await setFaults(project.url, BAD_DAY);
    const oursBad = await project.clean("apply", project.setOf(unset("plan")), {
      backoffMs: BAD_DAY_BACKOFF_MS,
    });
    await setFaults(project.url, BAD_DAY);
    const theirsBad = await peer.unset(project.url, "$email");
    await setFaults(project.url, []);
    const missed = async (name) => project.count(name);
    const [oursMissed, theirsMissed] = [await missed("plan"), await missed("$email")];
    const name = `mixpanel-utils ${MIXPANEL_UTILS_VERSION}`;
    const of = `${PEER_PROFILES.toLocaleString("en-US")} profiles`;
    return [
      {
        measure: `unset of ${of}, no faults`,
        value: PEER_PROFILES / ours.seconds,
        unit: "profiles/s",
        ratio: theirs.seconds / ours.seconds,
        against: name,
        target: "> 1",
        met: theirs.seconds > ours.seconds,
        note: `${ours.seconds.toFixed(1)} s against ${theirs.seconds.toFixed(1)} s`,
      },
      {
        measure: `the same with 429, 503 and cut connections`,
        value: PEER_PROFILES / oursBad.seconds,
        unit: "profiles/s",
        ratio: theirsBad.seconds / oursBad.seconds,
        against: name,
        target: "> 1",
        met: theirsBad.seconds > oursBad.seconds,
        note: `${oursBad.seconds.toFixed(1)} s against ${theirsBad.seconds.toFixed(1)} s (${theirsBad.end}); pauses begin with ${BAD_DAY_BACKOFF_MS} ms`,
      },
      {
        measure: "profiles missed there",
        value: oursMissed,
        unit: "profiles",
        target: "0",
        met: oursMissed === 0,
        note: `${name}: ${theirsMissed.toLocaleString("en-US")} missed, and it says ${String(theirsBad.said)} were done`,
      },
    ];
  } finally {
    await project.close();
  }
}

export async function run() {
  const rows = [...(await measureUnlimited()), ...(await measureLimited())];
  const peer = installMixpanelUtils();
  if (!peer) {
    process.stderr.write("bench: no python package index, so mixpanel-utils is left out\n");
    return rows;
  }
  try {
    return [...rows, ...(await measurePeer(peer))];
  } finally {
    peer.close();
  }
}

// Cleanup against the vendor's own library at a rename, which is two changes of each profile: what comes after a lost first one takes the value away.
// The same profiles, the same faults, one tool after the other on properties of its own. Taking a property away is in cleanup.mjs.
import { makeCleanupProject } from "./support/cleanup-project.mjs";
import { installMixpanelUtils, MIXPANEL_UTILS_VERSION } from "./support/mixpanel-utils.mjs";

const PROFILES = process.env.PLUMBLINE_BENCH_SHORT === "1" ? 20_000 : 100_000;
/** The default of 2 s is for a provider with other clients. */
const BACKOFF_MS = 50;
/** Of updates only: a 429 to one of its queries ends the peer before it has changed anything. */
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

const ours = { from: "legacy_score", to: "score" };
const theirs = { from: "orders", to: "orders_count" };

/** Profiles that still have the old name, and those whose value is under neither. */
async function outcome(project, { from, to }) {
  const [old, renamed, both] = [
    await project.count(from),
    await project.count(to),
    await project.countWhere(`defined(properties["${from}"]) and defined(properties["${to}"])`),
  ];
  return { old, lost: PROFILES - (old + renamed - both) };
}

/** One day: each tool renames, and what came of it is counted. */
async function renameBoth(peer, faults) {
  const project = await makeCleanupProject(PROFILES);
  try {
    const step = { id: "rename", operation: { do: "rename", ...ours, onBoth: "keep" } };
    await setFaults(project.url, faults);
    const mine = await project.clean("apply", project.setOf(step), { backoffMs: BACKOFF_MS });
    await setFaults(project.url, faults);
    const their = await peer.rename(project.url, theirs.from, theirs.to);
    await setFaults(project.url, []);
    return {
      ours: { seconds: mine.seconds, ...(await outcome(project, ours)) },
      theirs: { ...their, ...(await outcome(project, theirs)) },
    };
  } finally {
    await project.close();
  }
}

const name = `mixpanel-utils ${MIXPANEL_UTILS_VERSION}`;
const told = (count) => count.toLocaleString("en-US");

function rowsOf(day, { ours: mine, theirs: their }) {
  return [
    {
      measure: `rename on ${told(PROFILES)} profiles, ${day}`,
      value: PROFILES / mine.seconds,
      unit: "profiles/s",
      ratio: their.seconds / mine.seconds,
      against: name,
      target: "> 1",
      met: their.seconds > mine.seconds,
      note: `${mine.seconds.toFixed(1)} s against ${their.seconds.toFixed(1)} s (${their.end})`,
    },
    {
      measure: "profiles that still have the old name, or lost their value",
      value: mine.old + mine.lost,
      unit: "profiles",
      target: "0",
      met: mine.old + mine.lost === 0,
      note: `${name}: ${told(their.old)} still have the old name, ${told(their.lost)} lost their value, and it says ${String(their.said)} were done`,
    },
  ];
}

export async function run() {
  const peer = installMixpanelUtils();
  if (!peer) {
    process.stderr.write("bench: no python package index, so there is no peer to hold a rename against\n");
    return [];
  }
  try {
    return [
      ...rowsOf("no faults", await renameBoth(peer, [])),
      ...rowsOf("429, 503 and cut connections", await renameBoth(peer, BAD_DAY)),
    ];
  } finally {
    peer.close();
  }
}

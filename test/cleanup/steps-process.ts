// Runs a change set in processes that are killed one after the other, each one call later than the one before, until one comes to its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { ChildRun } from "./steps-child.ts";
import type { StepsSystem } from "./steps-system.ts";

const root = new URL("../..", import.meta.url).pathname;
const RUNS_MAX = 60;
let bundle: string | undefined;

function program(): string {
  if (bundle !== undefined) return bundle;
  const directory = join(root, "node_modules/.cache/plumbline");
  mkdirSync(directory, { recursive: true });
  const made = join(directory, `steps-child-${process.pid}.mjs`);
  process.once("exit", () => rmSync(made, { force: true }));
  buildSync({
    entryPoints: [join(root, "test/cleanup/steps-child.ts")],
    outfile: made,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  bundle = made;
  return made;
}

async function runOnce(run: ChildRun): Promise<"killed" | "done"> {
  const child = spawn(process.execPath, [program(), JSON.stringify(run)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  await once(child, "close");
  if (child.signalCode === "SIGKILL") return "killed";
  if (child.exitCode !== 0) throw new Error(`the run ended with ${child.exitCode}: ${errors}`);
  return "done";
}

/** Answers how often it was killed before it came to its end. */
export async function runKilled(system: StepsSystem, work: ChildRun["work"] = "apply"): Promise<number> {
  for (let kills = 0; kills < RUNS_MAX; kills += 1)
    if ((await runOnce({ system, work, killAfter: kills + 1 })) === "done") return kills;
  throw new Error("the run never came to its end");
}

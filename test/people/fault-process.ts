// The sync as a process that can be killed for real: at a named point, or from outside.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { CaptureSettings } from "../../src/people/capture/capture-plan.ts";
import type { FaultPointName } from "../../src/people/sync/fault-point.ts";
import type { SyncSettings } from "../../src/people/sync/settings.ts";

export interface ChildOptions {
  readonly databaseUrl: string;
  readonly stateUrl?: string;
  /** Where the destination is. */
  readonly host: string;
  readonly people: object;
  readonly settings: Partial<SyncSettings>;
  readonly capture: CaptureSettings;
  /** SIGKILL, or another signal, when the point is reached for the n-th time. */
  readonly kill?: { readonly point: FaultPointName; readonly visit: number; readonly signal?: "SIGSTOP" };
}

export interface SyncProcess {
  readonly process: ChildProcess;
  /** Signal or exit code with which it ended; `undefined` while it runs. */
  ended(): string | number | undefined;
  /** Resolves when it has ended. */
  readonly over: Promise<void>;
  /** From outside, and waits for the end. */
  signal(name: NodeJS.Signals): Promise<void>;
}

const root = new URL("../..", import.meta.url).pathname;
let bundle: string | undefined;

/** The child's program in one file: sources are TypeScript, and a build may be older than them. */
function program(): string {
  if (bundle === undefined) {
    const directory = join(root, "node_modules/.cache/plumbline");
    mkdirSync(directory, { recursive: true });
    bundle = join(directory, `fault-child-${process.pid}.mjs`);
    const made = bundle;
    process.once("exit", () => rmSync(made, { force: true }));
    buildSync({
      entryPoints: [join(root, "test/people/fault-child.ts")],
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      logLevel: "error",
    });
  }
  return bundle;
}

/** Starts a sync; resolves once it runs, or has ended already. */
export async function startSyncProcess(options: ChildOptions): Promise<SyncProcess> {
  const child = spawn(process.execPath, [program(), JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  let end: string | number | undefined;
  const over = once(child, "close").then(() => {
    end = child.signalCode ?? child.exitCode ?? -1;
  });
  await Promise.race([once(child.stdout, "data"), over]);
  if (typeof end === "number" && end !== 0) throw new Error(`the sync ended with ${end}: ${errors}`);
  return {
    process: child,
    ended: () => end,
    over,
    async signal(name) {
      child.kill(name);
      if (name !== "SIGSTOP" && name !== "SIGCONT") await over;
    },
  };
}

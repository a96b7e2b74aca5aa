// The peer of cleanup: the vendor's python library, in a virtual environment of its own, where a package index can be reached.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const MIXPANEL_UTILS_VERSION = "2.2.7";
const SCRIPT = new URL("mixpanel-utils.py", import.meta.url).pathname;
/** Its thread pool can wait for ever for a worker that gave up. */
const HANGS_AFTER_MS = 180_000;

/** Installs it; `undefined` where that cannot be done. */
export function installMixpanelUtils() {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-utils-"));
  const python = join(folder, "venv/bin/python");
  const run = (file, ...args) => execFileSync(file, args, { stdio: "pipe", timeout: 120_000 });
  try {
    run("python3", "-m", "venv", join(folder, "venv"));
    run(
      python,
      "-m",
      "pip",
      "install",
      "--quiet",
      "--retries",
      "1",
      `mixpanel-utils==${MIXPANEL_UTILS_VERSION}`,
    );
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  async function work(...args) {
    const started = performance.now();
    const child = spawn(python, [SCRIPT, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), HANGS_AFTER_MS);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    const [code, signal] = await new Promise((resolve) => child.once("close", (...ended) => resolve(ended)));
    clearTimeout(timer);
    const said = output.trim();
    return {
      seconds: (performance.now() - started) / 1000,
      said: said === "" ? undefined : Number(said),
      end: signal === "SIGKILL" ? "hung" : `exit ${code}`,
    };
  }
  /** Each answers seconds, what it says it did, and how it ended. */
  return {
    unset: (url, property) => work(url, property),
    rename: (url, from, to) => work(url, from, to),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

// Starts processes on a chosen core and reads what they used.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** @typedef {{ url: string, pid: number, cpuSeconds(): number, rss(): { totalMb: number, ownMb: number }, stop(): Promise<void> }} Started */

/**
 * Starts a Node script that prints a URL.
 *
 * @param {string[]} args @param {{ core?: string, env?: Record<string, string>, cwd?: string }} [options] @returns {Promise<Started>}
 */
export async function start(args, { core, env = {}, cwd } = {}) {
  const command =
    core === undefined ? [process.execPath, ...args] : ["taskset", "-c", core, process.execPath, ...args];
  const child = spawn(command[0], command.slice(1), {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
    cwd,
  });
  const url = await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /https?:\/\/[\w.:[\]]+/.exec(line)?.[0];
      if (found) resolve(found);
    });
  });
  return {
    url,
    pid: child.pid,
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    /** Resident memory: all of it, and what is the process's own rather than pages of mapped files. */
    rss: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const read = (name) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1024) / 2 ** 20;
      return { totalMb: read("VmRSS"), ownMb: read("RssAnon") };
    },
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

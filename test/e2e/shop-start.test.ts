// What `npm start` shows a stranger: events judged, profiles following the shop's database, drift as a number; and that Ctrl-C leaves nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { eventually } from "../support/emulator-client.ts";
import { tempDirectory } from "../support/temp.ts";

const START = new URL("../../examples/shop/start.mjs", import.meta.url).pathname;
const PROFILE = /↑ profile +[0-9a-f]{8} .+ (\d+) ms after \S/;
/** A line that was read back: one of six. */
const DRIFT_0 = /drift 0 of \d+ profiles \(0\.0 %\); read back from Mixpanel: 0 of \d+ differ/;
const temp = tempDirectory("shop-start");

beforeAll(() => {
  ensureDist();
  // As root, Postgres runs as another user.
  chmodSync(temp, 0o755);
});

/** Whether something listens on a port of this machine. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Refused is the answer that is hoped for.
    return false;
  } finally {
    socket.destroy();
  }
}

test("profiles follow the database, drift is 0, and Ctrl-C ends everything with 0", async () => {
  const child = spawn(process.execPath, [START], {
    env: { ...process.env, NO_COLOR: "1", TMPDIR: temp },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const ended = once(child, "close");
  try {
    const seen = (pattern: RegExp) =>
      eventually(
        () => Promise.resolve(output),
        (text) => pattern.test(text) || child.exitCode !== null,
        { withinMs: 150_000, what: String(pattern) },
      );
    await seen(PROFILE);
    expect(output).toMatch(PROFILE);
    await seen(DRIFT_0);
    expect(output).toMatch(DRIFT_0);
    // A change of the stream, and not only what the backfill sent.
    expect(output).toMatch(/ms after (orders|users|subscriptions|carts|addresses)/);
    expect(output).not.toMatch(/stumbled|could not be measured|"level":"error"/);
  } finally {
    child.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
  expect(output).toContain("Nothing is left behind.");
  expect(output).not.toContain("an idle connection");
  const port = Number(/postgres:\/\/\S+:(\d+)\/shop/.exec(output)?.[1]);
  expect(port).toBeGreaterThan(0);
  expect(await isListening(port)).toBe(false);
  expect(readdirSync(temp).filter((name) => name.startsWith("plumbline-shop"))).toEqual([]);
}, 300_000);

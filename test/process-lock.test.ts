// The lock of one process at a time, with real processes and what they leave behind when they are killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { lockFile, type LockAnswer, type LockHolder } from "../src/core/process-lock.ts";
import { ensureDist } from "./support/dist.ts";
import { tempDirectory } from "./support/temp.ts";

const temp = tempDirectory("process-lock");
const DIST = new URL("../dist/core/index.js", import.meta.url).href;
const CHILD = `
const { lockFile } = await import(${JSON.stringify(DIST)});
const answer = await lockFile(process.argv[1]);
console.log(answer.kind);
setInterval(() => undefined, 1000);
`;

beforeAll(() => ensureDist());

/** The lock's path in a folder of its own. */
function newLock(): string {
  return join(mkdtempSync(join(temp, "lock-")), "lock");
}

const holderOf = (file: string): LockHolder => JSON.parse(readFileSync(file, "utf8")) as LockHolder;
const left = (file: string): readonly string[] => readdirSync(join(file, ".."));

async function release(answer: LockAnswer): Promise<void> {
  if (answer.kind !== "held") throw new Error("not held");
  await answer.release();
}

/** A process that has the lock. */
async function startHolder(file: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", CHILD, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(String(said).trim()).toBe("held");
  return {
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

/** What a killed process has left. */
async function leftLock(): Promise<string> {
  const file = newLock();
  await (await startHolder(file)).kill();
  return file;
}

test("it is held once, within a process and between two, and free again when it is given back", async () => {
  const file = newLock();
  const first = await lockFile(file);
  expect(await lockFile(file)).toMatchObject({ kind: "busy", holder: { pid: process.pid } });
  await release(first);
  expect(left(file)).toEqual([]);
  const holder = await startHolder(file);
  expect(await lockFile(file)).toMatchObject({ kind: "busy", holder: { pid: holder.pid } });
  await holder.kill();
  await release(await lockFile(file));
  expect(left(file)).toEqual([]);
});

test("a process that has the id of the one that is gone does not count for it, not even this one", async () => {
  const file = newLock();
  await release(await lockFile(file));
  const mine = await lockFile(file);
  const { host, began } = holderOf(file);
  await release(mine);
  writeFileSync(file, JSON.stringify({ host, pid: process.pid, began: `${began}0`, token: "before" }));
  await release(await lockFile(file));
});

test("of many that find a lock that was left, one gets it", async () => {
  for (let round = 0; round < 30; round += 1) {
    const file = newLock();
    const answer = await lockFile(file);
    const gone = { ...holderOf(file), began: "long ago", token: `gone-${round}` };
    await release(answer);
    writeFileSync(file, JSON.stringify(gone));
    // Some of those before them were killed with the claim in their hands.
    if (round % 3 > 0) writeFileSync(`${file}.${gone.token}`, JSON.stringify({ ...gone, token: "second" }));
    if (round % 3 > 1) writeFileSync(`${file}.second`, JSON.stringify({ ...gone, token: "third" }));
    const answers = await Promise.all(Array.from({ length: 12 }, () => lockFile(file)));
    const held = answers.filter(({ kind }) => kind === "held");
    expect(held).toHaveLength(1);
    expect(left(file)).toEqual(["lock"]);
    await Promise.all(held.map(release));
  }
});

test("processes that find it at once do not share it either", async () => {
  const file = await leftLock();
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", CHILD, file], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  const said = await Promise.all(
    children.map(async (child) => {
      const [text] = (await once(child.stdout, "data")) as [Buffer];
      return String(text).trim();
    }),
  );
  for (const child of children) child.kill("SIGKILL");
  expect(said.toSorted()).toEqual(["busy", "busy", "busy", "busy", "busy", "held"]);
});

test("another machine's is told by its sign of life, and one without a holder's name likewise", async () => {
  const file = newLock();
  const foreign: LockHolder = { host: "another machine", pid: process.pid, began: "then", token: "t" };
  const asked: LockHolder[] = [];
  const options = { lifeSignMs: 1500, onWait: (holder: LockHolder) => void asked.push(holder) };
  for (const text of [JSON.stringify(foreign), "", "{"]) {
    writeFileSync(file, text);
    let at = 0;
    const alive = setInterval(() => utimesSync(file, new Date(), new Date((at += 1000))), 50);
    expect(await lockFile(file, options)).toMatchObject({ kind: "busy" });
    clearInterval(alive);
    await release(await lockFile(file, options));
  }
  expect(asked[0]).toEqual(foreign);
  writeFileSync(file, JSON.stringify(foreign));
  const waiting = lockFile(file, { lifeSignMs: 60_000 });
  setTimeout(() => rmSync(file), 300);
  await release(await waiting);
});

test("a holder gives its sign of life, and gives back only what is its own", async () => {
  const file = newLock();
  const answer = await lockFile(file, { lifeSignMs: 100 });
  const foreign = { ...holderOf(file), host: "another machine" };
  writeFileSync(file, JSON.stringify(foreign));
  expect(await lockFile(file, { lifeSignMs: 5000 })).toMatchObject({ kind: "busy" });
  writeFileSync(file, JSON.stringify({ ...foreign, token: "somebody else's" }));
  await release(answer);
  expect(left(file)).toEqual(["lock"]);
});

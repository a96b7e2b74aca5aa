import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openJournal } from "../../src/journal/index.ts";
import { ensureDist } from "../support/dist.ts";
import { rememberingLog, setClock, systemClock } from "../support/quiet.ts";
import { tempDirectory } from "../support/temp.ts";

const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : Buffer.from(value).toString();
const root = tempDirectory("journal");
let count = 0;
const fresh = () => join(root, String((count += 1)));
const options = (directory = fresh()) => ({ directory, clock: systemClock, log: rememberingLog() });

const WRITE_FROM_OUTSIDE = `
import { openJournal } from ${JSON.stringify(new URL("../../dist/journal/index.js", import.meta.url).href)};
const journal = await openJournal({ directory: process.argv.at(-1), clock: { now: () => 0 }, role: "secondary" });
await journal.write((write) => write.put("t", "k", Buffer.from("theirs")));
await journal.close();
`;

describe("a log", () => {
  test("gives back what was appended, in order, after any position", async () => {
    const journal = await openJournal(options());
    const positions = await Promise.all(["a", "b", "c"].map((word) => journal.append("raw", bytes(word))));
    expect(positions).toEqual([1, 2, 3]);
    expect(journal.read("raw", { after: 0, limit: 10 }).map((record) => text(record.bytes))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(journal.read("raw", { after: 1, limit: 1 }).map((record) => text(record.bytes))).toEqual(["b"]);
    expect(journal.read("raw", { after: 3, limit: 10 })).toEqual([]);
    await journal.close();
  });

  test("stops a read at the byte limit, but never before the first record", async () => {
    const journal = await openJournal(options());
    for (const size of [500, 500, 500]) await journal.append("raw", Buffer.alloc(size));
    expect(journal.read("raw", { after: 0, limit: 10, maxBytes: 600 })).toHaveLength(2);
    expect(journal.read("raw", { after: 0, limit: 10, maxBytes: 1 })).toHaveLength(1);
    await journal.close();
  });

  test("continues its positions after it was closed, also when everything was trimmed", async () => {
    const directory = fresh();
    const clock = setClock();
    const policy = { ...options(directory), clock, retention: { raw: { maxAgeMs: 1000 } } };
    const first = await openJournal(policy);
    await first.append("raw", bytes("a"));
    await first.append("raw", bytes("b"));
    await first.write((write) => write.advance("raw", "judge", 2));
    clock.advance(5000);
    expect(await first.applyRetention()).toBe(2);
    await first.close();
    const second = await openJournal(policy);
    expect(await second.append("raw", bytes("c"))).toBe(3);
    await second.close();
  });
});

describe("one write", () => {
  test("is all or nothing: logs, tables and positions move together", async () => {
    const journal = await openJournal(options());
    await journal.write((write) => {
      write.append("outbox", bytes("x"));
      write.append("outbox", bytes("y"));
      write.put("quarantine", "k1", bytes("v"));
      write.advance("raw", "judge", 7);
    });
    expect(journal.read("outbox", { after: 0, limit: 9 }).map((record) => record.position)).toEqual([1, 2]);
    expect(text(journal.table("quarantine").get("k1"))).toBe("v");
    expect(journal.position("raw", "judge")).toBe(7);
    await expect(
      journal.write((write) => {
        write.put("quarantine", "k2", bytes("v"));
        throw new Error("the collector failed");
      }),
    ).rejects.toThrow();
    expect(journal.table("quarantine").has("k2")).toBe(false);
    await journal.close();
  });

  test("with a condition sees what another process has written a moment ago, and then writes nothing", async () => {
    ensureDist();
    const directory = fresh();
    const journal = await openJournal(options(directory));
    const table = journal.table("t");
    await journal.write((write) => write.put("t", "k", bytes("first")));
    const isFirst = (): boolean => text(table.get("k")) === "first";
    const change = (): Promise<void> =>
      journal.write((write) => write.put("t", "k", bytes("mine")), { when: isFirst });
    // From here to the write this process gives up its turn nowhere: it still reads what was.
    expect(isFirst()).toBe(true);
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", WRITE_FROM_OUTSIDE, "", directory],
      { encoding: "utf8" },
    );
    expect([status, stderr]).toEqual([0, ""]);
    await change();
    expect(text(table.get("k"))).toBe("theirs");
    await journal.write((write) => write.put("t", "k", bytes("first")));
    await change();
    expect(text(table.get("k"))).toBe("mine");
    await journal.close();
  });

  test("never moves a consumer backwards", async () => {
    const journal = await openJournal(options());
    await journal.write((write) => write.advance("raw", "judge", 7));
    await journal.write((write) => write.advance("raw", "judge", 3));
    expect(journal.position("raw", "judge")).toBe(7);
    await journal.close();
  });

  test("from two handles on one folder gives each record a position of its own", async () => {
    const directory = fresh();
    const [one, two] = [await openJournal(options(directory)), await openJournal(options(directory))];
    const writes = Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? one : two).write((write) => write.append("outbox", bytes(String(index)))),
    );
    await Promise.all(writes);
    expect(one.read("outbox", { after: 0, limit: 100 })).toHaveLength(50);
    await one.close();
    await two.close();
  });
});

describe("a table", () => {
  test("lists by prefix, after a key, up to a limit", async () => {
    const journal = await openJournal(options());
    await journal.write((write) => {
      for (const key of ["a1", "a2", "a3", "b1"]) write.put("t", key, bytes(key));
    });
    const keys = (range: object) => [...journal.table("t").entries(range)].map((entry) => entry.key);
    expect(keys({})).toEqual(["a1", "a2", "a3", "b1"]);
    expect(keys({ prefix: "a" })).toEqual(["a1", "a2", "a3"]);
    expect(keys({ prefix: "a", after: "a1", limit: 1 })).toEqual(["a2"]);
    expect(journal.table("t").count()).toBe(4);
    await journal.write((write) => write.delete("t", "a2"));
    expect(keys({ prefix: "a" })).toEqual(["a1", "a3"]);
    await journal.close();
  });
});

describe("retention", () => {
  test("keeps what a consumer has not settled, whatever its age", async () => {
    const clock = setClock();
    const journal = await openJournal({ ...options(), clock, retention: { raw: { maxAgeMs: 1000 } } });
    for (const word of ["a", "b", "c"]) await journal.append("raw", bytes(word));
    await journal.write((write) => {
      write.advance("raw", "judge", 2);
      write.advance("raw", "other", 1);
    });
    clock.advance(2000);
    expect(await journal.applyRetention()).toBe(1);
    expect(journal.stats("raw")).toMatchObject({ first: 2, last: 3, records: 2 });
    await journal.close();
  });

  test("by size removes the oldest settled records and frees room for others", async () => {
    const journal = await openJournal({ ...options(), retention: { raw: { maxBytes: 200_000 } } });
    for (let index = 0; index < 100; index += 1) await journal.append("raw", Buffer.alloc(3500));
    await journal.write((write) => write.advance("raw", "judge", 100));
    expect(await journal.applyRetention()).toBeGreaterThan(30);
    const { first, bytes: size } = journal.stats("raw");
    expect(first).toBeGreaterThan(30);
    expect(size).toBeLessThanOrEqual(220_000);
    await journal.close();
  });

  test("refuses to append while the unsettled backlog is over the limit, and takes up again when it is settled", async () => {
    const clock = setClock();
    const journal = await openJournal({ ...options(), clock, retention: { raw: { maxBytes: 100_000 } } });
    await journal.write((write) => write.advance("raw", "judge", 0));
    const fill = async () => {
      for (let index = 0; index < 200; index += 1) {
        clock.advance(300);
        await journal.append("raw", Buffer.alloc(3500));
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "JOURNAL_FULL" });
    await journal.write((write) => write.advance("raw", "judge", journal.stats("raw").last));
    clock.advance(300);
    await expect(journal.append("raw", Buffer.alloc(3500))).resolves.toBeGreaterThan(0);
    await journal.close();
  });
});

describe("trouble", () => {
  test("a second gateway on the same folder is told who holds it", async () => {
    const directory = fresh();
    const first = await openJournal({ ...options(directory), role: "primary" });
    await expect(openJournal({ ...options(directory), role: "primary" })).rejects.toMatchObject({
      code: "JOURNAL_LOCKED",
      details: { pid: process.pid },
    });
    await first.close();
    const second = await openJournal({ ...options(directory), role: "primary" });
    await second.close();
  });

  test("a record with flipped bytes is reported and skipped, and its neighbours are not", async () => {
    const directory = fresh();
    const journal = await openJournal(options(directory));
    for (const word of ["first", "NEEDLE-IN-THE-FILE", "third"]) await journal.append("raw", bytes(word));
    await journal.close();
    const file = join(directory, "lmdb", "data.mdb");
    const data = readFileSync(file);
    for (let at = data.indexOf("NEEDLE"); at >= 0; at = data.indexOf("NEEDLE", at + 1)) data[at] = 0x21;
    writeFileSync(file, data);
    const corrupt: number[] = [];
    const again = await openJournal({
      ...options(directory),
      onCorrupt: (_, position) => corrupt.push(position),
    });
    expect(again.read("raw", { after: 0, limit: 9 }).map((record) => text(record.bytes))).toEqual([
      "first",
      "third",
    ]);
    expect(corrupt).toEqual([2]);
    await again.close();
  });

  test("a file with a torn tail opens, with everything that was acknowledged", async () => {
    const directory = fresh();
    const journal = await openJournal(options(directory));
    for (let index = 0; index < 100; index += 1) await journal.append("raw", bytes(`record ${index}`));
    await journal.close();
    appendFileSync(join(directory, "lmdb", "data.mdb"), Buffer.alloc(5000, 7));
    const again = await openJournal(options(directory));
    expect(again.read("raw", { after: 0, limit: 1000 })).toHaveLength(100);
    expect(await again.append("raw", bytes("more"))).toBe(101);
    await again.close();
  });

  test("files that cannot be opened are moved aside, kept, and named", async () => {
    const directory = fresh();
    const journal = await openJournal(options(directory));
    await journal.append("raw", bytes("a"));
    await journal.close();
    const file = join(directory, "lmdb", "data.mdb");
    truncateSync(file, 0);
    writeFileSync(file, Buffer.alloc(64 * 1024, 0x5a));
    await expect(openJournal({ ...options(directory), role: "primary" })).rejects.toMatchObject({
      code: "JOURNAL_UNREADABLE",
    });
    expect(readdirSync(directory).filter((name) => name.includes("broken"))).toHaveLength(1);
    const again = await openJournal({ ...options(directory), role: "primary" });
    expect(again.read("raw", { after: 0, limit: 1 })).toEqual([]);
    await again.close();
  });

  test("a nearly full disk refuses the append, keeps what was acknowledged, and recovers when there is room", async (context) => {
    const directory = fresh();
    mkdirSync(directory);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", directory]);
    if (mounted.status !== 0) context.skip("mounting a small file system needs root");
    try {
      const journal = await openJournal({ ...options(directory), reserveBytes: 8 * 2 ** 20 });
      let acknowledged = 0;
      let code: unknown;
      while (code === undefined && acknowledged < 50_000) {
        const batch = Array.from({ length: 20 }, () => journal.append("raw", Buffer.alloc(3000)));
        for (const one of await Promise.allSettled(batch)) {
          if (one.status === "fulfilled") acknowledged += 1;
          else code = (one.reason as { code: unknown }).code;
        }
      }
      expect(code).toBe("JOURNAL_FULL");
      expect(acknowledged).toBeGreaterThan(1000);
      expect(journal.read("raw", { after: 0, limit: 100_000 })).toHaveLength(acknowledged);
      await journal.close();
      const larger = spawnSync("mount", ["-o", "remount,size=64m", directory]);
      expect(larger.status).toBe(0);
      const again = await openJournal({ ...options(directory), reserveBytes: 8 * 2 ** 20 });
      expect(await again.append("raw", bytes("room again"))).toBeGreaterThan(acknowledged);
      await again.close();
    } finally {
      spawnSync("umount", [directory]);
    }
  });
});

test("after SIGKILL at a random moment every acknowledged append is there", async () => {
  ensureDist();
  const directory = fresh();
  const script = new URL("../support/append-for-ever.mjs", import.meta.url).pathname;
  let acknowledged = 0;
  for (let kill = 0; kill < 10; kill += 1) {
    const child = spawn(process.execPath, [script, directory], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    child.kill("SIGKILL");
    await once(child, "close");
    // The last line may be cut by the kill.
    const lines = output.split("\n").slice(0, -1);
    acknowledged = Math.max(acknowledged, ...lines.map(Number));
    const journal = await openJournal(options(directory));
    const found = new Set<number>();
    for (let after = 0; ; ) {
      const records = journal.read("raw", { after, limit: 5000 });
      if (records.length === 0) break;
      for (const record of records) found.add(record.position);
      after = records.at(-1)?.position ?? after;
    }
    await journal.close();
    expect(lines.map(Number).filter((position) => !found.has(position))).toEqual([]);
  }
  expect(acknowledged).toBeGreaterThan(100);
});

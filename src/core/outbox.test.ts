import { expect, test } from "vitest";
import { appendOutbox, encodeOutbox, type OutboxHeader, readOutboxEntry } from "./outbox.ts";

const header: OutboxHeader = {
  kind: "event",
  ids: ["d-1", "ü"],
  repeatable: true,
  source: "web",
  name: "Signs up",
  time: 1,
};

/** Appends as a journal does: each entry stands at the last position of its span. */
function append(records: readonly string[]) {
  const entries: { position: number; bytes: Uint8Array }[] = [];
  let position = 0;
  const write = {
    append: (_log: string, bytes: Uint8Array, span = 1) => {
      position += span;
      entries.push({ position, bytes: Buffer.from(bytes) });
    },
    advance: () => undefined,
    put: () => undefined,
    delete: () => undefined,
  };
  appendOutbox(write, "outbox", records);
  return entries;
}

/** What a journal hands back for one record. */
function decode(record: string) {
  const [placed] = append([record]).flatMap((entry) => readOutboxEntry(entry, 0));
  if (!placed) throw new Error("no record");
  return placed.record;
}

test.each<[string, Partial<OutboxHeader>, boolean]>([
  ["an ordinary event", {}, true],
  ["an event of nobody", { ids: [] }, true],
  ["an empty id", { ids: ["", "a"] }, true],
  ["a line feed in the name", { name: "Signs\nup" }, false],
  ["a tab in an id", { ids: ["a\tb"] }, false],
  ["an identity event", { link: true }, false],
  ["a withheld property", { withhold: { mixpanel: ["email"] } }, false],
  ["a profile update", { kind: "user", name: "$add", repeatable: false }, false],
])("%s comes back as it was written", (_, more, isPlain) => {
  const payload = '{"event":"a\\nb",\n"properties":{"x":"ü"}}';
  const record = decode(encodeOutbox({ ...header, ...more }, payload));
  expect(record.header).toEqual({ ...header, ...more });
  expect(record.isPlain).toBe(isPlain);
  expect(Buffer.from(record.payload).toString("utf8")).toBe(payload);
});

test("records that share entries keep their order and each its own position", () => {
  const payloads = Array.from({ length: 500 }, (_, index) =>
    JSON.stringify({ index, text: "ü".repeat(index) }),
  );
  const entries = append(payloads.map((payload) => encodeOutbox(header, payload)));
  const placed = entries.flatMap((entry) => readOutboxEntry(entry, 0));
  expect(entries.length).toBeGreaterThan(5);
  expect(entries.length).toBeLessThan(50);
  expect(placed.map(({ position }) => position)).toEqual(payloads.map((_, index) => index + 1));
  expect(placed.map(({ record }) => Buffer.from(record.payload).toString("utf8"))).toEqual(payloads);
});

test("an entry settled in part is read from where it was left", () => {
  const [entry] = append(["1", "2", "3"].map((payload) => encodeOutbox(header, payload)));
  if (!entry) throw new Error("no entry");
  const left = readOutboxEntry(entry, 2);
  expect(left.map(({ position, record }) => [position, Buffer.from(record.payload).toString()])).toEqual([
    [3, "3"],
  ]);
});

test("a record larger than an entry stands alone", () => {
  const large = encodeOutbox(header, JSON.stringify("x".repeat(100_000)));
  const entries = append([encodeOutbox(header, "1"), large, encodeOutbox(header, "2")]);
  expect(entries.map(({ position }) => position)).toEqual([1, 2, 3]);
});

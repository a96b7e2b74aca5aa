import { expect, test } from "vitest";
import { decodeOutbox, encodeOutbox, type OutboxHeader } from "./outbox.ts";

const header: OutboxHeader = {
  kind: "event",
  ids: ["d\n1", "ü"],
  repeatable: true,
  source: "web",
  name: "Name with\nline feed",
  time: 1,
};

test("a record comes back as it was written, also with line feeds in names and payload", () => {
  const payload = '{"event":"a\\nb",\n"properties":{"x":"ü"}}';
  const record = decodeOutbox(encodeOutbox(header, payload));
  expect(record.header).toEqual(header);
  expect(record.isPlain).toBe(true);
  expect(Buffer.from(record.payload).toString("utf8")).toBe(payload);
});

test("a record inside a larger buffer is read by its own bounds", () => {
  const bytes = encodeOutbox(header, "{}");
  const larger = Buffer.concat([Buffer.from("xx\n"), bytes]);
  expect(decodeOutbox(larger.subarray(3)).header).toEqual(header);
});

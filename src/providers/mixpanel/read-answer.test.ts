import { describe, expect, test } from "vitest";
import {
  type Answer,
  type AnswerContext,
  parseRetryAfterMs,
  readAnswer,
  readTransportError,
} from "./read-answer.ts";

const NOW = Date.UTC(2026, 10, 23);

function read(status: number, body: unknown, route: AnswerContext["route"] = "import", retryAfter?: string) {
  const answer: Answer = { status, retryAfter, body: typeof body === "string" ? body : JSON.stringify(body) };
  return readAnswer(answer, { route, items: 3, now: NOW });
}

describe("success is only what says so", () => {
  test.each([
    ["import", { code: 200, num_records_imported: 3, status: "OK" }],
    ["track", { error: null, status: 1 }],
    ["engage", 1],
    ["groups", "1"],
  ] as const)("%s", (route, body) => {
    expect(read(200, body, route)).toEqual({ kind: "accepted" });
  });

  test.each([
    ["an empty body", ""],
    ["HTML", "<html>"],
    ["null", "null"],
    ["another object", "{}"],
  ])("%s is unknown", (_, body) => {
    expect(read(200, body, "engage")).toMatchObject({ kind: "unknown" });
  });

  test("status 0 is a refusal with its reason", () => {
    expect(read(200, { error: "$token, missing", status: 0 }, "engage")).toEqual({
      kind: "refused",
      message: "$token, missing",
    });
    expect(read(200, "0", "track")).toMatchObject({ kind: "refused" });
  });
});

describe("failed records", () => {
  test("are named by index, field and message, on 400 and on 200", () => {
    const body = { failed_records: [{ index: 2, field: "properties.time", message: "is invalid" }] };
    const expected = {
      kind: "partial",
      failed: [{ index: 2, field: "properties.time", message: "is invalid" }],
    };
    expect(read(400, body)).toEqual(expected);
    expect(read(200, body)).toEqual(expected);
  });

  test.each([
    ["an index beyond the request", [{ index: 3, message: "x" }]],
    ["an index that is no number", [{ index: "1", message: "x" }]],
    ["no index", [{ message: "x" }]],
    ["no record", ["x"]],
    ["nobody", []],
  ])("%s: nobody is named, the whole is refused", (_, failed) => {
    expect(read(400, { error: "bad", failed_records: failed })).toEqual({ kind: "refused", message: "bad" });
  });
});

test.each([
  [413, "too-large"],
  [429, "busy"],
  [503, "busy"],
  [401, "unauthorized"],
  [403, "unauthorized"],
  [404, "unauthorized"],
  [301, "unauthorized"],
  [422, "refused"],
  [408, "unknown"],
  [500, "unknown"],
  [502, "unknown"],
  [504, "unknown"],
])("status %i is %s", (status, kind) => {
  expect(read(status, { error: "x" }).kind).toBe(kind);
});

test("Retry-After in seconds or as a date, never negative, never nonsense", () => {
  expect(parseRetryAfterMs("3", NOW)).toBe(3000);
  expect(parseRetryAfterMs(new Date(NOW + 5000).toUTCString(), NOW)).toBe(5000);
  expect(parseRetryAfterMs(new Date(NOW - 5000).toUTCString(), NOW)).toBe(0);
  expect(parseRetryAfterMs("soon", NOW)).toBeUndefined();
  expect(parseRetryAfterMs(undefined, NOW)).toBeUndefined();
  expect(read(429, {}, "import", "7")).toEqual({ kind: "busy", status: 429, retryAfterMs: 7000 });
});

test("only what happened before the first byte is known not to have been stored", () => {
  const error = (code: string) => Object.assign(new Error("x"), { code });
  expect(readTransportError(error("ECONNREFUSED"))).toEqual({ kind: "busy", status: 0 });
  expect(readTransportError(new AggregateError([error("ECONNREFUSED")]))).toEqual({
    kind: "busy",
    status: 0,
  });
  expect(readTransportError(error("ECONNRESET"))).toMatchObject({ kind: "unknown" });
  expect(readTransportError(error("UND_ERR_HEADERS_TIMEOUT"))).toMatchObject({ kind: "unknown" });
  expect(readTransportError("strange")).toMatchObject({ kind: "unknown" });
});

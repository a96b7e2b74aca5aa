// `POST /v1/people` at the door: who may send, what each item is answered, when marks are committed and what is kept.
import { afterEach, describe, expect, test } from "vitest";
import { AppError, type PeopleMarks } from "../../src/core/index.ts";
import {
  judgeNow,
  judgeUserId,
  makeJsonReceiver,
  makeSnapshot,
  makeSourceTable,
  type MarkTaker,
} from "../../src/gateway/index.ts";
import { type Door, startDoor } from "../support/door.ts";
import { lockOf } from "../support/plans.ts";

const ADA = "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e";
const BOB = "5f0c2b8e-3c0a-4a53-9f44-0a5d2f5b7c11";
const snapshot = makeSnapshot(
  lockOf({
    people: {
      plan: { type: "string", enum: ["free", "pro"], owner: "state" },
      theme: { type: "string", owner: "client" },
    },
  }),
);

const API_IN_DEVELOPMENT = {
  id: "api",
  trust: "server",
  tokens: ["dev_token"],
  origins: [],
  clientAddress: "drop",
  development: true,
} as const;

/** What was asked to be marked; `gate` lets a test hold or refuse the commit. */
function rememberedMarks(gate: () => Promise<void> = () => Promise.resolve()) {
  const calls: { readonly userIds: readonly string[]; readonly cause: string }[] = [];
  const marks: PeopleMarks = {
    mark: (userIds, cause) => {
      calls.push({ userIds, cause });
      return gate();
    },
  };
  return { calls, marks };
}

let door: Door | undefined;
afterEach(async () => {
  await door?.close();
  door = undefined;
});

type DoorOptions = Parameters<typeof startDoor>[0];

async function open(marks?: PeopleMarks, options: DoorOptions = {}): Promise<Door> {
  const people: MarkTaker | undefined = marks && {
    marks,
    judgeUserId: (named) => judgeUserId(snapshot, named),
  };
  door = await startDoor({ ...options, ...(people === undefined ? {} : { people }) });
  return door;
}

async function post(body: unknown, token = "api_token", path = "/v1/people") {
  if (!door) throw new Error("no door");
  const answer = await door.send(path, {
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { ...answer, json: JSON.parse(answer.text) as { results?: readonly unknown[]; error?: string } };
}

const set = (userId: string, properties: object = { plan: "pro" }) => ({ user_id: userId, set: properties });
const mark = (userId: string, changed: unknown = true) => ({ user_id: userId, changed });
const accepted = (index: number) => ({ index, status: "accepted" });

describe("who may send", () => {
  test("a client token is refused with 403 and an unknown one with 401; nothing is kept and nobody is marked", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks);
    expect(await post([set(ADA), mark(BOB)], "web_token")).toMatchObject({ status: 403 });
    expect(await post([set(ADA), mark(BOB)], "nobody")).toMatchObject({ status: 401 });
    expect(calls).toEqual([]);
    expect(door?.records()).toEqual([]);
    expect(door?.metrics.value("plumbline_refused_total", { reason: "trust-too-low" })).toBe(2);
  });

  test("the same client token still sends events", async () => {
    await open();
    const event = { event: "Page left", distinct_id: "d1" };
    expect(await post([event], "web_token", "/v1/events")).toMatchObject({ status: 200 });
  });

  test("an item cannot name another token than the header's", async () => {
    await open();
    await post([{ ...set(ADA), token: "web_token", $token: "web_token", asState: false }]);
    expect(door?.items()).toMatchObject([
      { kind: "profile", token: "api_token", asState: true, modifiers: {} },
    ]);
  });
});

describe("sets", () => {
  test("are on disk when they are answered; null becomes $unset behind the $set", async () => {
    await open();
    const answer = await post([set(ADA, { plan: "pro", email: null, tags: ["a"] })]);
    expect(answer).toMatchObject({ status: 200, json: { results: [accepted(0)] } });
    expect(door?.items()).toEqual([
      {
        kind: "profile",
        token: "api_token",
        groupKey: undefined,
        id: ADA,
        operations: [
          { operation: "$set", value: { plan: "pro", tags: ["a"] } },
          { operation: "$unset", value: ["email"] },
        ],
        modifiers: {},
        asState: true,
      },
    ]);
  });

  test("two items of one user stay two, in their order", async () => {
    await open();
    await post([set(ADA, { plan: "pro" }), set(ADA, { plan: "free" })]);
    expect(door?.items()).toMatchObject([
      { operations: [{ value: { plan: "pro" } }] },
      { operations: [{ value: { plan: "free" } }] },
    ]);
  });
});

describe("marks", () => {
  test("are made in one call, each user once, by the id the plan spells, with the tables as cause; the journal keeps none", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks);
    const answer = await post([
      mark(ADA, ["orders", "users"]),
      mark(BOB.toUpperCase()),
      mark(ADA, ["orders"]),
    ]);
    expect(answer.json).toEqual({ results: [accepted(0), accepted(1), accepted(2)] });
    expect(calls).toEqual([{ userIds: [ADA, BOB], cause: "gateway: api: orders, users" }]);
    expect(door?.records()).toEqual([]);
    expect(door?.metrics.value("plumbline_received_marks_total")).toBe(2);
  });

  test("are answered after they were committed, and not before", async () => {
    let commit = (): void => undefined;
    let called = (): void => undefined;
    const wasCalled = new Promise<void>((resolve) => {
      called = resolve;
    });
    const { marks } = rememberedMarks(() => {
      called();
      return new Promise((resolve) => {
        commit = resolve;
      });
    });
    await open(marks);
    const order: string[] = [];
    const answer = post([mark(ADA)]).then((got) => {
      order.push("answered");
      return got;
    });
    await wasCalled;
    // A whole request in the meantime: the other one had every chance to be answered.
    await post([{ event: "Page left", distinct_id: "d1" }], "api_token", "/v1/events");
    order.push("committed");
    commit();
    expect(await answer).toMatchObject({ status: 200 });
    expect(order).toEqual(["committed", "answered"]);
  });

  test("an id that the plan refuses is refused by index and field, and the others are marked", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks);
    const answer = await post([mark("ada@example.com"), mark(ADA), mark("undefined"), mark("$device:1")]);
    expect(answer.json.results).toEqual([
      {
        index: 0,
        status: "refused",
        field: "user_id",
        error: "An id looks like an e-mail address (identity-email)",
      },
      accepted(1),
      expect.objectContaining({ index: 2, status: "refused", error: expect.stringContaining("forbidden") }),
      expect.objectContaining({ index: 3, status: "refused", field: "user_id" }),
    ]);
    expect(calls.map(({ userIds }) => userIds)).toEqual([[ADA]]);
    expect(answer.text).not.toContain("ada@example.com");
  });

  test("without a people database a mark is refused, and a set beside it is kept", async () => {
    await open();
    const answer = await post([mark(ADA), set(BOB)]);
    expect(answer).toMatchObject({
      status: 200,
      json: {
        results: [
          { index: 0, status: "refused", error: "no people database is configured" },
          { index: 1, status: "accepted" },
        ],
      },
    });
    expect(door?.items().filter(({ kind }) => kind === "profile")).toHaveLength(1);
  });
});

describe("mixed bodies", () => {
  test("marks that cannot be committed are 503 with Retry-After, and nothing of the body is kept", async () => {
    const { calls, marks } = rememberedMarks(() => Promise.reject(new Error("password in here")));
    await open(marks);
    const answer = await post([set(ADA), mark(BOB)]);
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
    expect(calls).toHaveLength(1);
    expect(door?.records()).toEqual([]);
    expect(door?.metrics.value("plumbline_refused_total", { reason: "marks" })).toBe(2);
    expect(JSON.stringify([door?.log.lines, answer.text])).not.toContain("password in here");
  });

  test("a full journal is 503 after the marks: they stand, and the sets are not kept", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks, {
      journal: { append: () => Promise.reject(new AppError("JOURNAL_FULL", "Cannot append: full")) },
    });
    expect(await post([set(ADA), mark(BOB)])).toMatchObject({ status: 503 });
    expect(calls).toHaveLength(1);
  });

  test("over the limit of waiting bytes nobody is marked and nothing is kept", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks, { limits: { pendingMaxBytes: 10 } });
    expect(await post([mark(BOB)])).toMatchObject({ status: 503 });
    expect(calls).toEqual([]);
  });

  test("what the plan does not allow is 422 in development, and then nobody is marked", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks, {
      extraSources: [API_IN_DEVELOPMENT],
      judgeNow: (record) =>
        Promise.resolve(
          judgeNow(record, {
            snapshot,
            sources: makeSourceTable([API_IN_DEVELOPMENT]),
            receivers: [makeJsonReceiver()],
          }),
        ),
    });
    const wrong = await post([set(ADA, { plan: "gold" }), mark(BOB)], "dev_token");
    expect(wrong.status).toBe(422);
    expect(wrong.json).toMatchObject({ findings: [expect.stringContaining("not-in-enum at $set.plan")] });
    expect(calls).toEqual([]);
    expect(door?.records()).toEqual([]);
    expect(await post([set(ADA, { plan: "pro" }), mark(BOB)], "dev_token")).toMatchObject({ status: 200 });
    expect(calls).toHaveLength(1);
  });
});

describe("malformed", () => {
  test("items are named by index and field, kept for quarantine, and the good ones are accepted", async () => {
    const { calls, marks } = rememberedMarks();
    await open(marks);
    const items = [
      7,
      { set: { plan: "pro" } },
      { user_id: 7, changed: true },
      { user_id: ADA },
      { user_id: ADA, changed: false },
      { user_id: ADA, changed: [] },
      { user_id: ADA, changed: ["two\nlines"] },
      { user_id: ADA, set: [] },
      { user_id: ADA, set: {} },
      { user_id: ADA, set: { plan: "pro" }, changed: true },
      mark(ADA),
      set(ADA),
    ];
    const answer = await post(items);
    const fields = [
      "",
      "user_id",
      "user_id",
      "changed",
      "changed",
      "changed",
      "changed",
      "set",
      "set",
      "set",
    ];
    expect(answer.status).toBe(200);
    expect(answer.json.results).toEqual([
      ...fields.map((field, index) => ({ index, status: "malformed", error: expect.any(String), field })),
      accepted(10),
      accepted(11),
    ]);
    expect(calls).toHaveLength(1);
    expect(door?.items().filter(({ kind }) => kind === "malformed")).toHaveLength(10);
  });

  test("2000 items and 100 tables pass; one more of either does not", async () => {
    const { marks } = rememberedMarks();
    await open(marks);
    const people = (count: number) => Array.from({ length: count }, () => mark(ADA));
    expect(await post(people(2000))).toMatchObject({ status: 200 });
    expect(await post(people(2001))).toMatchObject({ status: 400 });
    const tables = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);
    const answer = await post([mark(ADA, tables(100)), mark(ADA, tables(101))]);
    expect(answer.json.results).toMatchObject([{ status: "accepted" }, { status: "malformed" }]);
  });

  test("bodies that are no array are 400, and ones over 10 MiB 413", async () => {
    await open();
    expect(await post("{not json")).toMatchObject({ status: 400 });
    expect(await post(set(ADA))).toMatchObject({ status: 400 });
    expect(await post(`[${" ".repeat(10 * 2 ** 20)}]`)).toMatchObject({ status: 413 });
  });
});

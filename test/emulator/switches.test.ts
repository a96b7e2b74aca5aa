// Every switch in both positions: what Mixpanel's own documents leave open. The guide lists what each means.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SWITCHES, startEmulator } from "../../src/emulator/index.ts";
import { setClock } from "../support/quiet.ts";
import { type Local, makeEvent, makeTracked, SERVICE_ACCOUNT, startLocal } from "./local.ts";

const authorization = SERVICE_ACCOUNT;
const bearer = { authorization: "Bearer person" };
const bare = { $token: "t", $distinct_id: "u" };
const track = { token: "t", distinct_id: "u" };

async function failedRecord(local: Local): Promise<unknown> {
  const { failed_records } = (await local.importEvents([makeEvent({ time: "x" })])).json() as {
    failed_records: unknown[];
  };
  return failed_records[0];
}

async function deletion(local: Local): Promise<unknown> {
  const body = JSON.stringify({ distinct_ids: ["u"] });
  const reply = await local.send("/api/app/data-deletions/v3.0/?token=t", {
    method: "POST",
    body,
    headers: bearer,
  });
  const { results } = reply.json() as { results: unknown };
  return Array.isArray(results)
    ? "list"
    : Object.keys(results as object).filter((name) => name.endsWith("_id") && name !== "project_id");
}

interface Case {
  readonly name: string;
  /** Value of the switch → what `act` must answer. */
  readonly expected: Readonly<Record<string, unknown>>;
  readonly act: (local: Local) => Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    name: "import_max_bytes",
    expected: { "10485760": 200, "2097152": 413 },
    act: async (local) => {
      const events = [1, 2, 3].map((n) => makeEvent({ $insert_id: `i${n}`, text: "x".repeat(800_000) }));
      return (await local.importEvents(events)).status;
    },
  },
  {
    name: "strict_future_time",
    expected: { reject: 400, replace: 200 },
    act: async (local) => (await local.importEvents([makeEvent({ time: Date.now() + 7_200_000 })])).status,
  },
  {
    name: "failed_record_id_key",
    expected: { insert_id: true, $insert_id: false },
    act: async (local) => Object.hasOwn((await failedRecord(local)) as object, "insert_id"),
  },
  {
    name: "mixed_batch",
    expected: { any: 1, all: 0 },
    act: async (local) => ((await local.track([{}, makeTracked()])).json() as { status: number }).status,
  },
  {
    name: "engage_ip_default",
    expected: { "1": "Data Centre City", "0": undefined },
    act: async (local) => {
      await local.engage([{ ...bare, $set: { a: 1 } }], "verbose=1");
      return (await local.profile("u"))?.["$city"];
    },
  },
  {
    name: "ip_precedence",
    expected: { record: "Data Centre City", query: undefined },
    act: async (local) => {
      await local.engage([{ ...bare, $ip: "10.0.0.1", $set: { a: 1 } }], "ip=0");
      return (await local.profile("u"))?.["$city"];
    },
  },
  {
    name: "verbose_2",
    expected: { same: 200, error: 400 },
    act: async (local) => (await local.engage([{ $token: "t", $set: {} }], "verbose=2")).status,
  },
  {
    name: "ignore_alias",
    expected: { ignore: undefined, obey: { a: 1 } },
    act: async (local) => {
      await local.track([{ event: "A", properties: { ...track, $device_id: "d", $user_id: "ada" } }]);
      await local.engage([
        {
          $token: "t",
          $distinct_id: "$device:d",
          $ip: 0,
          $ignore_time: true,
          $ignore_alias: true,
          $set: { a: 1 },
        },
      ]);
      const { profiles } = (await local.send("/emulator/latest")).json() as {
        profiles: { id: string; properties: object }[];
      };
      return profiles.find(({ id }) => id === "$device:d")?.properties;
    },
  },
  {
    name: "forbidden_ids",
    expected: { "any-case": 400, "exact-case": 200 },
    act: async (local) => (await local.importEvents([makeEvent({ distinct_id: "NULL" })])).status,
  },
  {
    name: "retry_after",
    expected: { on: "2", off: undefined },
    act: async (local) => {
      await local.set({ rate_limits: "documented" });
      let last = await local.post("/api/app/projects/1/schemas", { entries: [] });
      for (let more = 0; more < 5; more += 1)
        last = await local.post("/api/app/projects/1/schemas", { entries: [] });
      expect(last.status).toBe(429);
      return last.headers["retry-after"];
    },
  },
  {
    name: "import_answer",
    expected: { track: 1, import: { code: 200, num_records_imported: 1, status: "OK" } },
    act: async (local) => (await local.importEvents([makeEvent()], "project_id=1")).json(),
  },
  {
    name: "gdpr_answer",
    expected: { both: ["task_id", "tracking_id"], task_id: ["task_id"], tracking_id: "list" },
    act: deletion,
  },
  {
    name: "gdpr_auth",
    expected: { bearer: 401, any: 400 },
    act: async (local) =>
      (
        await local.send("/api/app/data-deletions/v3.0/?token=t", {
          method: "POST",
          body: "{}",
          headers: { authorization },
        })
      ).status,
  },
  {
    name: "gdpr_ids_max",
    expected: { "1999": 201, "1": 400 },
    act: async (local) =>
      (
        await local.send("/api/app/data-deletions/v3.0/?token=t", {
          method: "POST",
          body: '{"distinct_ids":["a","b"]}',
          headers: bearer,
        })
      ).status,
  },
  {
    name: "data_definitions",
    expected: { off: 404, on: 200 },
    act: async (local) =>
      (await local.send("/api/app/projects/1/data-definitions/events/", { headers: { authorization } }))
        .status,
  },
  {
    name: "engage_pages_count",
    expected: { yes: 429, no: 200 },
    act: async (local) => {
      await local.set({ rate_limits: "documented" });
      const query = (body: object) => local.post("/api/query/engage?project_id=1", body);
      const { session_id } = (await query({})).json() as { session_id: string };
      let last = await query({ session_id, page: 1 });
      for (let more = 0; more < 60; more += 1) last = await query({ session_id, page: 1 });
      return last.status;
    },
  },
  {
    name: "export_end",
    expected: { whole: false, "terminated early": true },
    act: async (local) => {
      await local.importEvents([makeEvent()]);
      const path = "/api/2.0/export?project_id=1&from_date=2000-01-01&to_date=2099-01-01";
      const { status, text } = await local.send(path, { headers: { authorization } });
      expect(status).toBe(200);
      return text.endsWith("export terminated early\n");
    },
  },
  {
    name: "export_deleted",
    expected: { hide: 0, show: 1 },
    act: async (local) => {
      await local.set({ data_definitions: "on" });
      await local.importEvents([makeEvent()]);
      const day = new Date().toISOString().slice(0, 10);
      const from = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
      const path = "/api/app/projects/1/data-definitions/events/deletion-requests/";
      await local.post(path, { eventName: "Song played", fromDate: from, toDate: day });
      return (await local.exported()).length;
    },
  },
  {
    name: "record_answer",
    expected: { empty: {}, ok: { code: 200, status: "OK" } },
    act: async (local) =>
      (await local.send("/record", { method: "POST", body: "[]", headers: { authorization } })).json(),
  },
  {
    name: "truncate_unit",
    expected: { bytes: 127, characters: 255 },
    act: async (local) => {
      await local.importEvents([makeEvent({ text: "ü".repeat(300) })]);
      return String((await local.exported())[0]?.properties["text"]).length;
    },
  },
  {
    name: "rate_limits",
    expected: { off: 200, documented: 429 },
    act: async (local) => {
      const statuses = [];
      for (let at = 0; at < 4; at += 1)
        statuses.push(
          (
            await local.send("/api/2.0/export?project_id=1&from_date=2025-01-01&to_date=2025-01-01", {
              headers: { authorization },
            })
          ).status,
        );
      return statuses.at(-1);
    },
  },
  {
    name: "service_accounts",
    expected: { any: 200, listed: 401 },
    act: async (local) => {
      const other = `Basic ${Buffer.from("other:secret").toString("base64")}`;
      expect((await local.send("/api/app/me", { headers: { authorization } })).status).toBe(200);
      return (await local.send("/api/app/me", { headers: { authorization: other } })).status;
    },
  },
  {
    name: "old_track_events",
    expected: { reject: 0, accept: 1 },
    act: async (local) =>
      ((await local.track([makeTracked({ time: 1_500_000_000 })])).json() as { status: number }).status,
  },
  {
    name: "identity",
    expected: { simplified: "ada", original: "$device:d" },
    act: async (local) => {
      await local.track([
        { event: "A", properties: { token: "t", distinct_id: "$device:d", $device_id: "d" } },
        { event: "A", properties: { token: "t", distinct_id: "ada", $device_id: "d", $user_id: "ada" } },
      ]);
      return (await local.exported())[0]?.properties["distinct_id"];
    },
  },
  {
    name: "drop_filter_latency_ms",
    expected: { "0": 0, "60000": 1 },
    act: async (local) => {
      await local.set({ data_definitions: "on" });
      await local.post("/api/app/projects/1/data-definitions/events/drop-filters/", {
        event_name: "Song played",
        filters: [{ property: "bot", op: "equals", value: true }],
      });
      await local.importEvents([makeEvent({ bot: true })]);
      return (await local.exported()).length;
    },
  },
  {
    name: "deletion_latency_ms",
    expected: { "0": "SUCCESS", "60000": "PENDING" },
    act: async (local) => {
      const path = "/api/app/data-deletions/v3.0";
      const created = await local.send(`${path}/?token=t`, {
        method: "POST",
        body: '{"distinct_ids":["u"]}',
        headers: bearer,
      });
      const { results } = created.json() as { results: { task_id: string } };
      const reply = await local.send(`${path}/${results.task_id}?token=t`, { headers: bearer });
      return (reply.json() as { results: { status: string } }).results.status;
    },
  },
  {
    name: "events_max",
    expected: { "50000000": 200, "0": 507 },
    act: async (local) => (await local.importEvents([makeEvent()])).status,
  },
  {
    name: "linked_ids_max",
    expected: { "2000000": "ada", "0": "$device:d" },
    act: async (local) => {
      await local.track([
        { event: "A", properties: { token: "t", $device_id: "d" } },
        { event: "A", properties: { token: "t", $device_id: "d", $user_id: "ada" } },
      ]);
      return (await local.exported())[0]?.properties["distinct_id"];
    },
  },
  {
    name: "profiles_max",
    expected: { "500000": 200, "0": 507 },
    act: async (local) => (await local.engage([{ ...bare, $set: {} }])).status,
  },
];

const positions = cases.flatMap(({ name, expected, act }) =>
  Object.entries(expected).map(([value, wanted]) => ({ name, value, wanted, act })),
);

test.each(positions)("$name=$value", async ({ name, value, wanted, act }) => {
  // No window of a limit ends here, however slow the machine.
  const local = await startLocal({ switches: { [name]: value }, clock: setClock(Date.now()) });
  expect(await act(local)).toEqual(wanted);
});

describe("all switches", () => {
  test("have a test here for each named value, and the first value is the default", async () => {
    const defaults = (await (await startLocal()).send("/emulator/switches")).json() as Record<
      string,
      unknown
    >;
    for (const [name, allowed] of Object.entries(SWITCHES)) {
      const tested = Object.keys(cases.find((one) => one.name === name)?.expected ?? {});
      const values: readonly string[] = typeof allowed === "number" ? [String(allowed)] : allowed;
      expect(tested, name).toEqual(expect.arrayContaining([...values]));
      expect(String(defaults[name]), name).toBe(values[0]);
    }
  });

  test("are explained in the guide with each value", () => {
    const guide = readFileSync(new URL("../../docs/guide/emulator.md", import.meta.url), "utf8");
    for (const [name, allowed] of Object.entries(SWITCHES)) {
      const line = guide.split("\n").find((one) => one.startsWith(`| \`${name}\` |`));
      expect(line, name).toBeDefined();
      for (const value of typeof allowed === "number" ? [String(allowed)] : allowed)
        expect(line).toContain(`\`${value}\``);
    }
  });

  test("can be set while it runs; an unknown name or value is refused", async () => {
    const local = await startLocal();
    expect((await local.track([{}, makeTracked()])).json()).toMatchObject({ status: 1 });
    await local.set({ mixed_batch: "all" });
    expect((await local.track([{}, makeTracked()])).json()).toMatchObject({ status: 0 });
    expect((await local.post("/emulator/switches", { mixed_batch: "some" })).status).toBe(400);
    expect((await local.post("/emulator/switches", { colour: "red" })).status).toBe(400);
    await expect(startEmulator({ switches: { events_max: "many" } })).rejects.toMatchObject({
      code: "EMULATOR_SWITCH_UNKNOWN",
    });
  });
});

test("a rate limit's window ends with time", async () => {
  const clock = setClock();
  const local = await startLocal({ clock, switches: { rate_limits: "documented" } });
  const post = async () => (await local.post("/api/app/projects/1/schemas", { entries: [] })).status;
  const statuses = [];
  for (let at = 0; at < 6; at += 1) statuses.push(await post());
  clock.advance(60_000);
  expect([...statuses, await post()]).toEqual([200, 200, 200, 200, 200, 429, 200]);
});

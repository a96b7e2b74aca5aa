// Which events are one person's, in both modes. Canonical ids show in export, whenever the link was learnt.
import { expect, test } from "vitest";
import { startLocal } from "./local.ts";

const token = "t";
const tracked = (event: string, properties: object) => ({ event, properties: { token, ...properties } });

test("simplified: an event with device and user links what the device did before and does after", async () => {
  const local = await startLocal();
  await local.track([
    tracked("Seen", { $device_id: "d1", distinct_id: "$device:d1" }),
    tracked("Signed in", { $device_id: "d1", $user_id: "ada", distinct_id: "ada" }),
    tracked("Seen again", { $device_id: "d1", distinct_id: "$device:d1" }),
    tracked("Other", { $device_id: "d2" }),
  ]);
  const events = await local.exported();
  expect(events.map(({ properties }) => properties["distinct_id"])).toEqual([
    "ada",
    "ada",
    "ada",
    "$device:d2",
  ]);
  expect(events[0]?.properties["$distinct_id_before_identity"]).toBe("$device:d1");
});

test("simplified: a device belongs to its first user, and two users never become one", async () => {
  const local = await startLocal();
  await local.track([
    tracked("A", { $device_id: "d", $user_id: "ada" }),
    tracked("A", { $device_id: "d", $user_id: "bob" }),
    tracked("A", { $device_id: "d" }),
    tracked("$identify", { distinct_id: "bob", $anon_distinct_id: "ada" }),
    tracked("A", { distinct_id: "ada" }),
  ]);
  const ids = (await local.exported()).map(({ properties }) => properties["distinct_id"]);
  expect(ids).toEqual(["ada", "bob", "ada", "bob", "ada"]);
});

test("simplified: a profile update to a linked device goes to the user, an older device profile is not carried over", async () => {
  const local = await startLocal();
  const update = { $token: token, $distinct_id: "$device:d", $ip: 0, $ignore_time: true };
  await local.engage([{ ...update, $set: { before: 1 } }]);
  await local.track([tracked("A", { $device_id: "d", $user_id: "ada" })]);
  await local.engage([{ ...update, $set: { after: 1 } }]);
  expect(await local.profile("ada")).toEqual({ after: 1 });
});

test("original: $identify, $create_alias and $merge join ids, and earlier events follow", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  const anonymous = "6f1d5a5e-4f6e-4a6e-9d7e-2f6b1c0c7a11";
  await local.track([
    tracked("Seen", { distinct_id: anonymous }),
    tracked("$identify", { $identified_id: "ada", $anon_id: anonymous }),
    tracked("$create_alias", { distinct_id: "ada", alias: "ada@old" }),
    tracked("Seen", { distinct_id: "ada@old" }),
    tracked("Seen", { distinct_id: "bob" }),
  ]);
  await local.send("/import", {
    method: "POST",
    body: JSON.stringify({ event: "$merge", properties: { $distinct_ids: ["ada", "bob"], token } }),
    headers: { "content-type": "application/json" },
  });
  const ids = (await local.exported()).filter(({ event }) => event === "Seen");
  expect(ids.map(({ properties }) => properties["distinct_id"])).toEqual(["ada", "ada", "ada"]);
});

test("original: a cluster takes 500 ids, and the event that brings one more says why it did not", async () => {
  const local = await startLocal({ switches: { identity: "original" } });
  const identify = (id: string) => tracked("$identify", { distinct_id: "ada", $anon_distinct_id: id });
  await local.track(Array.from({ length: 500 }, (_, index) => identify(`anonymous-${index}`)));
  const events = await local.exported();
  const failed = events.filter(({ properties }) => properties["$identity_failure_reason"] !== undefined);
  expect(failed.map(({ properties }) => properties["$anon_distinct_id"])).toEqual(["anonymous-499"]);
});

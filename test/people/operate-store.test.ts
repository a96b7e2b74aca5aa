// Mixpanel's profiles read back and erased, against the local Mixpanel over HTTP.
import { expect, test } from "vitest";
import { appOrigin } from "../../src/providers/mixpanel/app-host.ts";
import { createMixpanelProfileStore } from "../../src/providers/index.ts";
import { startLocal, type Local } from "../emulator/local.ts";
import { setClock, systemClock } from "../support/quiet.ts";

const signal = new AbortController().signal;

function storeOf(local: Local, extra: object = { erasureToken: "person" }) {
  return createMixpanelProfileStore({
    host: local.url,
    projectId: 1,
    serviceAccount: { username: "sa", secret: "sa_secret" },
    token: "t",
    clock: systemClock,
    ...extra,
  });
}

async function setProfiles(local: Local, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `user-${index}`);
  await local.engage(ids.map((id) => ({ $token: "t", $distinct_id: id, $set: { plan: "pro", n: 1 } })));
  return ids;
}

test("profiles of ids come back with the properties that were asked for, and ids without one are absent", async () => {
  const local = await startLocal();
  const ids = await setProfiles(local, 3);
  const answer = await storeOf(local).read([...ids, "nobody"], { signal, properties: ["plan"] });
  expect(answer).toEqual({
    kind: "answer",
    value: ids.map((id) => ({ id, properties: { plan: "pro" } })),
  });
});

test("a full page of ids is one query", async () => {
  const local = await startLocal({ switches: { rate_limits: "documented" } });
  const ids = await setProfiles(local, 1000);
  const store = storeOf(local);
  for (let query = 0; query < 60; query += 1)
    expect(await store.read(ids, { signal })).toMatchObject({ kind: "answer" });
  expect(await store.read(ids, { signal })).toEqual({
    kind: "busy",
    message: "status 429",
    retryAfterMs: 2000,
  });
});

test("more ids than a query takes are refused and not cut", async () => {
  const local = await startLocal();
  await expect(storeOf(local).read(Array<string>(1001).fill("x"), { signal })).rejects.toMatchObject({
    code: "INTERNAL",
  });
});

test("a wrong account is refused, a broken answer is busy, and a strange body is never no profile", async () => {
  const local = await startLocal({
    switches: { service_accounts: "listed" },
    serviceAccounts: { other: "secret" },
  });
  expect(await storeOf(local).read(["a"], { signal })).toMatchObject({ kind: "refused" });
  await local.set({ service_accounts: "any" });
  await local.fault({ route: "query", status: 502, count: 1 });
  expect(await storeOf(local).read(["a"], { signal })).toMatchObject({ kind: "busy", message: "status 502" });
  await local.fault({ route: "query", cut: "before", count: 1 });
  expect(await storeOf(local).read(["a"], { signal })).toMatchObject({ kind: "busy" });
  await local.fault({ route: "query", body: '{"status":"ok"}', count: 1 });
  expect(await storeOf(local).read(["a"], { signal })).toMatchObject({ kind: "refused" });
});

test.each(["task_id", "tracking_id", "both"])(
  "an erasure goes from asked to done, answered as %s",
  async (shape) => {
    const clock = setClock();
    const local = await startLocal({ clock, switches: { gdpr_answer: shape, deletion_latency_ms: "60000" } });
    await setProfiles(local, 1);
    const store = storeOf(local);
    const task = await store.requestErasure(["user-0"], { signal });
    if (task.kind !== "answer") throw new Error(task.message);
    expect(await store.erasureState(task.value, { signal })).toEqual({ kind: "answer", value: "pending" });
    clock.advance(60_000);
    expect(await store.erasureState(task.value, { signal })).toEqual({ kind: "answer", value: "done" });
    expect(await store.read(["user-0"], { signal })).toEqual({ kind: "answer", value: [] });
    expect(await store.erasureState("00000000-0000-4000-8000-000000000000", { signal })).toEqual({
      kind: "answer",
      value: "failed",
    });
  },
);

test("without the token of a person nothing is erased, and the answer says so", async () => {
  const local = await startLocal();
  const store = storeOf(local, {});
  expect(await store.requestErasure(["user-0"], { signal })).toMatchObject({ kind: "refused" });
});

test.each([
  ["https://api.mixpanel.com", "https://mixpanel.com"],
  ["https://api-eu.mixpanel.com/", "https://eu.mixpanel.com"],
  ["https://api-in.mixpanel.com", "https://in.mixpanel.com"],
  ["http://127.0.0.1:8081", "http://127.0.0.1:8081"],
])("data for %s is queried at %s", (host, origin) => {
  expect(appOrigin(host)).toBe(origin);
});

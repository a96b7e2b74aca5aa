// Group profiles are read by a number that only the project's settings tell.
import { expect, test } from "vitest";
import { createMixpanelReader } from "../../src/providers/index.ts";
import { systemClock } from "../support/quiet.ts";
import { startLocal } from "../emulator/local.ts";

const ACCOUNT = { username: "sa", secret: "sa_secret" };
const { signal } = new AbortController();

test("by the configured number; without one Mixpanel itself is not even asked, and the answer says what is missing", async () => {
  const local = await startLocal();
  await local.send("/groups?verbose=1", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      { $token: "t", $group_key: "team", $group_id: "t1", $set: { seats: 1 } },
      { $token: "t", $group_key: "company", $group_id: "c1", $set: { seats: 2 } },
    ]),
  });
  const reader = createMixpanelReader({
    host: local.url,
    projectId: 1,
    serviceAccount: ACCOUNT,
    groupIds: { company: 2 },
    clock: systemClock,
  });
  const found = await reader.profiles({ group: "company" }, { signal });
  expect(found.kind === "answer" && found.value.profiles.map(({ id }) => id)).toEqual(["c1"]);

  const real = createMixpanelReader({
    host: "https://api-eu.mixpanel.com",
    projectId: 1,
    serviceAccount: ACCOUNT,
    clock: systemClock,
  });
  expect(await real.profiles({ group: "company" }, { signal })).toEqual({
    kind: "refused",
    message: expect.stringContaining("`group_ids: { company: … }`"),
  });
});

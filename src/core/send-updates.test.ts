import { expect, test } from "vitest";
import type { DeliveryOutcome, DeliveryRequest, Provider } from "./ports.ts";
import { REFUSED_FOR_ALL, sendUpdates, type UserOutcome } from "./send-updates.ts";

type Answer = (ids: readonly string[], request: DeliveryRequest) => DeliveryOutcome;

function scripted(answer: Answer): { provider: Pick<Provider, "limits" | "send">; requests: string[][] } {
  const requests: string[][] = [];
  return {
    requests,
    provider: {
      limits: {
        eventsPerRequest: 1,
        eventRequestMaxBytes: 1,
        profilesPerRequest: 100,
        profileRequestMaxBytes: 1_000_000,
        parallelEventRequests: 1,
        parallelProfileRequests: 1,
      },
      send: (request) => {
        const ids = request.items.map((item) => Buffer.from(item).toString());
        requests.push(ids);
        return Promise.resolve(answer(ids, request));
      },
    },
  };
}

async function send(
  count: number,
  answer: Answer,
  kind?: "group",
): Promise<{ told: Map<string, UserOutcome>; requests: string[][] }> {
  const { provider, requests } = scripted(answer);
  const told = new Map<string, UserOutcome>();
  const updates = Array.from({ length: count }, (_, index) => ({
    user: `u${index}`,
    items: [Buffer.from(`u${index}`)],
  }));
  const options = {
    provider,
    ...(kind === undefined ? {} : { kind }),
    signal: () => new AbortController().signal,
    mayGo: () => Promise.resolve(true),
    onRequest: () => undefined,
  };
  await sendUpdates(updates, options, (some, outcome) => {
    for (const { user } of some) {
      expect(told.has(user), "told once").toBe(false);
      told.set(user, outcome);
    }
  });
  return { told, requests };
}

const refused: DeliveryOutcome = { kind: "refused", message: "status 0" };

test("the one that spoils a request is found, and the others are delivered", async () => {
  const { told, requests } = await send(250, (ids) => (ids.includes("u77") ? refused : { kind: "accepted" }));
  const bad = [...told].filter(([, { kind }]) => kind !== "accepted");
  expect(bad).toEqual([["u77", { kind: "refused", message: "status 0" }]]);
  expect(told.size).toBe(250);
  expect(requests.every((ids) => ids.length <= 100)).toBe(true);
  expect(requests.length).toBeLessThan(15);
});

test("a destination that refuses everybody is not asked about each of them", async () => {
  const { told, requests } = await send(1000, () => refused);
  expect(told.get("u0")?.kind).toBe("unauthorized");
  expect([...told.values()].filter(({ kind }) => kind === "refused")).toEqual([]);
  expect(requests.length).toBeLessThan(10 * REFUSED_FOR_ALL);
});

test("who is refused before anybody was taken and before the rest failed comes again", async () => {
  const busy: DeliveryOutcome = { kind: "busy", status: 503, retryAfterMs: 0 };
  let count = 0;
  const early = await send(8, () => ((count += 1) > 5 ? busy : refused));
  expect(early.requests).toHaveLength(6);
  expect(early.told.get("u0")).toMatchObject({ kind: "later", isDoubtful: true });
  // Others were taken: it is this one.
  const late = await send(150, (ids) => {
    if (ids.includes("u149")) return busy;
    return ids.includes("u0") ? refused : { kind: "accepted" };
  });
  expect(late.told.get("u0")).toMatchObject({ kind: "refused" });
  expect(late.told.get("u149")).toMatchObject({ kind: "later", isDoubtful: true });
});

test("after `not now` nothing more is sent, and the rest is told to come later", async () => {
  const { told, requests } = await send(300, (ids) =>
    ids.includes("u150") ? { kind: "busy", status: 429, retryAfterMs: 2000 } : { kind: "accepted" },
  );
  expect(requests).toHaveLength(2);
  expect(told.get("u99")?.kind).toBe("accepted");
  expect(told.get("u150")).toMatchObject({ kind: "later", retryAfterMs: 2000, isDoubtful: false });
  expect(told.get("u299")).toMatchObject({ kind: "later", isDoubtful: false });
});

test("groups go to where groups are taken", async () => {
  const kinds: string[] = [];
  const { told } = await send(
    1,
    (_, { kind }) => {
      kinds.push(kind);
      return { kind: "accepted" };
    },
    "group",
  );
  expect(kinds).toEqual(["group"]);
  expect(told.get("u0")?.kind).toBe("accepted");
});

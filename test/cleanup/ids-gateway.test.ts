// Ids in what the gateway received: users of events and of profile updates, groups and devices left out.
import { afterEach, beforeEach, expect, test } from "vitest";
import { IdTally, makeIdRules } from "../../src/cleanup/index.ts";
import { tallyGateway } from "../../src/cli/ids/read-ids.ts";
import { makeMixpanelReceiver } from "../../src/gateway/index.ts";
import { PLAN, USER } from "../e2e/plan.ts";
import { type Bench, NOW, startJudging } from "../support/judging.ts";
import { compile } from "../support/plans.ts";
import { tempDirectory } from "../support/temp.ts";

const lock = compile(PLAN);
let bench: Bench;
beforeEach(async () => {
  bench = await startJudging(tempDirectory("ids-gateway"), lock);
});
afterEach(async () => {
  await bench.close();
});

test("events that wait in quarantine for their e-mail ids are counted, with the people they touch", async () => {
  const event = (properties: object) => ({
    event: "User signs up",
    properties: { token: "web_token", ...properties },
  });
  await bench.receive([
    event({ distinct_id: "ada@example.com", $insert_id: "1" }),
    event({ distinct_id: "ada@example.com", $insert_id: "2" }),
    event({ distinct_id: USER, $user_id: USER }),
    event({ distinct_id: "$device:d", $device_id: "d" }),
  ]);
  const tally = new IdTally(makeIdRules(lock));
  tallyGateway(tally, bench.journal, { receivers: [makeMixpanelReceiver()], since: 0 });
  expect(tally.report({ withExamples: false })).toMatchObject({
    people: 2,
    events: 4,
    anonymousEvents: 1,
    problems: [{ problem: "email", people: 1, events: 2 }],
  });
  const later = new IdTally(makeIdRules(lock));
  tallyGateway(later, bench.journal, { receivers: [makeMixpanelReceiver()], since: NOW + 1 });
  expect(later.events).toBe(0);
});

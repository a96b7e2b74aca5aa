// What is told about ids: problems by people and events, and no id unless examples are asked for.
import { expect, test } from "vitest";
import { compile } from "../../../test/support/plans.ts";
import { makeIdRules } from "./id-shape.ts";
import { IdTally, SHARED_DEVICES, SHARED_EMAILS } from "./id-tally.ts";

const plan = (format: string): string => `
plumbline: 1
name: ids
sources: { web: { trust: client } }
identity: { user_id: { format: ${format} } }
events: { seen: { name: Seen, description: Somebody looked, owner: growth, sources: { web: {} } } }
`;
const uuid = (n: number): string => `0190a5e0-1111-7222-8333-${String(n).padStart(12, "0")}`;

function tally(format = "uuid"): IdTally {
  return new IdTally(makeIdRules(compile(plan(format))));
}

test("each problem counts people, events and profiles; ids that the plan wants have none", () => {
  const counted = tally();
  for (const id of ["ada@example.com", "Bob@Example.com", "+43 660 1234567", "null", "kundin-x"]) {
    counted.addEvent({ distinct_id: id });
    counted.addEvent({ distinct_id: "d", $device_id: "d", $user_id: id });
  }
  counted.addEvent({ distinct_id: uuid(1), $user_id: uuid(1) });
  counted.addEvent({ distinct_id: "$device:d" });
  counted.addProfile("ada@example.com");
  counted.addProfile("eve@example.com");
  counted.addProfile("$device:d");
  const report = counted.report({ withExamples: false });
  const rows = report.problems.map(({ problem, people, events, profiles }) => [
    problem,
    people,
    events,
    profiles,
  ]);
  expect(rows).toEqual([
    ["email", 3, 4, 2],
    ["phone", 1, 2, 0],
    ["forbidden", 1, 2, 0],
    ["unfit", 1, 2, 0],
  ]);
  expect(report).toMatchObject({ people: 7, events: 12, profiles: 2, anonymousEvents: 1, isWhole: true });
  expect(JSON.stringify(report)).not.toMatch(/example\.com|kundin|660/i);
  expect(JSON.stringify(counted.report({ withExamples: true }))).toMatch(/ada@example\.com/);
});

test("numbers that follow each other are sequential, numbers from all over are not", () => {
  const close = tally("integer");
  for (let n = 0; n < 20; n += 1) close.addEvent({ distinct_id: String(1000 + 3 * n) });
  expect(close.report({ withExamples: false }).problems).toMatchObject([
    { problem: "sequential", people: 20 },
  ]);
  const few = tally("integer");
  for (let n = 0; n < 19; n += 1) few.addEvent({ distinct_id: String(1000 + 3 * n) });
  expect(few.report({ withExamples: false }).problems).toEqual([]);
  const far = tally("integer");
  for (let n = 0; n < 20; n += 1) far.addEvent({ distinct_id: String(1000 + 999_983 * n) });
  expect(far.report({ withExamples: false }).problems).toEqual([]);
  const named = tally("any");
  for (let n = 0; n < 20; n += 1) named.addEvent({ distinct_id: `customer-${n}` });
  expect(named.report({ withExamples: false }).problems).toMatchObject([
    { problem: "sequential", people: 20 },
  ]);
});

test("an id on many devices, or with several addresses, is shared; one fewer is a person", () => {
  const devices = tally();
  for (let n = 0; n < SHARED_DEVICES; n += 1) {
    devices.addEvent({ distinct_id: uuid(1), $device_id: `d${n}` });
    if (n > 0) devices.addEvent({ distinct_id: uuid(2), $device_id: `d${n}` });
  }
  expect(devices.report({ withExamples: true }).problems).toMatchObject([
    { problem: "shared", examples: [uuid(1)] },
  ]);
  const emails = tally();
  for (let n = 0; n < SHARED_EMAILS; n += 1) {
    emails.addEvent({ distinct_id: uuid(1), $email: `${n}@example.com` });
    if (n > 0) emails.addEvent({ distinct_id: uuid(2), email: `${n}@example.com` });
  }
  expect(emails.report({ withExamples: true }).problems).toMatchObject([
    { problem: "shared", examples: [uuid(1)] },
  ]);
});

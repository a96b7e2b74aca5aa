// Holds what a driver in another language answered, and what reached the local Mixpanel, against the golden vectors.
import { expect } from "vitest";
import type { Lock } from "../../src/plan/index.ts";
import { exportEvents, queryProfiles } from "../support/emulator-client.ts";
import { type GoldenCase, goldenCases, USER } from "./golden-cases.ts";

export interface Expressed {
  readonly golden: GoldenCase;
  readonly values: Readonly<Record<string, unknown>>;
}

/** As JSON writes a lone surrogate. */
const HALF_CHARACTER = /\\ud[89a-f]/;

/**
 * Cases for clients of dynamic languages: moments become `{ $datetime }`, which drivers turn into the language's own type. Nothing for an optional
 * property means "leave it out" there, so vectors that send null on purpose cannot be expressed. Neither can half a character (a lone surrogate) where
 * texts are UTF-8.
 */
export function dynamicCases(
  lock: Lock,
  { halfCharacters }: { readonly halfCharacters: boolean },
): readonly Expressed[] {
  return goldenCases(lock).flatMap((golden): Expressed[] => {
    if (!halfCharacters && HALF_CHARACTER.test(JSON.stringify(golden.properties))) return [];
    const event = lock.events[golden.event];
    const values: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(golden.properties)) {
      const property = event?.properties[name];
      if (value === null && property?.presence !== "required") return [];
      const isMoment = property?.type.type === "datetime" && golden.fine && typeof value === "string";
      values[name] = isMoment ? { $datetime: value } : value;
    }
    return [{ golden, values }];
  });
}

export interface DriverAnswer {
  /** By case: the finding's id, or null. */
  readonly answers: readonly (string | null)[];
  readonly problems: number;
  /** Finding ids that a production client reported: for a sink that fails, a wrong user, a value above its maximum whose sink fails, too. */
  readonly production: readonly string[];
}

/** Every case answered as the validator judges it; what is fine arrived as it was meant. */
export async function expectGolden(
  emulatorUrl: string,
  cases: readonly Expressed[],
  { answers, problems, production }: DriverAnswer,
): Promise<void> {
  const wrong = cases.filter((its, index) => (answers[index] === null) !== its.golden.fine);
  expect(wrong.map((its) => its.golden.name)).toEqual([]);
  expect(answers.length).toBe(cases.length);
  expect(problems).toBe(0);
  expect(production).toEqual(["call-failed", "identity-format", "range", "call-failed"]);
  const arrived = new Map(
    (await exportEvents(emulatorUrl)).map((event) => [event.properties.$insert_id, event]),
  );
  for (const [index, { golden }] of cases.entries()) {
    if (!golden.fine) continue;
    const event = arrived.get(`case-${index}`);
    expect(event?.properties, golden.name).toMatchObject({
      ...golden.properties,
      distinct_id: USER,
      plan: "0123456789ab",
    });
  }
  const profiles = await queryProfiles(emulatorUrl);
  expect(profiles).toMatchObject([{ $distinct_id: USER, $properties: { theme: "dark" } }]);
  // The server's place and clock are not the user's.
  expect(profiles[0]?.$properties).not.toHaveProperty("$city");
  expect(profiles[0]?.$properties).not.toHaveProperty("$last_seen");
}

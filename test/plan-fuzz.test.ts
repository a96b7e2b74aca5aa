// Random plans and payloads: our verdicts against Ajv's, judging twice against judging once, and no input that throws.
// fast-check prints the seed and path of a failure. PLUMBLINE_FUZZ_RUNS multiplies the runs for a longer search.
import { createHmac } from "node:crypto";
import addFormats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  eventJsonSchema,
  type EventToJudge,
  type Lock,
  makeValidator,
  type ProfileToJudge,
  type ValueType,
  valueTypeJsonSchema,
} from "../src/plan/index.ts";
import { anyValue, eventInput, lock, profileInput, valueFor, valueType } from "./support/arbitrary-plans.ts";

const TYPES = 250;
const VALUES_PER_TYPE = 24;
const PLANS = 120;
const INPUTS_PER_PLAN = 40;
const MINUTE_MS = 60_000;
const factor = Number(process.env["PLUMBLINE_FUZZ_RUNS"] ?? "1");
const options = { timeout: 2 * MINUTE_MS * factor };
const hash = (text: string): string => createHmac("sha256", "fuzz").update(text).digest("hex");

// One compiler for each schema: it remembers every schema it has compiled.
const compiler = (): Ajv2020 =>
  addFormats.default(new Ajv2020({ strict: false, strictNumbers: true, ownProperties: true }));

function planWith(type: ValueType): Lock {
  return {
    lock: 1,
    name: "one type",
    hash: "0",
    unknown_event: "quarantine",
    plan_property: "plan",
    sources: { api: { trust: "server" } },
    identity: { user_id: { format: "any" }, reset_on: [], forbidden: [], missing: "accept" },
    data_classes: {},
    events: {
      one: {
        name: "One",
        tags: [],
        sources: { api: {} },
        was: [],
        properties: { value: { presence: "optional", type, data: "none", was: [] } },
        unknown_property: "strip",
        invalid_property: "strip",
        missing_property: "quarantine",
      },
    },
    people: {},
    groups: {},
    provenance: {},
  };
}

/** `constructor` as a name is removed whatever the type says; JSON Schema knows nothing of it. */
function holdsUnsafeKey(value: unknown): boolean {
  return JSON.stringify(value)?.includes('"constructor":') ?? false;
}

test("a value that needs no repair is accepted exactly when Ajv finds it valid", options, () => {
  fc.assert(
    fc.property(
      valueType.chain((type) =>
        fc.tuple(
          fc.constant(type),
          fc.array(valueFor(type), { minLength: VALUES_PER_TYPE, maxLength: VALUES_PER_TYPE }),
        ),
      ),
      ([type, values]) => {
        const isValid = compiler().compile(valueTypeJsonSchema(type));
        const validator = makeValidator(planWith(type));
        for (const value of values) {
          if (holdsUnsafeKey(value)) continue;
          const { verdict, output } = validator.judgeEvent({
            source: "api",
            event: "One",
            properties: { value },
          });
          // A repaired value is valid afterwards; what was removed was not valid before.
          if (verdict === "repaired")
            expect(isValid(output?.properties["value"]), JSON.stringify(value)).toBe(true);
          else expect(verdict === "accepted", JSON.stringify(value)).toBe(isValid(value));
        }
      },
    ),
    { numRuns: TYPES * factor },
  );
});

test("an event that needs no repair is accepted exactly when Ajv finds it valid", options, () => {
  const strict = lock.map(
    (plan): Lock => ({
      ...plan,
      identity: { user_id: { format: "any" }, reset_on: [], forbidden: [], missing: "accept" },
      data_classes: {},
      events: Object.fromEntries(
        Object.entries(plan.events).map(([id, { deprecated: _deprecated, ...event }]) => [
          id,
          {
            ...event,
            sources: {},
            properties: Object.fromEntries(
              Object.entries(event.properties)
                .filter(([name]) => name !== "distinct_id")
                .map(([name, property]) => [name, { ...property, sources: {} }]),
            ),
            invalid_property:
              event.invalid_property === "accept" ? ("strip" as const) : event.invalid_property,
            missing_property: "quarantine" as const,
          },
        ]),
      ),
    }),
  );
  fc.assert(
    fc.property(
      strict.chain((plan) =>
        fc.tuple(
          fc.constant(plan),
          fc.array(eventInput(plan), { minLength: INPUTS_PER_PLAN, maxLength: INPUTS_PER_PLAN }),
        ),
      ),
      ([plan, inputs]) => {
        const validator = makeValidator(plan);
        const ajv = compiler();
        const schemas = new Map(
          Object.entries(plan.events).map(([id, { name }]) => [name, eventJsonSchema(plan, id)]),
        );
        for (const { event, properties } of inputs) {
          const schema = schemas.get(event);
          if (schema === undefined || Object.hasOwn(properties, "__proto__") || holdsUnsafeKey(properties))
            continue;
          const input = {
            source: "api",
            event,
            properties: { ...properties, distinct_id: "u", $user_id: "u", $identified_id: "u" },
          };
          const { verdict, output, repairs } = validator.judgeEvent(input);
          // Another spelling of a planned property is unknown to JSON Schema.
          if (verdict === "quarantined" && repairs.length > 0) continue;
          if (verdict === "accepted" || verdict === "quarantined") {
            expect(ajv.validate(schema, input), JSON.stringify(input)).toBe(verdict === "accepted");
          } else expect(ajv.validate(schema, output), JSON.stringify(input)).toBe(true);
        }
      },
    ),
    { numRuns: Math.ceil((PLANS / 4) * factor) },
  );
});

/** Freezes all of a value, so that a judge that writes to its input throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const name of Object.keys(value)) frozen((value as Record<string, unknown>)[name]);
  }
  return value;
}

test("judging an event twice gives what judging it once gives", options, () => {
  fc.assert(
    fc.property(
      lock.chain((plan) =>
        fc.tuple(
          fc.constant(plan),
          fc.array(eventInput(plan), { minLength: INPUTS_PER_PLAN, maxLength: INPUTS_PER_PLAN }),
        ),
      ),
      ([plan, inputs]) => {
        const validator = makeValidator(plan, { hash });
        for (const input of inputs) {
          const once = validator.judgeEvent(frozen(input));
          expect(once.output === undefined).toBe(
            once.verdict === "quarantined" || once.verdict === "dropped",
          );
          if (once.output === undefined) continue;
          const twice = validator.judgeEvent({ source: input.source, ...frozen(once.output) });
          expect(twice.output, JSON.stringify([input, once, twice])).toEqual(once.output);
          expect(twice.repairs).toEqual([]);
          expect(twice.withhold).toEqual(once.withhold);
        }
      },
    ),
    { numRuns: PLANS * factor },
  );
});

test("judging a profile update twice gives what judging it once gives", options, () => {
  fc.assert(
    fc.property(
      lock.chain((plan) =>
        fc.tuple(
          fc.constant(plan),
          fc.array(profileInput(plan), { minLength: INPUTS_PER_PLAN, maxLength: INPUTS_PER_PLAN }),
        ),
      ),
      ([plan, inputs]) => {
        const validator = makeValidator(plan, { hash });
        for (const input of inputs) {
          const once = validator.judgeProfile(frozen(input));
          if (once.output === undefined) continue;
          const twice = validator.judgeProfile({ ...input, id: once.id, value: frozen(once.output) });
          expect(twice.output).toEqual(once.output);
          expect(twice.id).toBe(once.id);
          expect(twice.repairs).toEqual([]);
        }
      },
    ),
    { numRuns: PLANS * factor },
  );
});

test("nothing that is not an event makes the judge throw", options, () => {
  const anything = fc.oneof(
    fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
    anyValue,
  );
  fc.assert(
    fc.property(
      lock,
      fc.array(fc.tuple(anything, anything, anything), { minLength: 20, maxLength: 20 }),
      (plan, inputs) => {
        const validator = makeValidator(plan);
        for (const [event, properties, id] of inputs) {
          const judged = validator.judgeEvent({ source: "web", event, properties } as EventToJudge);
          expect(judged.findings.length).toBeGreaterThan(0);
          for (const operation of ["$set", "$add", "$unset", "$merge"]) {
            const update = {
              source: "web",
              groupKey: undefined,
              id,
              operation,
              value: properties,
            } as ProfileToJudge;
            expect(validator.judgeProfile(update).verdict).toBeTypeOf("string");
          }
        }
      },
    ),
    { numRuns: PLANS * factor },
  );
});

test("findings never hold a value", options, () => {
  const secret = "s3cret-value";
  fc.assert(
    fc.property(
      lock.chain((plan) =>
        fc.tuple(fc.constant(plan), fc.array(eventInput(plan), { minLength: 20, maxLength: 20 })),
      ),
      ([plan, inputs]) => {
        const validator = makeValidator(plan);
        for (const { source, event, properties } of inputs) {
          const names = Object.keys(properties).filter((name) => name !== "__proto__");
          const told = Object.fromEntries(names.map((name) => [name, secret]));
          const { findings, repairs } = validator.judgeEvent({ source, event, properties: told });
          expect(JSON.stringify([findings, repairs])).not.toContain(secret);
        }
      },
    ),
    { numRuns: PLANS * factor },
  );
});

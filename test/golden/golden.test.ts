// Runs every golden vector against the validator. The same files are for the checks of generated clients.
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type EventToJudge, makeValidator, type ProfileToJudge, type Validator } from "../../src/plan/index.ts";
import { loadGoldenPlan } from "./load-plan.ts";

interface Vector {
  readonly name: string;
  readonly input: EventToJudge | (Omit<ProfileToJudge, "groupKey"> & { readonly groupKey?: string });
  readonly expected: Readonly<Record<string, unknown>>;
}

interface VectorFile {
  readonly about: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly vectors: readonly Vector[];
}

const folder = new URL("verdicts/", import.meta.url);
const hash = (text: string): string => createHmac("sha256", "golden").update(text).digest("hex");
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

function judge(validator: Validator, input: Vector["input"]): Record<string, unknown> {
  const judged =
    "operation" in input
      ? validator.judgeProfile({ ...input, groupKey: input.groupKey })
      : validator.judgeEvent(input);
  return {
    verdict: judged.verdict,
    ...("id" in judged ? { id: judged.id } : {}),
    output:
      judged.output === undefined
        ? null
        : "operation" in input
          ? judged.output
          : { ...pick(judged.output, ["event", "properties"]) },
    repairs: judged.repairs,
    findings: judged.findings.map((finding) => pick(finding, ["id", "level", "at"])),
    ...(judged.withhold === undefined ? {} : { withhold: judged.withhold }),
  };
}

function pick(value: unknown, names: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(Object(value) as Record<string, unknown>);
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)));
}

test("there are at least 150 vectors", () => {
  const count = files.reduce((sum, file) => sum + read(file).vectors.length, 0);
  expect(count).toBeGreaterThanOrEqual(150);
});

function read(file: string): VectorFile {
  return JSON.parse(readFileSync(new URL(file, folder), "utf8")) as VectorFile;
}

for (const file of files) {
  const { about, with: changes, vectors } = read(file);
  describe(`${file}: ${about}`, () => {
    const validator = makeValidator(loadGoldenPlan(changes), { hash });
    test.each(vectors)("$name", ({ input, expected }) => {
      const before = JSON.stringify(input);
      const judged = judge(validator, input);
      expect(judged).toEqual(expected);
      expect(JSON.stringify(input)).toBe(before);
      // What goes out is judged to itself.
      if (judged["output"] !== null && expected["output"] !== null) {
        const again =
          "operation" in input
            ? { ...input, id: String(judged["id"]), value: judged["output"] }
            : { ...input, ...(judged["output"] as Pick<EventToJudge, "event" | "properties">) };
        expect(judge(validator, again)["output"]).toEqual(judged["output"]);
      }
    });
  });
}

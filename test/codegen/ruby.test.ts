// Ruby clients: `ruby -w` has nothing to say, and they judge the golden vectors as the validator does, over HTTP into the local Mixpanel.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { snakeCase } from "../../src/codegen/names/words.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock, USER } from "./golden-cases.ts";
import { type DriverAnswer, dynamicCases, expectGolden } from "./golden-run.ts";
import { run, suiteName, toolchains } from "./toolchains.ts";

const ruby = toolchains.ruby ?? "";
const lock = goldenLock("server");
const folder = tempDirectory("codegen-ruby");
const files = writeClient(join(folder, "analytics"), {
  lock,
  source: "web",
  settings: { language: "ruby", out: "", adapters: ["mixpanel-ruby"] },
});

describe.skipIf(ruby === "")(suiteName("Ruby", toolchains.ruby), () => {
  test.each(files)("ruby -w has nothing to say of %s", async (file) => {
    const { ok, output } = await run("sh", ["-c", `ruby -w -c analytics/${file} 2>&1`], { cwd: folder });
    expect({ ok, output }).toEqual({ ok: true, output: "Syntax OK\n" });
  });

  test.skipIf(toolchains.rubocop === undefined)(
    "rubocop has nothing to say of layout, lint and style",
    async () => {
      const { ok, output } = await run(
        "rubocop",
        ["--only", "Layout,Lint,Style", "--except", "Layout/LineLength", "analytics"],
        { cwd: folder },
      );
      expect(ok, output).toBe(true);
    },
  );

  test("the golden vectors, over HTTP", async () => {
    const emulator = await startEmulator({ store: "memory" });
    const cases = dynamicCases(lock, { halfCharacters: false });
    copyFileSync(new URL("drivers/golden.rb", import.meta.url), join(folder, "golden.rb"));
    const input = JSON.stringify({
      user: USER,
      emulator: emulator.url,
      cases: cases.map(({ golden, values }) => ({
        method: snakeCase(golden.event),
        values: Object.fromEntries(Object.entries(values).map(([name, value]) => [snakeCase(name), value])),
      })),
    });
    const { ok, output } = await run(ruby, ["-w", "golden.rb"], { cwd: folder, input });
    expect(ok, output).toBe(true);
    await expectGolden(emulator.url, cases, JSON.parse(output) as DriverAnswer);
    await emulator.close();
  });
});

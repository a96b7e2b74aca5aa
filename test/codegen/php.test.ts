// PHP clients: `php -l` and PSR-12 have nothing to say, and they judge the golden vectors as the validator does, over HTTP into the local Mixpanel.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { camelCase } from "../../src/codegen/names/words.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock, USER } from "./golden-cases.ts";
import { type DriverAnswer, dynamicCases, expectGolden } from "./golden-run.ts";
import { run, suiteName, toolchains } from "./toolchains.ts";

const php = toolchains.php ?? "";
const lock = goldenLock("server");
const folder = tempDirectory("codegen-php");
const files = writeClient(join(folder, "Analytics"), {
  lock,
  source: "web",
  settings: { language: "php", out: "", adapters: ["mixpanel-php"] },
});

describe.skipIf(php === "")(suiteName("PHP", toolchains.php), () => {
  test.each(files)("php -l has nothing to say of %s", async (file) => {
    const { ok, output } = await run(php, ["-d", "error_reporting=-1", "-l", `Analytics/${file}`], {
      cwd: folder,
    });
    expect(ok, output).toBe(true);
  });

  test.skipIf(toolchains.phpcs === undefined)("phpcs finds PSR-12 kept", async () => {
    const { ok, output } = await run("phpcs", ["--standard=PSR12", "-n", "Analytics"], { cwd: folder });
    expect(ok, output).toBe(true);
  });

  test("the golden vectors, over HTTP", async () => {
    const emulator = await startEmulator({ store: "memory" });
    // PHP has one kind of array: `{ "0": "a" }` and `["a"]` are the same there.
    const cases = dynamicCases(lock, { halfCharacters: false }).filter(
      ({ values }) => !JSON.stringify(values).includes('{"0":'),
    );
    copyFileSync(new URL("drivers/golden.php", import.meta.url), join(folder, "golden.php"));
    const input = JSON.stringify({
      user: USER,
      emulator: emulator.url,
      cases: cases.map(({ golden, values }) => ({
        method: camelCase(golden.event),
        values: Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value])),
      })),
    });
    const { ok, output } = await run(php, ["golden.php"], { cwd: folder, input });
    expect(ok, output).toBe(true);
    await expectGolden(emulator.url, cases, JSON.parse(output) as DriverAnswer);
    await emulator.close();
  });
});

// Python clients: ruff finds nothing to do, mypy at its strictest accepts them and refuses wrong calls, and they judge the golden vectors as the
// validator does, through the official SDK into the local Mixpanel.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startEmulator } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock, USER } from "./golden-cases.ts";
import { type DriverAnswer, dynamicCases, expectGolden } from "./golden-run.ts";
import { run, suiteName, toolchains } from "./toolchains.ts";
import { snakeCase } from "../../src/codegen/names/words.ts";

const bin = toolchains.python ?? "";
const lock = goldenLock("server");
const folder = tempDirectory("codegen-python");
const settings = { language: "python", out: "", adapters: ["mixpanel-python"] } as const;
writeClient(join(folder, "analytics"), { lock, source: "web", settings });

describe.skipIf(bin === "")(suiteName("Python", toolchains.python), () => {
  test("ruff finds nothing to format and nothing to say", async () => {
    const ruff = (...args: string[]) => run(join(bin, "ruff"), args, { cwd: folder });
    expect(await ruff("format", "--check", "analytics")).toMatchObject({ ok: true });
    const rules = [
      "--select",
      "E,F,W,I,B,D1,PL,RUF",
      "--ignore",
      "E501,D107,PLR0913,PLR0917,PLR0911,PLC0414",
    ];
    expect((await ruff("check", ...rules, "analytics")).output).toContain("All checks passed");
  });

  test("mypy --strict accepts right calls and refuses each wrong one", async () => {
    const head = `
from analytics import Analytics, UserId, parse_user_id
from analytics.mixpanel_python import MixpanelSink
from analytics.testing import Recording
import mixpanel  # type: ignore[import-untyped]

analytics = Analytics(lambda: Recording())
Analytics(lambda: MixpanelSink(mixpanel.Mixpanel("t")))
user = parse_user_id("x")
`;
    const right = `
analytics.user_signs_up(user, plan_tier="free", newsletter=None)
analytics.user_signs_out(user)
analytics.values_sent(user, address={"city": "x"}, tags=["a"])
analytics.set_theme(user, "dark")
`;
    const wrong = [
      'analytics.user_signs_up(user, plan_tier="gold")',
      "analytics.user_signs_up(user)",
      'analytics.user_signs_up("ada@example.com", plan_tier="free")',
      'analytics.user_signs_up(user, plan_tier="free", debug=1)',
      'analytics.user_signs_up(user, plan_tier="free", newsletter="true")',
      'analytics.values_sent(user, address={"floor": 1})',
      'analytics.set_theme(user, "blue")',
      'analytics.set_email(user, "a@example.com")',
    ];
    writeFileSync(join(folder, "right.py"), head + right);
    writeFileSync(join(folder, "wrong.py"), `${head}${wrong.join("\n")}\n`);
    const mypy = async (file: string): Promise<string> =>
      (await run(join(bin, "mypy"), ["--strict", file], { cwd: folder })).output;
    expect(await mypy("right.py")).toContain("Success");
    const first = head.split("\n").length;
    const lines = [...(await mypy("wrong.py")).matchAll(/^wrong\.py:(\d+): error/gm)].map(
      ([, line]) => Number(line) - first,
    );
    expect([...new Set(lines)]).toEqual(wrong.map((_, index) => index));
  });

  test("the golden vectors, through the official SDK", async () => {
    const emulator = await startEmulator({ store: "memory" });
    const cases = dynamicCases(lock, { halfCharacters: true });
    mkdirSync(folder, { recursive: true });
    copyFileSync(new URL("drivers/golden.py", import.meta.url), join(folder, "golden.py"));
    const input = JSON.stringify({
      user: USER,
      emulator: emulator.url,
      cases: cases.map(({ golden, values }) => ({
        method: snakeCase(golden.event),
        values: Object.fromEntries(Object.entries(values).map(([name, value]) => [snakeCase(name), value])),
      })),
    });
    const { ok, output } = await run(join(bin, "python"), ["golden.py"], { cwd: folder, input });
    expect(ok, output).toBe(true);
    await expectGolden(emulator.url, cases, JSON.parse(output) as DriverAnswer);
    await emulator.close();
  });
});

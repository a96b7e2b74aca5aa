// `plumbline scan` as a process, on the example shop and on a repository of its own.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const root = new URL("../..", import.meta.url).pathname;
const folder = tempDirectory("scan");
const run = (...args: string[]) => plumbline(["scan", ...args, "--no-color"], { cwd: folder });

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

write(
  "plan.yaml",
  `plumbline: 1
name: small
sources: { web: { trust: client, generate: { language: typescript, out: src/analytics } } }
identity: { user_id: { format: uuid } }
events:
  cartOpened: { name: Cart opened, description: It is shown, owner: shop, sources: [web] }
`,
);
write(
  "src/app.ts",
  'import { cartOpened } from "./analytics/plan";\ncartOpened();\nmixpanel.track("Cart opened");\n',
);
write("src/app.test.ts", 'mixpanel.track("Only in a test");\n');
write("ignored/app.ts", 'mixpanel.track("Ignored by git");\n');
write(".gitignore", "ignored/\n");
execFileSync("git", ["init", "-q"], { cwd: folder });

describe("plumbline scan", () => {
  test("the shop: calls by event, its hand-written ones as findings", async () => {
    const { code, stdout } = await plumbline(
      ["scan", join(root, "examples/shop"), "--plan", join(root, "examples/shop/plan.yaml"), "--json"],
      { cwd: folder },
    );
    expect(code).toBe(1);
    const { events, unplanned } = JSON.parse(stdout) as {
      events: Record<string, { calls: { file: string; kind: string }[] }>;
      unplanned: { name: string }[];
    };
    expect(events["checkoutStarted"]?.calls).toMatchObject([{ file: "public/shop.js", kind: "generated" }]);
    expect(unplanned.map(({ name }) => name)).toContain("Debug banner shown");
  });

  test("generated files, tests, and what git ignores are left out; --include-tests reads tests", async () => {
    expect((await plumbline(["generate"], { cwd: folder })).code).toBe(0);
    const { stdout, stderr, code } = await run();
    expect(stdout).toContain("1 of 1 events have a call; 0 unplanned");
    expect(stdout).toContain("src/app.ts:2");
    expect(stderr).toMatch(/1 files read, \d+ generated ones left out/);
    expect(code).toBe(0);
    expect((await run("--include-tests")).stdout).toContain("`Only in a test` is not in the plan");
    expect((await run("--fail-on", "warn")).code).toBe(1);
  });

  test("a baseline tells the event that lost a call", async () => {
    write("before.json", (await run("--json")).stdout);
    write("src/app.ts", 'import { cartOpened } from "./analytics/plan";\ncartOpened();\n');
    const { code, stdout } = await run("--baseline", "before.json");
    expect(code).toBe(1);
    expect(stdout).toContain("`cartOpened` was called in 2 places and is in 1");
    write("wrong.json", "[]");
    expect((await run("--baseline", "wrong.json")).stderr).toContain("SCAN_BASELINE_INVALID");
  });

  test("a folder with Swift is read without the compiler that cannot bear its grammar", async () => {
    write(
      "ios/App.swift",
      'func tap() { Mixpanel.mainInstance().track(event: "Not planned in Swift") }\n'.repeat(2000),
    );
    const { stdout, code } = await run("ios", "--plan", "plan.yaml", "--format", "github");
    expect(code).toBe(1);
    expect(stdout.split("\n").filter((line) => line.includes("Not planned in Swift")).length).toBe(2000);
  });

  test("github and sarif name file and line; a wrong folder or source is wrong usage", async () => {
    write("src/more.ts", 'mixpanel.track("Not planned");\n');
    expect((await run("--format", "github")).stdout).toContain(
      "::error file=src/more.ts,line=1,col=1,title=unplanned-call",
    );
    expect(JSON.parse((await run("--format", "sarif")).stdout)).toMatchObject({ version: "2.1.0" });
    expect((await run("nowhere")).code).toBe(2);
    expect((await run("--source", "mars")).code).toBe(2);
  });

  test("check --code tells calls of servers that lack their flags, and nothing else of the code", async () => {
    write("jobs/nightly.py", 'import mixpanel\nmixpanel.Mixpanel("t").people_set(user, {"plan": "pro"})\n');
    write("jobs/more.ts", 'mixpanel.track("Not planned");\n');
    const check = (...args: string[]) => plumbline(["check", ...args, "--no-color"], { cwd: folder });
    expect((await check()).stdout).not.toContain("server-side-flags");
    const { code, stdout } = await check("--code", "jobs", "--format", "github");
    expect(code).toBe(0);
    expect(stdout).toContain("::warning file=nightly.py,line=2,col=1,title=server-side-flags");
    expect(stdout).not.toContain("more.ts");
    expect((await check("--code", "jobs", "--fail-on", "warn")).code).toBe(1);
    expect((await check("--code", "nowhere")).code).toBe(2);
  });
});

// `plumbline diff` as a process in a real repository: what a side can be, exit codes, formats, and errors that say what to do.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { makeRepository, type Repository } from "../support/repository.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const parent = tempDirectory("diff");
let folder = "";
let repository: Repository;

const ENTRY = `plumbline: 1
name: shop
include: ["plan/**/*.yaml"]
sources: { web: { trust: client }, api: { trust: server } }
identity: { user_id: { format: uuid } }
`;
const events = (more: string) => `events:
  orderPlaced:
    name: Order placed
    description: The order reached us
    owner: shop
    sources: [web, api]
    properties:
      total: { type: number, data: none, description: What it cost${more} }
`;
const FIRST = { "plan.yaml": ENTRY, "plan/shop/orders.yaml": events("") };
const REQUIRED = { "plan/shop/orders.yaml": events(", presence: required") };

const run = (...args: string[]) => plumbline(["diff", ...args], { cwd: folder });

beforeEach(() => {
  rmSync(folder || parent, { recursive: true, force: true });
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, "repository-"));
  repository = makeRepository(folder);
  repository.commit(FIRST);
});

describe("what a side can be", () => {
  test("the working tree against a ref: a required property fails by its place, and nothing is checked out", async () => {
    repository.write(REQUIRED);
    const { code, stdout } = await run("HEAD");
    expect(stdout).toContain("plan/shop/orders.yaml:8:7 error events.orderPlaced.properties.total");
    expect(stdout).toContain("(optional → required) [property-now-required]");
    expect(stdout).toContain("rollout breaks:");
    expect(stdout).toContain("1 change; breaking: code 1, rollout 1; major version due");
    expect(code).toBe(1);
    expect(repository.git("status", "--porcelain")).toContain("M plan/shop/orders.yaml");
  });

  test("the same plan ends with 0", async () => {
    expect(await run("main")).toMatchObject({ code: 0, stdout: "The plans mean the same.\n" });
  });

  test("two refs; a file that the old tree had and the new one has not", async () => {
    const first = repository.git("rev-parse", "HEAD");
    repository.commit({
      "plan/shop/orders.yaml": undefined,
      "plan/new.yaml": "events:\n  paid: { name: Paid }\n",
    });
    repository.write(FIRST);
    const { stdout } = await run(first, "HEAD");
    expect(stdout).toContain("[event-removed]");
    expect(stdout).toContain("[event-added]");
  });

  test("a ref with a file, from the root and from here", async () => {
    repository.commit({ "plan.yaml": undefined, "old/plan.yaml": ENTRY.replace("plan/**", "../plan/**") });
    const { code } = await run("HEAD:old/plan.yaml", "HEAD~1:plan.yaml");
    expect(code).toBe(0);
    const inside = await plumbline(["diff", "HEAD:./plan.yaml", "HEAD~1:plan.yaml"], {
      cwd: join(folder, "old"),
    });
    expect(inside).toMatchObject({ code: 0 });
  });

  test("locks: from a file, and from a commit", async () => {
    await plumbline(["compile", "--out", "plan.lock.json"], { cwd: folder });
    repository.commit({});
    repository.write(REQUIRED);
    await plumbline(["compile", "--out", "new.lock.json"], { cwd: folder });
    for (const [base, head] of [
      ["plan.lock.json", "new.lock.json"],
      ["HEAD:plan.lock.json", "plan.yaml"],
    ] as const) {
      const { code, stdout } = await run(base, head);
      expect(stdout).toContain("[property-now-required]");
      expect(code).toBe(1);
    }
  });

  test("--merge-base leaves out what came to the base meanwhile", async () => {
    repository.git("checkout", "--quiet", "-b", "feature");
    repository.commit({ "plan/mine.yaml": "events:\n  mine: { name: Mine }\n" });
    repository.git("checkout", "--quiet", "main");
    repository.commit({ "plan/theirs.yaml": "events:\n  theirs: { name: Theirs }\n" });
    repository.git("checkout", "--quiet", "feature");
    const kinds = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await run("main", "--json", ...args);
      return (JSON.parse(stdout) as { changes: { kind: string; at: string }[] }).changes.map(
        ({ kind, at }) => `${kind} ${at}`,
      );
    };
    expect(await kinds()).toEqual(["event-removed events.theirs", "event-added events.mine"]);
    expect(await kinds("--merge-base")).toEqual(["event-added events.mine"]);
  });
});

describe("what goes wrong says what to do", () => {
  test.each([
    ["an unknown ref", ["no-such-branch"], "GIT_REF_UNKNOWN"],
    ["a ref that looks like an option", ["--", "--output=x"], "GIT_REF_UNKNOWN"],
    ["a plan that is not there at the ref", ["HEAD", "--plan", "other.yaml"], "GIT_PLAN_MISSING"],
    ["a file that is not there at the ref", ["HEAD:nowhere.yaml"], "GIT_PLAN_MISSING"],
  ])("%s", async (_, args, expected) => {
    const { code, stderr, stdout } = await run(...args);
    expect(stderr).toContain(expected);
    expect(stdout).toBe("");
    expect(code).toBe(3);
  });

  test("outside of a repository", async () => {
    const outside = mkdtempSync(join(parent, "outside-"));
    const { code, stderr } = await plumbline(
      ["diff", "main", join(folder, "plan.yaml"), "--plan", "plan.yaml"],
      {
        cwd: outside,
        env: { GIT_CEILING_DIRECTORIES: parent },
      },
    );
    expect(stderr).toContain("GIT_NOT_A_REPOSITORY");
    expect(code).toBe(3);
  });

  test("a plan that was wrong at the ref names ref, file and line", async () => {
    repository.commit({ "plan/shop/orders.yaml": events("").replace("owner:", "ownr:") });
    repository.write(FIRST);
    const { code, stderr } = await run("HEAD");
    expect(stderr).toContain("HEAD:plan/shop/orders.yaml:5:5");
    expect(code).toBe(1);
  });

  test("an axis that does not exist", async () => {
    expect((await run("HEAD", "--fail-on", "codes")).code).toBe(2);
  });
});

describe("gates", () => {
  beforeEach(() => repository.write(REQUIRED));

  test.each([
    ["rollout", ["--fail-on", "rollout"], 1],
    ["data alone, which this change does not break", ["--fail-on", "data"], 0],
    ["code", ["--fail-on", "code"], 1],
    ["none", ["--fail-on", "none"], 0],
    ["the default, with rollout taken back", ["--warn", "rollout"], 0],
  ])("%s", async (_, args, expected) => {
    expect((await run("HEAD", ...args)).code).toBe(expected);
  });

  test("the plan's own gates hold", async () => {
    repository.write({ "plan.yaml": `${ENTRY}diff: { gates: { rollout: off, code: fail } }\n` });
    const { stdout, code } = await run("HEAD", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      gates: { code: "fail", data: "warn", rollout: "off", provider: "warn" },
      failed: true,
    });
    expect(code).toBe(1);
    repository.write({ "plan.yaml": `${ENTRY}diff: { gates: { rollout: warn } }\n` });
    expect((await run("HEAD")).code).toBe(0);
  });

  test("a version that is too low fails under any gates, and one that is due does not", async () => {
    repository.commit({ "plan.yaml": `${ENTRY}version: 1.2.3\n`, ...FIRST_ORDERS });
    repository.write({ ...REQUIRED, "plan.yaml": `${ENTRY}version: 1.3.0\n` });
    const low = await run("HEAD", "--fail-on", "none");
    expect(low.stdout).toContain("2.0.0 is due [version-too-low]");
    expect(low.code).toBe(1);
    repository.write({ "plan.yaml": `${ENTRY}version: 2.0.0\n` });
    expect((await run("HEAD", "--fail-on", "none")).code).toBe(0);
  });
});

const FIRST_ORDERS = { "plan/shop/orders.yaml": events("") };

describe("formats", () => {
  beforeEach(() => repository.write(REQUIRED));

  test("json", async () => {
    const { stdout } = await run("HEAD", "--format", "json");
    expect(JSON.parse(stdout)).toMatchObject({
      due: { step: "major" },
      changes: [
        {
          kind: "property-now-required",
          level: "error",
          at: "events.orderPlaced.properties.total",
          sources: ["api", "web"],
          axes: { code: { grade: "breaks" }, data: { grade: "none" }, rollout: { grade: "breaks" } },
          where: { file: "plan/shop/orders.yaml", line: 8, column: 7 },
        },
      ],
    });
  });

  test("sarif names the guide's section", async () => {
    const { stdout } = await run("HEAD", "--format", "sarif");
    const { runs } = JSON.parse(stdout) as {
      runs: { tool: { driver: { rules: { helpUri: string }[] } }; results: object[] }[];
    };
    expect(runs[0]?.tool.driver.rules[0]?.helpUri).toMatch(/changing-the-plan\.md#property-now-required$/);
    expect(runs[0]?.results).toMatchObject([{ ruleId: "property-now-required", level: "error" }]);
  });

  test("github", async () => {
    const { stdout } = await run("HEAD", "--format", "github");
    expect(stdout).toMatch(
      /^::error file=plan\/shop\/orders\.yaml,line=8,col=7,title=property-now-required::/,
    );
  });

  test("markdown is a whole comment: marker, summary, tables by axis, all folded", async () => {
    const { stdout } = await run("HEAD", "--format", "markdown");
    expect(stdout.startsWith("<!-- plumbline-diff -->\n## Tracking plan `shop`\n")).toBe(true);
    expect(stdout).toContain("### Code: callers of generated clients");
    expect(stdout).toContain("### Rollout: releases already shipped (gate: fails)");
    expect(stdout).not.toContain("### Data");
    expect(stdout).toContain("<details><summary>1 change</summary>");
    expect(stdout).toContain("`optional → required`");
  });

  test("markdown does not let a plan's texts become markup", async () => {
    repository.write({
      "plan/shop/orders.yaml": events("").replace(
        "name: Order placed",
        'name: "a | b `c` <img src=x> @everyone"',
      ),
    });
    const { stdout } = await run("HEAD", "--format", "markdown");
    const rows = stdout.split("\n").filter((line) => line.includes("img src"));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toContain("``Order placed → a \\| b `c` <img src=x> @everyone``");
  });
});

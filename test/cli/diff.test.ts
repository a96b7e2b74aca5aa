// `plumbline diff` as a process, on a real git repository.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const folder = tempDirectory("diff");
const HEAD =
  "plumbline: 1\nname: shop\nsources: { web: { trust: client } }\nidentity: { user_id: { format: uuid } }\ninclude: [events/*.yaml]\n";
const event = (properties: string, name = "Item added"): string =>
  `events:\n  itemAdded:\n    name: ${name}\n    description: It happened\n    owner: shop\n    sources: [web]\n    properties:\n      cart_id: { type: string, data: none, description: Id }\n${properties}`;

function git(...args: string[]): void {
  execFileSync(
    "git",
    ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", ...args],
    {
      cwd: folder,
      stdio: "ignore",
    },
  );
}

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const run = (...args: string[]) => plumbline(args, { cwd: folder });

beforeAll(() => {
  git("init", "-q", "-b", "main");
  write("plan.yaml", HEAD);
  write("events/cart.yaml", event("      coupon: { type: string, data: none, description: Code }\n"));
  git("add", ".");
  git("commit", "-qm", "one");
  write(
    "events/cart.yaml",
    event("      amount: { type: integer, presence: required, data: none, description: Cents }\n"),
  );
});

describe("plumbline diff", () => {
  test("against a branch: included files come out of git, a closed gate ends with 1", async () => {
    const { code, stdout } = await run("diff", "main", "--no-color");
    expect(code).toBe(1);
    expect(stdout).toContain("events.itemAdded.properties.coupon");
    expect(stdout).toContain("a major version is due");
  });

  test("nothing changed ends with 0", async () => {
    const { code, stdout } = await run("diff", "main", "main");
    expect({ code, last: stdout.trim().split("\n").at(-1) }).toMatchObject({ code: 0 });
    expect(stdout).toContain("0 changes");
  });

  test("--warn-on opens a gate, --fail-on closes one", async () => {
    expect((await run("diff", "main", "--warn-on", "rollout")).code).toBe(0);
    expect((await run("diff", "main", "--warn-on", "rollout", "--fail-on", "code,data")).code).toBe(1);
    expect((await run("diff", "main", "--fail-on", "everything")).code).toBe(2);
  });

  test("the plan's own gates hold", async () => {
    write("open.yaml", `${HEAD}diff: { gates: { rollout: off } }\n`);
    expect((await run("diff", "main", "open.yaml")).code).toBe(0);
  });

  test("json, sarif, github and markdown", async () => {
    const json = JSON.parse((await run("diff", "main", "--json")).stdout) as {
      bump: string;
      changes: { kind: string }[];
      findings: { where: { file: string } }[];
    };
    expect(json.bump).toBe("major");
    expect(json.changes.map(({ kind }) => kind).sort()).toEqual([
      "property-removed",
      "required-property-added",
    ]);
    expect(json.findings[0]?.where.file).toContain("events/cart.yaml");
    const sarif = JSON.parse((await run("diff", "main", "--format", "sarif")).stdout) as { version: string };
    expect(sarif.version).toBe("2.1.0");
    expect((await run("diff", "main", "--format", "github")).stdout).toMatch(
      /^::error file=events\/cart\.yaml,line=/m,
    );
    expect((await run("diff", "main", "--format", "markdown")).stdout).toMatch(
      /^<!-- plumbline diff -->\n### Tracking plan: 2 changes/,
    );
  });

  test("locks and files", async () => {
    expect((await run("compile", "--out", "now.lock.json")).code).toBe(0);
    const { code, stdout } = await run("diff", "now.lock.json", "plan.yaml");
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain("0 changes");
  });

  test.each([
    [["diff", "no-such-branch"], "GIT_REF_UNKNOWN"],
    [["diff", "--", "--upload-pack=x"], "GIT_REF_UNKNOWN"],
    [["diff", "main", "--config", "none.yaml"], "CONFIG_MISSING"],
  ])("%j is refused with a code", async (args, error) => {
    const { stderr } = await run(...args);
    expect(stderr).toContain(error);
  });

  test("a plan that was not there at that commit is named", async () => {
    write("other.yaml", HEAD);
    const { stderr } = await run("diff", "main", "--plan", "other.yaml");
    expect(stderr).toContain("GIT_PLAN_MISSING");
  });

  test("weighed with real events: what fares worse, by source and release; older events are left out", async () => {
    const properties = {
      distinct_id: "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e",
      mp_lib: "web",
      time: Date.now() / 1000,
    };
    const lines = [
      { ...properties, $app_version_string: "7.1", cart_id: "c" },
      { ...properties, $app_version_string: "7.1", cart_id: "c", coupon: "x" },
      { ...properties, $app_version_string: "7.2", cart_id: "c", amount: 3 },
      { ...properties, $app_version_string: "6.0", cart_id: "c", time: 1_600_000_000 },
    ].map((its) => JSON.stringify({ event: "Item added", properties: its }));
    write("traffic.ndjson", `${lines.join("\n")}\n`);
    const { stdout } = await run("diff", "main", "--traffic", "traffic.ndjson", "--days", "7", "--json");
    const { traffic } = JSON.parse(stdout) as { traffic: { events: number; rows: object[] } };
    expect(traffic.events).toBe(3);
    expect(traffic.rows).toEqual([
      { source: "web", release: "7.1", event: "Item added", seen: 2, lost: 2, stripped: 0, repaired: 0 },
    ]);
    expect((await run("diff", "main", "--traffic", "none.ndjson")).stderr).toContain("INPUT_UNREADABLE");
  });
});

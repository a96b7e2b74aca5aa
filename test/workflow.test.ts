// The ready workflow for GitHub Actions: it parses, may do no more than it needs, and uses commands that exist.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { ensureDist } from "./support/dist.ts";
import { plumbline } from "./support/run-plumbline.ts";

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: {
    readonly plan: {
      readonly permissions: Readonly<Record<string, string>>;
      readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
    };
  };
}

const page = readFileSync(new URL("../docs/guide/ci.md", import.meta.url), "utf8");
const text = readFileSync(new URL("../examples/ci/plumbline.yml", import.meta.url), "utf8");
const workflow = parse(text) as Workflow;

test("the workflow may read the repository and write one comment", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  expect(workflow.jobs.plan.permissions).toEqual({ contents: "read", "pull-requests": "write" });
});

test("no expression stands inside a script: a branch's name could be a command", () => {
  for (const { run = "" } of workflow.jobs.plan.steps) expect(run).not.toContain("${{");
});

test("every command and option of the workflow and of the page exists", async () => {
  ensureDist();
  const used = [...`${text}\n${page}`.matchAll(/npx plumbline ([a-z-]+)((?: [^\n|>`]*)?)/g)];
  expect(used.length).toBeGreaterThan(8);
  for (const [, command = "", rest = ""] of used) {
    const { stdout, code } = await plumbline([command, "--help"], { cwd: "." });
    expect(code, command).toBe(0);
    for (const [option] of rest.matchAll(/--[a-z-]+/g))
      expect(stdout, `${command} ${option}`).toContain(option);
  }
});

// Every command as a process: exit codes, what is on stdout and what on stderr, errors that name the place.
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { ensureDist } from "../support/dist.ts";
import { plumbline } from "../support/run-plumbline.ts";
import { tempDirectory } from "../support/temp.ts";

ensureDist();
const directory = tempDirectory("cli");

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
});

const run = (...args: string[]) => plumbline(args, { cwd: directory });
const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
const read = (name: string) => readFileSync(join(directory, name), "utf8");

const WRONG_PLAN = `plumbline: 1
name: wrong
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  done:
    name: Done
    description: Something was done
    owner: me
    sources: { web: {} }
    propertys: {}
`;

describe("help and usage", () => {
  test("an unknown command ends with 2 and suggests", async () => {
    const { code, stderr } = await run("chekc");
    expect(code).toBe(2);
    expect(stderr).toContain("Did you mean check?");
  });

  test("an unknown option ends with 2; --help and --version with 0", async () => {
    expect((await run("check", "--wat")).code).toBe(2);
    expect((await run("--help")).code).toBe(0);
    expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

test("a port in use is named, with what to do", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await run("emulator", "--port", String(port));
  expect(code).toBe(3);
  expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: another program listens there`);
  expect(stderr).toContain("ADDRESS_UNUSABLE");
  expect(stderr).not.toContain("at Server");
  taken.close();
});

describe("init and check", () => {
  test("what init writes checks clean, and init overwrites nothing unasked", async () => {
    const first = await run("init", "--yes");
    expect(first).toMatchObject({ code: 0 });
    const checked = await run("check");
    expect(checked.stdout).toMatch(/✓ 0 error, 0 warn/);
    expect(checked.code).toBe(0);
    write("plan.yaml", "mine");
    const second = await run("init", "--yes");
    expect(second.code).toBe(3);
    expect(second.stderr).toContain("FILE_EXISTS");
    expect(read("plan.yaml")).toBe("mine");
    expect((await run("init", "--yes", "--force")).code).toBe(0);
    expect(read("plan.yaml")).toContain("plumbline: 1");
  });

  test("a mistake is named with file, line, column and a suggestion, and ends with 1", async () => {
    write("plan.yaml", WRONG_PLAN);
    const { code, stdout } = await run("check");
    expect(code).toBe(1);
    expect(stdout).toContain("plan.yaml:11:5");
    expect(stdout).toContain("unknown-key");
    expect(stdout).toContain("properties");
  });

  test.each([
    ["json", (text: string) => expect(JSON.parse(text)).toMatchObject({ findings: [{ id: "unknown-key" }] })],
    [
      "sarif",
      (text: string) =>
        expect(JSON.parse(text)).toMatchObject({
          version: "2.1.0",
          runs: [{ results: [{ ruleId: "unknown-key" }] }],
        }),
    ],
    ["github", (text: string) => expect(text).toMatch(/^::error file=plan\.yaml,line=11,col=5/)],
  ] as const)("findings as %s", async (format, holds) => {
    write("plan.yaml", WRONG_PLAN);
    const { code, stdout } = await run("check", "--format", format);
    expect(code).toBe(1);
    holds(stdout);
  });

  test("a plan that is not there is an error with its name", async () => {
    const { code, stdout, stderr } = await run("check", "nowhere.yaml");
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("nowhere.yaml");
  });
});

describe("compile and export", () => {
  test("compile writes the same bytes again, and --check tells when the file is old", async () => {
    await run("init", "--yes");
    const [first, second] = [await run("compile"), await run("compile")];
    expect(first.stdout).toBe(second.stdout);
    expect((await run("compile", "--out", "plan.lock.json", "--check")).code).toBe(1);
    expect((await run("compile", "--out", "plan.lock.json")).code).toBe(0);
    expect(read("plan.lock.json")).toBe(first.stdout);
    expect((await run("compile", "--out", "plan.lock.json", "--check")).code).toBe(0);
    write("plan.yaml", read("plan.yaml").replace(/name: .*/, "name: other"));
    expect((await run("compile", "--out", "plan.lock.json", "--check")).code).toBe(1);
  });

  test("export gives JSON Schema, Markdown and CSV", async () => {
    await run("init", "--yes");
    const schema = JSON.parse((await run("export", "--format", "json-schema")).stdout) as {
      $schema?: string;
    };
    expect(schema.$schema).toContain("json-schema.org");
    expect((await run("export")).stdout).toMatch(/^# /);
    const [head, ...rows] = (await run("export", "--format", "csv")).stdout.trim().split(/\r?\n/);
    expect(head).toContain(",");
    expect(rows.length).toBeGreaterThan(1);
    expect((await run("export", "--format", "xml")).code).toBe(2);
  });
});

describe("configuration", () => {
  beforeEach(async () => {
    await run("init", "--yes");
  });

  test("every mistake comes at once, with its place", async () => {
    write(
      "plumbline.yaml",
      `plumbline: 1
plan: plan.yaml
sources:
  web: { token: "\${NOT_SET_ANYWHERE}" }
  api: {}
listne: 127.0.0.1:1
destinations:
  product: { kind: mixpanel, host: not-a-url, token: x, service_account: { username: a, secret: b } }
`,
    );
    const { code, stderr } = await run("up");
    expect(code).toBe(1);
    expect(stderr).toContain("NOT_SET_ANYWHERE");
    expect(stderr).toMatch(/plumbline\.yaml:6:1 .*listne/);
    expect(stderr).toContain("listen");
    expect(stderr).toMatch(/plumbline\.yaml:8:/);
  });

  test("a secret comes from the environment and is in no output", async () => {
    const text = read("plumbline.yaml");
    write("plumbline.yaml", text.replace(/token: \S+/, "token: ${SECRET_TOKEN}"));
    const { code, stdout, stderr } = await plumbline(["status", "--json"], {
      cwd: directory,
      env: { SECRET_TOKEN: "very-secret-value" },
    });
    expect(stdout + stderr).not.toContain("very-secret-value");
    expect(stderr).not.toContain("SECRET_TOKEN");
    expect([0, 1, 3, 75]).toContain(code);
  });

  test("without a configuration the command says which file it looked for and ends with 2", async () => {
    rmSync(join(directory, "plumbline.yaml"));
    const { code, stderr } = await run("up");
    expect(code).toBe(2);
    expect(stderr).toContain("plumbline.yaml");
    expect(stderr).toContain("CONFIG_MISSING");
    const asJson = await run("up", "--json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { code: "CONFIG_MISSING" } });
  });

  test("a source that the plan does not have is refused before anything starts", async () => {
    write("plumbline.yaml", read("plumbline.yaml").replace(/\n {2}web:/, "\n  wep:"));
    const { code, stderr } = await run("up");
    expect(code).toBe(1);
    expect(stderr).toContain("wep");
  });
});

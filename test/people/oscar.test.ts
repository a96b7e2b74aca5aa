// The people sync against a database that nobody here designed: django-oscar's 93 tables, made by its own migrations. From `people doctor` to
// drift 0 by the command line, while customers go on. `npm run toolchains` installs the shop; without it this is skipped by name.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { suiteName, toolchains } from "../codegen/toolchains.ts";
import { eventually, queryProfiles } from "../support/emulator-client.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { plumbline, type Ran } from "../support/run-plumbline.ts";
import { runLoad, SEED } from "./oscar/load.ts";

const HERE = new URL("oscar/", import.meta.url).pathname;
const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const python = toolchains.oscar ?? "";

describe.skipIf(python === "")(suiteName("django-oscar", toolchains.oscar), () => {
  let postgres: TestPostgres;
  let url: string;
  let emulator: Emulator;
  let folder: string;
  let up: ChildProcess | undefined;

  const people = (...args: string[]): Promise<Ran> =>
    plumbline(["people", ...args, "--json"], { cwd: folder, env: { DATABASE_URL: url } });

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase("oscar");
    execFileSync(python, ["-m", "django", "migrate", "--settings=settings", "-v", "0"], {
      cwd: HERE,
      env: {
        ...process.env,
        OSCAR_DATABASE: "oscar",
        OSCAR_PORT: String(postgres.port),
        PYTHONPATH: HERE,
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdio: "pipe",
    });
    await postgres.run(url, SEED);
    emulator = await startEmulator({ store: "memory" });
    folder = await mkdtemp(join(tmpdir(), "plumbline-oscar-"));
    await writeFile(join(folder, "plan.yaml"), await readFile(join(HERE, "plan.yaml"), "utf8"));
    await writeFile(
      join(folder, "plumbline.yaml"),
      `plumbline: 1
plan: plan.yaml
listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:0" }
log: { level: warn }
sources: { web: { token: web } }
destinations:
  product: { kind: mixpanel, host: "${emulator.url}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret } }
people: { database: "\${DATABASE_URL}", destinations: [product] }
`,
    );
  });
  afterAll(async () => {
    if (up && up.exitCode === null) {
      up.kill("SIGTERM");
      await once(up, "close");
    }
    await emulator.close();
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("doctor says what is missing, set-up makes it, and doctor is content", async () => {
    const before = await people("doctor");
    expect(before.code).toBe(1);
    expect(JSON.parse(before.stdout)).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ id: "capture-not-set-up" })]),
    });
    const made = await people("setup", "--apply");
    expect([made.code, made.stderr]).toEqual([0, expect.anything()]);
    const after = await people("doctor");
    const { findings } = JSON.parse(after.stdout) as { findings: readonly { level: string }[] };
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("everybody is there after the backfill, and stays right under load", async () => {
    up = spawn(process.execPath, [MAIN, "up"], {
      cwd: folder,
      env: { ...process.env, DATABASE_URL: url },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (!up.stdout) throw new Error("no stdout");
    await once(up.stdout, "data");
    const load = runLoad(url, { writers: 4, steps: 500 });
    const backfill = await people("backfill", "--apply");
    expect(backfill.code).toBe(0);
    expect(await load).toBe(2000);
    const drift = await eventually(
      () => people("drift"),
      ({ code }) => code === 0,
      { withinMs: 30_000, what: "drift 0" },
    );
    expect(JSON.parse(drift.stdout)).toMatchObject({
      destinations: [{ checked: 400, differing: 0, isEverybody: true }],
    });
    const outside = await people("drift", "--external", "--queries", "10");
    expect([outside.code, JSON.parse(outside.stdout)]).toMatchObject([
      0,
      { destinations: [{ differing: 0 }] },
    ]);
  });

  test("profiles hold what the shop's database says, as a person would ask it", async () => {
    const profiles = await queryProfiles(emulator.url);
    expect(profiles).toHaveLength(400);
    const ordered = profiles.filter(({ $properties: { orders_count: count } }) => Number(count) > 0);
    expect(ordered.length).toBeGreaterThan(150);
    expect(profiles.some(({ $properties: { country } }) => country === "NO")).toBe(true);
  });
});

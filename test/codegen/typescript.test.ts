// TypeScript clients: prettier finds nothing to do, tsc at its strictest accepts them and refuses wrong calls, bundlers drop what is not used,
// and their checks say what the validator says of every golden vector that a call can express.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import Mixpanel from "mixpanel";
import { check as isFormatted } from "prettier";
import { rollup } from "rollup";
import { minify } from "terser";
import { describe, expect, test } from "vitest";
import { startEmulator } from "../../src/emulator/index.ts";
import type { Lock } from "../../src/plan/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { exportEvents } from "../support/emulator-client.ts";
import { writeClient } from "./generated.ts";
import { goldenCases, goldenLock, USER } from "./golden-cases.ts";

const root = new URL("../..", import.meta.url).pathname;
const folder = tempDirectory("codegen-typescript");
// The generated files stand in a package of their own, as an app's do.
writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));

const golden = goldenLock("client");
const web = join(folder, "web");
const api = join(folder, "api");
const webFiles = writeClient(web, {
  lock: golden,
  source: "web",
  settings: { language: "typescript", out: "", adapters: ["mixpanel-browser", "mixpanel-react-native"] },
});
const apiFiles = writeClient(api, {
  lock: golden,
  source: "api",
  settings: { language: "typescript", out: "", adapters: ["mixpanel-node"], invalid: "drop" },
});

function compile(name: string, text: string): string {
  const project = join(folder, name);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "calls.ts"), text);
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "es2022",
        lib: ["es2022", "dom"],
        module: "esnext",
        moduleResolution: "bundler",
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noPropertyAccessFromIndexSignature: true,
        noImplicitReturns: true,
        noUnusedLocals: true,
        noUnusedParameters: true,
        isolatedModules: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        noEmit: true,
        types: [],
      },
      include: ["calls.ts", "../web/*.ts", "../api/*.ts"],
    }),
  );
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

async function load(entry: string, environment: string): Promise<Record<string, unknown>> {
  const outfile = join(folder, `${environment}-${entry.replaceAll("/", "-")}.mjs`);
  await build({
    stdin: {
      contents: entry.startsWith("export") ? entry : `export * from "./${entry}"`,
      resolveDir: folder,
    },
    bundle: true,
    format: "esm",
    outfile,
    define: { "process.env.NODE_ENV": JSON.stringify(environment) },
  });
  return (await import(pathToFileURL(outfile).href)) as Record<string, unknown>;
}

const everything = (client: string): string =>
  `export * from "./${client}/plumbline"; export * from "./${client}/plan"; export * from "./${client}/testing"; // ${client}`;

describe("the files", () => {
  test.each([...webFiles.map((file) => join(web, file)), ...apiFiles.map((file) => join(api, file))])(
    "prettier finds nothing to do in %s",
    async (file) => {
      expect(await isFormatted(readFileSync(file, "utf8"), { parser: "typescript" })).toBe(true);
    },
  );

  test("the same plan gives the same bytes", () => {
    const again = join(folder, "again");
    const settings = {
      language: "typescript",
      out: "",
      adapters: ["mixpanel-node"],
      invalid: "drop",
    } as const;
    for (const file of writeClient(again, { lock: golden, source: "api", settings }))
      expect(readFileSync(join(again, file), "utf8")).toBe(readFileSync(join(api, file), "utf8"));
  });

  test("a property that belongs to the state has no setter, and one of another source has none here", () => {
    const text = readFileSync(join(web, "plan.ts"), "utf8");
    expect(text).toContain("setTheme");
    expect(text).not.toContain("setEmail");
    expect(text).not.toContain("setPlanTier");
    expect(text).not.toContain("UsedIosApp");
    expect(readFileSync(join(api, "plan.ts"), "utf8")).toContain("setOrdersCount");
  });
});

describe("the compiler", () => {
  const HEAD = `
import { bannerSeen, cartItemAdded, contactGiven, setTheme, userSignsOut, userSignsUp } from "../web/plan";
import { connect, identify, isUserId } from "../web/plumbline";
import { orderCompleted } from "../api/plan";
import { mixpanelSink } from "../web/mixpanel-browser";
`;

  test("accepts calls as the plan has them", () => {
    expect(
      compile(
        "right",
        `${HEAD}
declare const text: string;
connect({ sink: mixpanelSink(() => { throw new Error(); }) });
identify(crypto.randomUUID());
if (isUserId(text)) { identify(text); orderCompleted(text, { order_id: "o" }, { time: new Date() }); }
userSignsUp({ plan_tier: "free", newsletter: undefined });
userSignsOut();
bannerSeen({});
cartItemAdded({ cart_id: "c" });
contactGiven({});
setTheme("dark");
`,
      ),
    ).toBe("");
  });

  test("refuses each call that the plan does not have", () => {
    const wrong = [
      'userSignsUp({ plan_tier: "gold" });',
      "userSignsUp({});",
      "userSignsUp();",
      'userSignsUp({ plan_tier: "free", newsletter: "true" });',
      'const extra = { plan_tier: "free", debug: 1 } as const; userSignsUp(extra);',
      'identify("ada@example.com");',
      "declare const anyText: string; identify(anyText);",
      'orderCompleted({ order_id: "o" });',
      'setTheme("blue");',
      'contactGiven({ contact_email: "a@example.com" });',
    ];
    const output = compile(
      "wrong",
      `${HEAD}\n${wrong.map((line) => `{ ${line} }`).join("\n")}\nvoid [bannerSeen, cartItemAdded, connect, isUserId, mixpanelSink, userSignsOut];\n`,
    );
    const first = HEAD.split("\n").length + 1;
    const lines = new Set([...output.matchAll(/calls\.ts\((\d+),/g)].map(([, line]) => Number(line) - first));
    expect([...lines].sort((a, b) => a - b)).toEqual(wrong.map((_, index) => index));
  });
});

interface Client {
  connect(to: { sink: () => unknown; onProblem?: (problem: object) => void }): void;
  record(): {
    sink: unknown;
    events: { name: string; properties: object; userId?: string }[];
    profile: object[];
    users: unknown[];
  };
  problemCount(): number;
  identify(userId: unknown): void;
  [name: string]: unknown;
}
type Call = (...values: unknown[]) => void;

describe("at run time", () => {
  test("development throws with the finding's id and place, never the value", async () => {
    const client = (await load(everything("web"), "development")) as unknown as Client;
    client.connect({ sink: () => client.record().sink });
    const call = client["userSignsUp"] as Call;
    expect(() => call({ plan_tier: "ada@example.com" })).toThrow("not-in-enum: User signs up.plan_tier");
    expect(() => call({})).toThrow("missing-required: User signs up.plan_tier");
    expect(() => client.identify("ada@example.com")).toThrow(/^identity-format: identify$/);
  });

  test("production never throws: problems are counted and reported, calls wait for the sink", async () => {
    const client = (await load(everything("web"), "production")) as unknown as Client;
    const problems: object[] = [];
    const recording = client.record();
    (client["userSignsUp"] as Call)({ plan_tier: "free" });
    client.connect({ sink: () => recording.sink, onProblem: (problem) => problems.push(problem) });
    client.identify("ada@example.com");
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    (client["userSignsUp"] as Call)(circular);
    client.connect({
      sink: () => {
        throw new Error("gone");
      },
      onProblem: (problem) => problems.push(problem),
    });
    (client["userSignsOut"] as Call)();
    expect(recording.events).toEqual([
      { name: "User signs up", properties: { plan: "0123456789ab", plan_tier: "free" } },
    ]);
    expect(problems).toEqual([
      { id: "identity-format", at: "identify", count: 1 },
      { id: "call-failed", at: "User signs up", count: 2 },
      { id: "call-failed", at: "User signs out", count: 3 },
    ]);
    expect(client.problemCount()).toBe(3);
  });

  test("a server's invalid call is not sent where the plan says `drop`, and dates become ISO 8601", async () => {
    const client = (await load(everything("api"), "production")) as unknown as Client;
    const recording = client.record();
    client.connect({ sink: () => recording.sink });
    (client["orderCompleted"] as Call)(USER, { order_id: "o", total: -1 });
    (client["orderCompleted"] as Call)("ada@example.com", { order_id: "o" });
    (client["orderCompleted"] as Call)(
      USER,
      { order_id: "o" },
      { time: new Date(1_700_000_000_000), insertId: "i1" },
    );
    expect(client.problemCount()).toBe(2);
    expect(recording.events).toEqual([
      {
        userId: USER,
        name: "Order completed",
        properties: { plan: "0123456789ab", order_id: "o", time: 1_700_000_000_000, $insert_id: "i1" },
      },
    ]);
  });

  test("an event that ends the session resets the client", async () => {
    const lock: Lock = { ...golden, identity: { ...golden.identity, reset_on: ["userSignsOut"] } };
    writeClient(join(folder, "resetting"), {
      lock,
      source: "web",
      settings: { language: "typescript", out: "" },
    });
    const client = (await load(everything("resetting"), "production")) as unknown as Client;
    const recording = client.record();
    client.connect({ sink: () => recording.sink });
    client.identify(USER);
    (client["userSignsOut"] as Call)();
    expect(recording.users).toEqual([USER, undefined]);
  });

  test("through the official node SDK into the local Mixpanel", async () => {
    const emulator = await startEmulator({ store: "memory" });
    const client = (await load(
      `${everything("api")}\nexport * from "./api/mixpanel-node";`,
      "production",
    )) as unknown as Client;
    const { host } = new URL(emulator.url);
    const sdk = Mixpanel.init("t", { protocol: "http", host, keepAlive: false });
    const errors: unknown[] = [];
    const done: (() => void)[] = [];
    const finished = new Promise<void>((resolve) => done.push(resolve));
    const watched = {
      track: (name: string, properties: object, then: (error?: Error) => void) =>
        sdk.track(name, properties, (error) => {
          then(error);
          done[0]?.();
        }),
      people: sdk.people,
    };
    client.connect({
      sink: (client["mixpanelSink"] as (sdk: unknown, onError: (error: unknown) => void) => () => unknown)(
        watched,
        (error) => errors.push(error),
      ),
    });
    (client["orderCompleted"] as Call)(USER, { order_id: "o-1", total: 12.5 });
    await finished;
    const events = await exportEvents(emulator.url);
    expect(errors).toEqual([]);
    expect(events).toMatchObject([
      {
        event: "Order completed",
        properties: { distinct_id: USER, order_id: "o-1", total: 12.5, plan: "0123456789ab" },
      },
    ]);
    await emulator.close();
  });
});

describe("golden vectors", async () => {
  const client = (await load(everything("web"), "development")) as unknown as Client;
  const cases = goldenCases(golden);

  test("most of those about values can be expressed", () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  test.each(cases)("$name", ({ event, properties, fine }) => {
    client.connect({ sink: () => client.record().sink });
    let found = false;
    try {
      (client[event] as Call)(properties);
    } catch {
      found = true;
    }
    expect(found).toBe(!fine);
  });
});

describe("bundles", async () => {
  const many: Lock = {
    ...golden,
    events: Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [
        `thingHappened${index}`,
        {
          name: `Thing ${index} happened`,
          tags: [],
          sources: { web: {} },
          was: [],
          unknown_property: "strip",
          invalid_property: "strip",
          missing_property: "quarantine",
          properties: Object.fromEntries(
            ["cart_id", "coupon", "currency", "item_count", "payment_method", "amount"].map((name) => [
              name,
              { presence: "required", type: { type: "string", max_length: 64 }, data: "none", was: [] },
            ]),
          ),
        },
      ]),
    ),
  };
  writeClient(join(folder, "many"), {
    lock: many,
    source: "web",
    settings: { language: "typescript", out: "" },
  });
  const app = `
import { connect } from "./many/plumbline";
import { thingHappened3, thingHappened70, thingHappened199 } from "./many/plan";
export function start(sdk, c) { connect({ sink: () => sdk }); thingHappened3(c); thingHappened70(c); thingHappened199(c); }
`;
  const define = { "process.env.NODE_ENV": '"production"' };
  const esbuild = await build({
    stdin: { contents: app, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    define,
  });
  const text = esbuild.outputFiles[0]?.text ?? "";

  test("an app that uses 3 of 200 events is at most 0.7 kB with esbuild", () => {
    expect(text).toContain("Thing 70 happened");
    expect(text).not.toContain("Thing 71 happened");
    expect(text.length).toBeLessThanOrEqual(700);
  });

  test("and with rollup and terser", async () => {
    const plain = await build({
      stdin: { contents: app, resolveDir: folder },
      bundle: true,
      format: "esm",
      write: false,
      define,
      treeShaking: false,
      minifySyntax: true,
    });
    const entry = join(folder, "app.mjs");
    writeFileSync(entry, plain.outputFiles[0]?.text ?? "");
    const bundle = await rollup({ input: entry });
    const { output } = await bundle.generate({ format: "esm" });
    await bundle.close();
    const { code = "" } = await minify(output[0].code, { module: true });
    expect(code).toContain("Thing 70 happened");
    expect(code).not.toContain("Thing 71 happened");
    expect(code.length).toBeLessThanOrEqual(700);
  });
});

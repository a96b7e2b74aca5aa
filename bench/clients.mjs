// Generated clients: what an app that uses 3 of 200 events pays in its bundle, beside what two other generators make of the same plan; and how long
// the command line takes for a plan of 1,000 events with 20 properties each, cold, whole process.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { rollup } from "rollup";
import { minify } from "terser";

const root = new URL("..", import.meta.url).pathname;
const cli = join(root, "dist/cli/main.js");
const peers = join(root, "node_modules/.cache/plumbline-bench-peers");
const BUNDLE_TARGET_BYTES = 700;
const EVENTS = 200;
const SHARED = ["cart_id", "coupon", "currency", "item_count", "payment_method"];
/** One property is each event's own: generators that merge like types would have one type only. */
const propertiesOf = (index) => [...SHARED, `amount_${index}`];
const USED = [3, 70, 199];
const define = { "process.env.NODE_ENV": '"production"' };

function smallPlan() {
  const all = [...SHARED, ...Array.from({ length: EVENTS }, (_, index) => `amount_${index}`)];
  const properties = all.map(
    (name) => `  ${name}: { type: string, max_length: 64, data: none, description: ${name} }`,
  );
  const events = Array.from({ length: EVENTS }, (_, index) => [
    `  thing${index}Happened:`,
    `    name: Thing ${index} happened`,
    `    description: It happened`,
    "    owner: me",
    "    sources: { web: {} }",
    "    properties:",
    ...propertiesOf(index).map((name) => `      ${name}: required`),
  ]);
  return [
    "plumbline: 1",
    "name: small",
    "sources: { web: { trust: client, generate: { language: typescript, out: web } } }",
    "identity: { user_id: { format: uuid } }",
    "properties:",
    ...properties,
    "events:",
    ...events.flat(),
    "",
  ].join("\n");
}

const LANGUAGES = {
  web: ["client", "typescript"],
  ios: ["client", "swift"],
  android: ["client", "kotlin"],
  node: ["server", "typescript"],
  jvm: ["server", "java"],
  python: ["server", "python"],
  ruby: ["server", "ruby"],
  go: ["server", "go"],
  php: ["server", "php"],
};

function largePlan(name) {
  const kinds = [
    "type: string, max_length: 64",
    "type: integer, min: 0",
    "type: boolean",
    "type: string, enum: [a, b, c]",
    "type: datetime",
  ];
  const sources = Object.entries(LANGUAGES).map(
    ([id, [trust, language]]) =>
      `  ${id}: { trust: ${trust}, generate: { language: ${language}, out: ${id} } }`,
  );
  const all = `[${Object.keys(LANGUAGES).join(", ")}]`;
  return [
    "plumbline: 1",
    "name: large",
    "sources:",
    ...sources,
    "identity: { user_id: { format: uuid } }",
    "properties:",
    ...Array.from(
      { length: 200 },
      (_, index) => `  prop_${index}: { ${kinds[index % 5]}, data: none, description: Property ${index} }`,
    ),
    "events:",
    ...Array.from({ length: 1000 }, (_, index) => [
      `  thing${index}Happened:`,
      `    name: ${index === 500 ? name : `Thing ${index}`} happened`,
      `    description: It happened ${index}`,
      "    owner: me",
      `    sources: ${all}`,
      "    properties:",
      ...Array.from(
        { length: 20 },
        (__, at) => `      prop_${(index * 7 + at) % 200}: ${at < 5 ? "required" : "optional"}`,
      ),
    ]).flat(),
    "",
  ].join("\n");
}

async function esbuildBytes(folder, contents) {
  const made = await build({
    stdin: { contents, resolveDir: folder, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    define,
    logLevel: "silent",
  });
  return made.outputFiles[0].contents.length;
}

async function rollupBytes(folder, contents) {
  // TypeScript to JavaScript, nothing shaken; then rollup shakes.
  const plain = await build({
    stdin: { contents, resolveDir: folder, loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    define,
    treeShaking: false,
    minifySyntax: true,
    logLevel: "silent",
  });
  const entry = join(folder, "entry.mjs");
  writeFileSync(entry, plain.outputFiles[0].text);
  const bundle = await rollup({ input: entry, onwarn: () => undefined });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  return Buffer.byteLength((await minify(output[0].code, { module: true })).code ?? "");
}

/** Peers come from the registry at run time: they are not dependencies of this project. */
function requirePeers() {
  mkdirSync(peers, { recursive: true });
  writeFileSync(join(peers, "package.json"), '{ "private": true }');
  try {
    execFileSync(
      "npm",
      [
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "typewriter@9.2.0",
        "quicktype-core@23.0.170",
      ],
      {
        cwd: peers,
        stdio: "ignore",
        timeout: 300_000,
      },
    );
    return createRequire(join(peers, "package.json"));
  } catch (error) {
    process.stderr.write(
      `bench: the other generators could not be installed (${error.message.split("\n")[0]})\n`,
    );
    return undefined;
  }
}

function schemaOf(index) {
  return {
    type: "object",
    properties: Object.fromEntries(
      propertiesOf(index).map((name) => [name, { type: "string", maxLength: 64 }]),
    ),
    required: propertiesOf(index),
    additionalProperties: false,
  };
}

async function typewriterFile(require) {
  const { typescript } = require("typewriter/dist/languages/typescript");
  const rules = Array.from({ length: EVENTS }, (_, index) => ({
    key: `Thing ${index} happened`,
    type: "TRACK",
    version: 1,
    // As its own loader adds it to a plan read from disk.
    jsonSchema: { ...schemaOf(index), eventMetadata: { name: `Thing ${index} happened`, type: "TRACK" } },
  }));
  const options = { header: "", outputFilename: "segment", sdk: "analytics-js" };
  const files = await typescript.generate(rules, { version: "9.2.0", isDevelopment: false }, options);
  return [...files.values()].join("\n");
}

async function quicktypeFile(require) {
  const { quicktype, InputData, JSONSchemaInput, FetchingJSONSchemaStore } = require("quicktype-core");
  const input = new JSONSchemaInput(new FetchingJSONSchemaStore());
  for (let index = 0; index < EVENTS; index++)
    await input.addSource({ name: `Thing${index}Happened`, schema: JSON.stringify(schemaOf(index)) });
  const inputData = new InputData();
  inputData.addInput(input);
  const made = await quicktype({ inputData, lang: "typescript" });
  return made.lines.join("\n");
}

const values = "c: any";
const calls = (of) => USED.map((index) => of(index)).join(" ");
const uses = {
  own: `import { connect } from "./web/plumbline"; import { ${USED.map((index) => `thing${index}Happened`).join(", ")} } from "./web/plan";
    export function start(sdk: any, ${values}) { connect({ sink: () => sdk }); ${calls((index) => `thing${index}Happened(c);`)} }`,
  typewriter: `import typewriter from "./typewriter"; export function start(${values}) { ${calls((index) => `typewriter.thing${index}Happened(c);`)} }`,
  typewriterNamed: `import { ${USED.map((index) => `thing${index}Happened`).join(", ")} } from "./typewriter"; export function start(${values}) { ${calls((index) => `thing${index}Happened(c);`)} }`,
  quicktype: `import { Convert } from "./quicktype"; export function start(${values}, track: any) { ${calls((index) => `track("Thing ${index} happened", Convert.toThing${index}Happened(c));`)} }`,
};

function timed(folder, args, runs = 3) {
  const times = [];
  for (let run = 0; run < runs; run++) {
    for (const id of Object.keys(LANGUAGES))
      if (args[0] === "generate") rmSync(join(folder, id), { recursive: true, force: true });
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder });
    times.push((performance.now() - started) / 1000);
    if (status !== 0 && status !== 1)
      throw new Error(`${args.join(" ")} ended with ${status}: ${stderr.toString()}`);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)];
}

async function bundleRows(folder) {
  writeFileSync(join(folder, "plan.yaml"), smallPlan());
  spawnSync(process.execPath, [cli, "generate", "plan.yaml"], { cwd: folder });
  const own = await esbuildBytes(folder, uses.own);
  const ownRollup = await rollupBytes(folder, uses.own);
  const target = `≤ ${BUNDLE_TARGET_BYTES} B`;
  const row = (measure, value, more = {}) => ({ measure, value, unit: "B", ...more });
  const rows = [
    row("bundle, 3 of 200 events, esbuild", own, { target, met: own <= BUNDLE_TARGET_BYTES }),
    row("bundle, 3 of 200 events, rollup and terser", ownRollup, {
      target,
      met: ownRollup <= BUNDLE_TARGET_BYTES,
    }),
  ];
  const require = requirePeers();
  if (require === undefined) return rows;
  const peer = async (name, file, contents) => {
    const value = await esbuildBytes(folder, contents);
    rows.push(
      row(`the same, ${name}, esbuild`, value, { ratio: value / own, against: "Plumbline's", note: file }),
    );
  };
  // The SDKs that the peers import are left out of every figure.
  symlinkSync(join(peers, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "typewriter.ts"), await typewriterFile(require));
  await peer("Typewriter 9.2.0, default export", "production build", uses.typewriter);
  await peer("Typewriter 9.2.0, named imports", "production build", uses.typewriterNamed);
  writeFileSync(join(folder, "quicktype.ts"), await quicktypeFile(require));
  await peer("quicktype", "with its run-time checks", uses.quicktype);
  return rows;
}

function commandRows(folder) {
  writeFileSync(join(folder, "large.yaml"), largePlan("Thing 500"));
  writeFileSync(join(folder, "changed.yaml"), largePlan("Thing five hundred"));
  for (const name of ["large", "changed"])
    spawnSync(process.execPath, [cli, "compile", `${name}.yaml`, "--out", `${name}.lock.json`], {
      cwd: folder,
    });
  const row = (measure, args, limit) => {
    const value = timed(folder, args);
    return { measure, value, unit: "s", target: `≤ ${limit} s`, met: value <= limit };
  };
  return [
    row(
      "generate, 1,000 events × 20 properties, 9 clients in 8 languages, cold",
      ["generate", "large.yaml"],
      3,
    ),
    row("check of that plan, cold", ["check", "large.yaml"], 1),
    row("diff of two locks of it, cold", ["diff", "large.lock.json", "changed.lock.json"], 1),
    row("diff of a lock and the plan's files, cold", ["diff", "large.lock.json", "changed.yaml"], 1),
    row("diff of two plans from their files, cold", ["diff", "large.yaml", "changed.yaml"], 1),
  ];
}

export async function run() {
  execFileSync("npm", ["run", "build"], { cwd: root, stdio: "ignore" });
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-clients-"));
  try {
    return [...(await bundleRows(folder)), ...commandRows(folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

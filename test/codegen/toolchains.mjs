// Installs what the tests of generated clients need beyond Node, as far as this machine can: `npm run toolchains`.
// Nothing here is needed to use Plumbline; what cannot be installed is named, and its tests are skipped by name.
import { execFileSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const folder = new URL("../../node_modules/.cache/plumbline-toolchains/", import.meta.url).pathname;
const MAVEN = "https://repo1.maven.org/maven2";
/** A machine without a way out must not hold up a test run. */
const LONGEST_MS = 180_000;
const KOTLIN = "2.2.21";
const JARS = {
  kotlin: [
    ...[
      "kotlin-compiler-embeddable",
      "kotlin-stdlib",
      "kotlin-script-runtime",
      "kotlin-reflect",
      "kotlin-daemon-embeddable",
    ].map((name) => `org/jetbrains/kotlin/${name}/${KOTLIN}/${name}-${KOTLIN}.jar`),
    "org/jetbrains/kotlinx/kotlinx-coroutines-core-jvm/1.8.0/kotlinx-coroutines-core-jvm-1.8.0.jar",
    "org/jetbrains/annotations/24.0.1/annotations-24.0.1.jar",
    "com/pinterest/ktlint/ktlint-cli/1.8.0/ktlint-cli-1.8.0-all.jar",
  ],
  android: ["com/mixpanel/android/mixpanel-android/7.3.1/mixpanel-android-7.3.1.aar"],
  java: [
    "com/mixpanel/mixpanel-java/1.6.1/mixpanel-java-1.6.1.jar",
    "org/json/json/20240303/json-20240303.jar",
    "com/google/googlejavaformat/google-java-format/1.28.0/google-java-format-1.28.0-all-deps.jar",
  ],
};

function has(command) {
  try {
    execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function attempt(name, act) {
  try {
    await act();
    process.stderr.write(`${name}: ready\n`);
  } catch (error) {
    process.stderr.write(`${name}: not on this machine (${String(error.message).split("\n")[0]})\n`);
  }
}

async function download(kind) {
  const target = join(folder, kind);
  mkdirSync(target, { recursive: true });
  for (const path of JARS[kind]) {
    const file = join(target, path.replace(/^.*\//, ""));
    if (existsSync(file)) continue;
    const answer = await fetch(`${MAVEN}/${path}`, { signal: AbortSignal.timeout(LONGEST_MS) });
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
    const part = `${file}.part`;
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(part));
    execFileSync("mv", [part, file]);
  }
}

function debian(...packages) {
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const [command, ...rest] = [
    ...asRoot,
    "apt-get",
    "install",
    "-y",
    "-qq",
    "--no-install-recommends",
    ...packages,
  ];
  execFileSync(command, rest, {
    stdio: "ignore",
    timeout: LONGEST_MS,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

mkdirSync(folder, { recursive: true });
await attempt("python", () => {
  const venv = join(folder, "python");
  if (!existsSync(join(venv, "bin/python")))
    execFileSync("python3", ["-m", "venv", venv], { stdio: "ignore" });
  execFileSync(join(venv, "bin/pip"), ["install", "-q", "mypy==2.4.1", "ruff==0.17.6", "mixpanel==5.4.1"], {
    stdio: "ignore",
    timeout: LONGEST_MS,
  });
});
// A shop that somebody else wrote, for its database: the people sync is tried on 93 tables that nobody here designed.
await attempt("django-oscar", () => {
  const venv = join(folder, "oscar");
  if (!existsSync(join(venv, "bin/python")))
    execFileSync("python3", ["-m", "venv", venv], { stdio: "ignore" });
  const packages = ["django-oscar==4.2.1", "Django==5.2.19", "psycopg[binary]==3.3.9"];
  execFileSync(join(venv, "bin/pip"), ["install", "-q", ...packages], {
    stdio: "ignore",
    timeout: LONGEST_MS,
  });
});
for (const [command, ...names] of [
  ["ruby", "ruby"],
  ["rubocop", "rubocop"],
  ["php", "php-cli"],
  ["phpcs", "php-codesniffer", "php-xml"],
  ["go", "golang-go"],
  ["javac", "openjdk-17-jdk-headless"],
])
  await attempt(command, () => {
    if (!has(command)) debian(...names);
  });
await attempt("java libraries", () => download("java"));
await attempt("kotlin", () => download("kotlin"));
await attempt("android library", async () => {
  await download("android");
  // An Android library is an archive with its classes inside.
  const [archive] = JARS.android.map((path) => path.replace(/^.*\//, ""));
  execFileSync("sh", ["-c", `jar xf ${archive} classes.jar`], {
    cwd: join(folder, "android"),
    stdio: "ignore",
  });
});

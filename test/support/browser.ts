// One way to start the real browser, on any Linux machine: Chromium and its shared libraries come from npm, nothing from the system.
// Web security stays on, unlike in the package's own flags: tests rely on CORS being enforced.
import { execFile } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, rmdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { createBrotliDecompress } from "node:zlib";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";

/** Flags of the package that are left out: without web security a test of CORS proves nothing, and one process dies with its first context. */
const UNWANTED = [
  "--disable-web-security",
  "--allow-running-insecure-content",
  "--disable-site-isolation-trials",
  "--single-process",
];
const QUIET = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const LOCK_WAIT_MS = 100;
const LOCK_MAX_MS = 30_000;

/** Runs one at a time over all processes: two that unpack the same file at once would start half a browser. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const lock = join(tmpdir(), "plumbline-chromium.lock");
  const deadline = Date.now() + LOCK_MAX_MS;
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      // A lock that outlives this belongs to a process that was killed.
      if (Date.now() > deadline) break;
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      await pause(LOCK_WAIT_MS);
    }
  }
  try {
    return await work();
  } finally {
    await rmdir(lock).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
}

/** Folder with the shared libraries that the browser needs and this machine lacks; `undefined` when it has them all. */
async function missingLibraries(executable: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("ldd", [executable]);
  if (!stdout.includes("not found")) return undefined;
  const directory = join(tmpdir(), "plumbline-chromium-libraries");
  if (!existsSync(join(directory, "lib"))) {
    await mkdir(directory, { recursive: true });
    const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
    const packed = join(dirname(entry), "../../bin/al2023.tar.br");
    const tar = execFile("tar", ["-x", "-C", directory]);
    const ended = new Promise<void>((resolve, reject) => {
      tar.once("error", reject).once("exit", (code) => {
        if (code === 0) resolve();
        else reject(new Error(`Cannot unpack the browser's libraries: tar ended with ${code}`));
      });
    });
    if (tar.stdin === null) throw new Error("no stdin");
    await pipeline(createReadStream(packed), createBrotliDecompress(), tar.stdin);
    await ended;
  }
  return join(directory, "lib");
}

/** Starts Chromium. The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  const { executablePath, libraries } = await alone(async () => {
    const path = await chromium.executablePath();
    return { executablePath: path, libraries: await missingLibraries(path) };
  });
  return playwright.launch({
    executablePath,
    args: [...chromium.args.filter((flag) => !UNWANTED.includes(flag)), ...QUIET],
    headless: true,
    ...(libraries === undefined ? {} : { env: { ...process.env, LD_LIBRARY_PATH: libraries } }),
  });
}

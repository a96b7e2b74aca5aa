// Starts the real thing as a stranger would: `plumbline emulator` and `plumbline up` as processes, on free ports, with a
// data folder of their own. For tests that need real processes: crashes, outages, whole paths.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = new URL("../..", import.meta.url).pathname;
const main = join(root, "dist/cli/main.js");
const START_TIMEOUT_MS = 30_000;

/** A child process that has said on which URL it accepts connections. */
export interface Running {
  readonly url: string;
  readonly process: ChildProcess;
  /** The line that named the URL. */
  readonly firstLine: string;
  /** Last lines of stderr, for a failing test's message. */
  errors(): string;
  /** What stands on stdout behind the first line. */
  output(): string;
  /** SIGTERM, then waits for the end; returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits for the end. */
  kill(): Promise<void>;
}

/** Below those that the system gives away for port 0, and apart for each worker: nobody takes one while its server is down. */
const PORTS_OF_A_WORKER = 1500;
const FIRST_PORT = 20_000 + PORTS_OF_A_WORKER * Number(process.env["VITEST_POOL_ID"] ?? 0);
let portsGiven = 0;

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}

/** A port that is free, for what must keep its address over restarts. Each is given once. */
export async function freePort(): Promise<number> {
  while (portsGiven < PORTS_OF_A_WORKER) {
    const port = FIRST_PORT + portsGiven;
    portsGiven += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`No port from ${FIRST_PORT} on is free`);
}

/** Runs `plumbline …` until it prints the URL it accepts on. */
export async function startPlumbline(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Running> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-200_000);
  });
  const ended = once(child, "close");
  let output = "";
  const { url, line: firstLine } = await new Promise<{ url: string; line: string }>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no URL after ${START_TIMEOUT_MS} ms: ${errors}`)),
      START_TIMEOUT_MS,
    );
    child.once("exit", (code) => reject(new Error(`plumbline ${args[0]} ended with ${code}: ${errors}`)));
    let isFound = false;
    const look = (line: string): void => {
      if (isFound) return;
      const found = /https?:\/\/[\w.:[\]]+/.exec(line)?.[0];
      if (found === undefined) return;
      isFound = true;
      clearTimeout(timer);
      resolve({ url: found, line });
    };
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (isFound) output += `${line}\n`;
      else look(line);
    });
    // A command whose stdout is a report says on stderr where it listens.
    createInterface({ input: child.stderr }).on("line", look);
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return {
    url,
    process: child,
    firstLine,
    errors: () => errors,
    output: () => output,
    stop: () => end("SIGTERM"),
    kill: async () => {
      await end("SIGKILL");
    },
  };
}

export interface System {
  readonly directory: string;
  readonly emulator: Running;
  readonly gatewayUrl: string;
  /** Path of the configuration file, for other commands. */
  readonly config: string;
  /** Starts the gateway, again on the same port and data. */
  startGateway(): Promise<Running>;
  /** Stops what runs and removes the folder. */
  close(): Promise<void>;
}

export interface SystemOptions {
  /** Plan as YAML. */
  readonly plan: string;
  /** More top-level configuration as YAML text. */
  readonly extra?: string;
  readonly sources?: string;
  readonly emulatorArgs?: readonly string[];
  /** More keys of the destination, as YAML flow text. */
  readonly destination?: string;
}

const DEFAULT_SOURCES = "sources: { web: { token: web_token }, api: { token: api_token } }";

/** Lays out plan, configuration and emulator in a folder of its own. The gateway is started by the test. */
export async function makeSystem(options: SystemOptions): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), "plumbline-system-"));
  const emulator = await startPlumbline(["emulator", "--port", "0", ...(options.emulatorArgs ?? [])]);
  const port = await freePort();
  const config = join(directory, "plumbline.yaml");
  await writeFile(join(directory, "plan.yaml"), options.plan);
  await writeFile(
    config,
    [
      "plumbline: 1",
      "plan: plan.yaml",
      "data: data",
      `listen: 127.0.0.1:${port}`,
      "admin: { listen: 127.0.0.1:0 }",
      options.sources ?? DEFAULT_SOURCES,
      `destinations: { product: { kind: mixpanel, host: "${emulator.url}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret }${options.destination === undefined ? "" : `, ${options.destination}`} } }`,
      options.extra ?? "",
    ].join("\n"),
  );
  const started: Running[] = [];
  return {
    directory,
    emulator,
    config,
    gatewayUrl: `http://127.0.0.1:${port}`,
    startGateway: async () => {
      const running = await startPlumbline(["up", "--config", config], { cwd: directory });
      started.push(running);
      return running;
    },
    close: async () => {
      await Promise.all(started.map((running) => running.stop()));
      await emulator.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

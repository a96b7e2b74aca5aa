// `plumbline emulator`: the local Mixpanel in the foreground.
import { type Command, InvalidArgumentError } from "commander";
import { type EmulatorStore, startEmulator } from "../../emulator/index.ts";
import { printLine } from "../terminal/output.ts";
import { untilStopped } from "../terminal/until-stopped.ts";
import type { GlobalOptions } from "./global-options.ts";

/** Parses a port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("not a port (0 to 65535)");
  return port;
}

function parseSwitch(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [name = "", value] = text.split("=", 2);
  if (value === undefined) throw new InvalidArgumentError("write it as name=value");
  return { ...before, [name]: value };
}

interface EmulatorFlags extends GlobalOptions {
  readonly port: number;
  readonly host: string;
  readonly store: EmulatorStore;
  readonly data?: string;
  readonly set?: Readonly<Record<string, string>>;
}

export function addEmulator(program: Command): void {
  program
    .command("emulator")
    .description("Run a local Mixpanel: ingestion, query, export, Lexicon and privacy APIs")
    .option("--port <port>", "port; 0 takes any free one", parsePort, 8081)
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--store <kind>", "disk, memory, or swallow (count only)", "disk")
    .option("--data <folder>", "keep events here; default: a temporary folder, removed at the end")
    .option("--set <name=value>", "a switch of docs/guide/emulator.md; repeatable", parseSwitch)
    .action(async (_: unknown, command: Command) => {
      const { port, host, store, data, set, json = false } = command.optsWithGlobals<EmulatorFlags>();
      const emulator = await startEmulator({
        host,
        port,
        store,
        ...(data === undefined ? {} : { dataDirectory: data }),
        ...(set === undefined ? {} : { switches: set }),
      });
      const stopped = untilStopped();
      printLine(
        json ? JSON.stringify({ url: emulator.url }) : `plumbline emulator: accepting on ${emulator.url}`,
      );
      await stopped;
      await emulator.close();
    });
}

#!/usr/bin/env node
// The command line: parses, runs one command, turns whatever ended it into an exit code.
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { EXIT, exitCodeOf } from "./terminal/exit-codes.ts";
import { reportError } from "./terminal/output.ts";
import { withKnownCause } from "./terminal/system-errors.ts";

function version(): string {
  const found = createRequire(import.meta.url)("../../package.json") as { readonly version: string };
  return found.version;
}

type Add = (program: Command) => void;

/** Every command's module, loaded when it is asked for: a check should not wait for a web server's code. In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  init: async () => (await import("./commands/init.ts")).addInit,
  infer: async () => (await import("./commands/infer.ts")).addInfer,
  check: async () => (await import("./commands/check.ts")).addCheck,
  compile: async () => (await import("./commands/check.ts")).addCompile,
  export: async () => (await import("./commands/check.ts")).addExport,
  diff: async () => (await import("./commands/diff.ts")).addDiff,
  rename: async () => (await import("./commands/rename.ts")).addRename,
  scan: async () => (await import("./commands/scan.ts")).addScan,
  lexicon: async () => (await import("./commands/lexicon.ts")).addLexicon,
  generate: async () => (await import("./commands/generate.ts")).addGenerate,
  listen: async () => (await import("./commands/listen.ts")).addListen,
  up: async () => (await import("./commands/up.ts")).addUp,
  emulator: async () => (await import("./commands/emulator.ts")).addEmulator,
  people: async () => (await import("./commands/people/index.ts")).addPeople,
  ids: async () => (await import("./commands/ids/index.ts")).addIds,
  clean: async () => (await import("./commands/clean/index.ts")).addClean,
  quarantine: async () => (await import("./commands/quarantine.ts")).addQuarantine,
  "dead-letters": async () => (await import("./commands/dead-letters.ts")).addDeadLetters,
  status: async () => (await import("./commands/status.ts")).addStatus,
};

/** The one command that was asked for; all of them when none is known, so that help and suggestions are whole. */
function wanted(words: readonly string[]): readonly (() => Promise<Add>)[] {
  const word = words.find((one, index) => Object.hasOwn(COMMANDS, one) && words[index - 1] !== "--config");
  const command = word === undefined ? undefined : COMMANDS[word];
  return command === undefined ? Object.values(COMMANDS) : [command];
}

async function makeProgram(): Promise<Command> {
  const program = new Command("plumbline")
    .description("One tracking plan in git, and a gateway that lets nothing else through")
    .version(version())
    .option("--json", "machine-readable result on stdout")
    .option("--config <file>", "runtime configuration; default: plumbline.yaml here")
    .option("--no-color", "no colours; NO_COLOR works too")
    .showHelpAfterError("(add --help for the options)")
    .showSuggestionAfterError()
    .exitOverride();
  for (const load of wanted(process.argv.slice(2))) (await load())(program);
  // Options and errors of the program hold for its commands.
  for (const command of [...program.commands, ...program.commands.flatMap((one) => one.commands)])
    command.exitOverride().showHelpAfterError("(add --help for the options)");
  return program;
}

try {
  await (await makeProgram()).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const known = withKnownCause(error);
    reportError(known, process.argv.includes("--json"));
    process.exitCode = exitCodeOf(known);
  }
}

#!/usr/bin/env node
// The command line: parses, runs one command, turns whatever ended it into an exit code.
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { addCheck, addExport } from "./commands/check.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addDiff } from "./commands/diff.ts";
import { addEmulator } from "./commands/emulator.ts";
import { addGenerate } from "./commands/generate.ts";
import { addInfer } from "./commands/infer.ts";
import { addInit } from "./commands/init.ts";
import { addListen } from "./commands/listen.ts";
import { addQuarantine } from "./commands/quarantine.ts";
import { addRename } from "./commands/rename.ts";
import { addStatus } from "./commands/status.ts";
import { addUp } from "./commands/up.ts";
import { EXIT, exitCodeOf } from "./terminal/exit-codes.ts";
import { reportError } from "./terminal/output.ts";
import { withKnownCause } from "./terminal/system-errors.ts";

function version(): string {
  const found = createRequire(import.meta.url)("../../package.json") as { readonly version: string };
  return found.version;
}

function makeProgram(): Command {
  const program = new Command("plumbline")
    .description("One tracking plan in git, and a gateway that lets nothing else through")
    .version(version())
    .option("--json", "machine-readable result on stdout")
    .option("--config <file>", "runtime configuration; default: plumbline.yaml here")
    .option("--no-color", "no colours; NO_COLOR works too")
    .showHelpAfterError("(add --help for the options)")
    .showSuggestionAfterError()
    .exitOverride();
  addInit(program);
  addInfer(program);
  addCheck(program);
  addDiff(program);
  addRename(program);
  addExport(program);
  addGenerate(program);
  addListen(program);
  addUp(program);
  addEmulator(program);
  addQuarantine(program);
  addDeadLetters(program);
  addStatus(program);
  // Options and errors of the program hold for its commands.
  for (const command of [...program.commands, ...program.commands.flatMap((one) => one.commands)])
    command.exitOverride().showHelpAfterError("(add --help for the options)");
  return program;
}

try {
  await makeProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const known = withKnownCause(error);
    reportError(known, process.argv.includes("--json"));
    process.exitCode = exitCodeOf(known);
  }
}

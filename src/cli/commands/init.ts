// `plumbline init`: a good first plan and configuration. Asks on a terminal, takes defaults with `--yes`, overwrites nothing unasked.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cancel, confirm, intro, isCancel, multiselect, outro, select, text } from "@clack/prompts";
import type { Command } from "commander";
import { AppError } from "../../core/index.ts";
import { CONFIG_FILE } from "../config/load-config.ts";
import { EXIT } from "../terminal/exit-codes.ts";
import { makeOutput } from "../terminal/output.ts";
import type { GlobalOptions } from "./global-options.ts";
import { configTemplate, type InitAnswers, planTemplate } from "./init-templates.ts";

const CLIENTS = ["web", "ios", "android", "extension"] as const;
const SERVERS = ["api", "jobs"] as const;
const DEFAULTS: InitAnswers = { name: "my-app", clients: ["web"], servers: ["api"], userId: "uuid" };

/** Asks; `undefined` when the person gave up. */
async function ask(): Promise<InitAnswers | undefined> {
  intro("A tracking plan and a gateway");
  const name = await text({
    message: "What is the product called?",
    initialValue: DEFAULTS.name,
    validate: (value) => (/^[a-z][a-z0-9-]*$/i.test(value ?? "") ? undefined : "Letters, digits and hyphens"),
  });
  if (isCancel(name)) return undefined;
  const sources = await multiselect({
    message: "Where does tracking come from?",
    options: [...CLIENTS, ...SERVERS].map((value) => ({ value, label: value })),
    initialValues: [...DEFAULTS.clients, ...DEFAULTS.servers] as ("web" | "api")[],
    required: true,
  });
  if (isCancel(sources)) return undefined;
  const userId = await select({
    message: "What is a user id? It must never change, and say nothing about the person.",
    options: [
      { value: "uuid" as const, label: "UUID" },
      { value: "ulid" as const, label: "ULID" },
      { value: "integer" as const, label: "Whole number" },
    ],
  });
  if (isCancel(userId)) return undefined;
  return {
    name,
    clients: sources.filter((source) => (CLIENTS as readonly string[]).includes(source)),
    servers: sources.filter((source) => (SERVERS as readonly string[]).includes(source)),
    userId,
  };
}

async function mayOverwrite(
  taken: readonly string[],
  flags: { readonly yes: boolean; readonly force: boolean },
): Promise<boolean> {
  if (taken.length === 0 || flags.force) return true;
  if (flags.yes) throw new AppError("FILE_EXISTS", `Cannot write ${taken.join(", ")}: already there`);
  const answer = await confirm({ message: `Overwrite ${taken.join(", ")}?`, initialValue: false });
  return !isCancel(answer) && answer;
}

export function addInit(program: Command): void {
  program
    .command("init [folder]")
    .description("Write a first plan and configuration")
    .option("--yes", "take the defaults, ask nothing")
    .option("--force", "overwrite files that are there")
    .action(
      async (folder: string | undefined, options: { yes?: boolean; force?: boolean }, command: Command) => {
        const { json = false } = command.optsWithGlobals<GlobalOptions>();
        const yes = options.yes === true || json || !process.stdin.isTTY;
        const answers = yes ? DEFAULTS : await ask();
        const target = resolve(folder ?? ".");
        const files = ["plan.yaml", CONFIG_FILE].map((name) => join(target, name));
        if (
          !answers ||
          !(await mayOverwrite(
            files.filter((file) => existsSync(file)),
            { yes, force: options.force === true },
          ))
        ) {
          cancel("Nothing was written.");
          process.exitCode = EXIT.usage;
          return;
        }
        mkdirSync(target, { recursive: true });
        const [plan = "", config = ""] = files;
        writeFileSync(plan, planTemplate(answers));
        writeFileSync(config, configTemplate(answers));
        const next =
          "Next: `plumbline check`, then `plumbline emulator` and `plumbline up` in two terminals.";
        if (yes)
          makeOutput(json).result({ written: files }, () =>
            [...files.map((file) => `wrote ${file}`), next].join("\n"),
          );
        else outro(`Wrote ${files.join(" and ")}. ${next}`);
      },
    );
}

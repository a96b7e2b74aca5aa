// `plumbline generate`: writes the typed clients that the plan asks for, or tells which are not up to date.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import {
  type GeneratedFile,
  type Generator,
  GENERATED_MARK,
  generateClient,
  GENERATORS,
} from "../../codegen/index.ts";
import { AppError, isObject } from "../../core/index.ts";
import { EXIT, FindingsError } from "../terminal/exit-codes.ts";
import { makeOutput, type Output, reportError } from "../terminal/output.ts";
import { untilStopped } from "../terminal/until-stopped.ts";
import { type LoadedPlan, loadPlan } from "../up/load-plan.ts";
import type { GlobalOptions } from "./global-options.ts";
import { planPath } from "./plan-argument.ts";

interface GenerateFlags extends GlobalOptions {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly source?: readonly string[];
}

type FileState = "current" | "written" | "stale" | "missing" | "removed" | "leftover";

interface FileReport {
  readonly source: string;
  readonly file: string;
  readonly state: FileState;
}

const WATCH_DELAY_MS = 100;

async function generatorFor(language: string, folder: string): Promise<Generator> {
  const own = GENERATORS[language];
  if (own) return own;
  if (!/\.[cm]?[jt]s$/.test(language))
    throw new AppError(
      "GENERATE_LANGUAGE_UNKNOWN",
      `Cannot generate ${language}: there are ${Object.keys(GENERATORS).join(", ")}`,
    );
  const file = resolve(folder, language);
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("GENERATE_LANGUAGE_UNKNOWN", `Cannot load the generator ${file}: ${reason}`, {
      cause,
    });
  }
  const found = loaded.default;
  if (!isObject(found) || typeof found["generate"] !== "function")
    throw new AppError(
      "GENERATE_LANGUAGE_UNKNOWN",
      `Cannot use the generator ${file}: its default export has no function \`generate\``,
    );
  return { language, adapters: {}, ...found } as unknown as Generator;
}

/** Files of an earlier run that the plan no longer asks for. A file that a person wrote is never touched. */
function leftovers(out: string, files: readonly GeneratedFile[]): readonly string[] {
  if (!existsSync(out)) return [];
  const wanted = new Set(files.map(({ path }) => path));
  return readdirSync(out, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(out, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !wanted.has(path))
    .filter((path) => readFileSync(join(out, path), "utf8").slice(0, 200).includes(GENERATED_MARK))
    .sort();
}

function settle(out: string, file: GeneratedFile, isCheck: boolean): FileState {
  const path = join(out, file.path);
  const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (before === file.text) return "current";
  if (isCheck) return before === undefined ? "missing" : "stale";
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.text);
  return "written";
}

async function generateAll(
  plan: LoadedPlan,
  entry: string,
  flags: GenerateFlags,
): Promise<readonly FileReport[]> {
  const { lock, clients, findings } = plan;
  if (!lock) throw new FindingsError(findings.filter(({ level }) => level === "error"));
  const isCheck = flags.check === true;
  const folder = dirname(entry);
  const sources = Object.entries(clients).filter(([id]) => flags.source?.includes(id) ?? true);
  if (sources.length === 0)
    throw new AppError("GENERATE_NOTHING", `Cannot generate: no source of ${lock.name} asks for a client`);
  // Everything is made before anything is written: a mistake in one source leaves all files as they were.
  const made: { readonly source: string; readonly out: string; readonly files: readonly GeneratedFile[] }[] =
    [];
  for (const [source, settings] of sources) {
    const generator = await generatorFor(settings.language, folder);
    made.push({
      source,
      out: resolve(folder, settings.out),
      files: generateClient(generator, lock, { source, settings }),
    });
  }
  return made.flatMap(({ source, out, files }): FileReport[] => {
    const named = (path: string): string => relative(process.cwd(), join(out, path));
    const old = leftovers(out, files);
    const reports = files.map((file) => ({
      source,
      file: named(file.path),
      state: settle(out, file, isCheck),
    }));
    for (const path of old) if (!isCheck) rmSync(join(out, path));
    return [
      ...reports,
      ...old.map((path) => ({ source, file: named(path), state: isCheck ? "leftover" : "removed" }) as const),
    ];
  });
}

function report(output: Output, reports: readonly FileReport[]): void {
  const changed = reports.filter(({ state }) => state !== "current");
  output.result({ files: reports }, () =>
    [
      ...changed.map(({ file, state }) => `${state.padEnd(8)} ${file}`),
      `${reports.length} files, ${reports.length - changed.length} up to date`,
    ].join("\n"),
  );
}

async function watchPlan(entry: string, flags: GenerateFlags, output: Output): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    try {
      report(output, await generateAll(loadPlan(entry), entry, flags));
    } catch (error) {
      // The plan is being edited: say what is wrong, and go on.
      reportError(error, flags.json === true);
    }
  };
  await run();
  const watchers = loadPlan(entry).files.map((file) =>
    watch(file, () => {
      clearTimeout(timer);
      timer = setTimeout(() => void run(), WATCH_DELAY_MS);
    }),
  );
  output.note(`watching ${watchers.length} files; Ctrl-C stops`);
  await untilStopped();
  clearTimeout(timer);
  for (const watcher of watchers) watcher.close();
}

export function addGenerate(program: Command): void {
  program
    .command("generate [plan]")
    .description("Write the typed clients that the plan's sources ask for")
    .option("--check", "write nothing; end with 1 when a file is not up to date")
    .option("--watch", "write again whenever the plan changes")
    .option("--source <id...>", "only these sources")
    .action(async (plan: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GenerateFlags>();
      const output = makeOutput(flags.json === true);
      const entry = planPath(plan, flags);
      if (flags.watch === true) return watchPlan(entry, flags, output);
      const reports = await generateAll(loadPlan(entry), entry, flags);
      report(output, reports);
      if (flags.check === true && reports.some(({ state }) => state !== "current"))
        process.exitCode = EXIT.findings;
    });
}

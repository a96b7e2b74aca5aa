// `plumbline ids plan`: a mapping of old ids to immutable ones becomes a change set to review, with everything that will not work said first.
// Changes nothing at the provider.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  type ComparedMapping,
  compareProfiles,
  type IdMergeMode,
  type IdRules,
  type IdsToPlan,
  makeIdRules,
  type MappedPerson,
  planIds,
  readMapping,
  walkIds,
  writeChangeSet,
  writeMapping,
} from "../../../cleanup/index.ts";
import { AppError } from "../../../core/index.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import type { Config, ConfigDestination } from "../../config/config.ts";
import { estimateSteps } from "../../cleanup/estimate-steps.ts";
import { loadConfig } from "../../config/load-config.ts";
import { pickDestination } from "../../ids/open-destination.ts";
import { type MappingFlags, readMappingInput } from "../../ids/read-mapping-input.ts";
import { openIdReader } from "../../ids/open-id-reader.ts";
import { parseWait, WAIT_DEFAULT_S } from "../../ids/wait.ts";
import { FindingsError, UsageError } from "../../terminal/exit-codes.ts";
import { makeOutput, makeProgress, type Output } from "../../terminal/output.ts";
import type { GlobalOptions } from "../global-options.ts";
import { interruptible } from "../people/people-command.ts";
import { requirePlan } from "../plan-argument.ts";

interface PlanFlags extends GlobalOptions, MappingFlags {
  readonly plan?: string;
  readonly destination?: string;
  readonly onConflict: IdsToPlan["onConflict"];
  readonly reimportFrom?: string;
  readonly reimportTo?: string;
  readonly profiles: boolean;
  readonly wait: number;
  readonly out: string;
  readonly force?: boolean;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function modeOf({ name, idMerge }: ConfigDestination): IdMergeMode {
  if (idMerge !== undefined) return idMerge;
  throw new UsageError(
    `Say \`id_merge: original\` or \`id_merge: simplified\` for destination ${name}: Mixpanel shows it under Project settings, Identity merge`,
  );
}

function windowOf({ reimportFrom: from, reimportTo: to }: PlanFlags): IdsToPlan["reimport"] {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined || !DAY.test(from) || !DAY.test(to) || to < from)
    throw new UsageError("Give --reimport-from and --reimport-to, each as YYYY-MM-DD");
  return { from, to };
}

/** What the provider holds of these people. */
async function compared(
  people: readonly MappedPerson[],
  parts: {
    readonly config: Config;
    readonly destination: ConfigDestination;
    readonly rules: IdRules;
    readonly output: Output;
  },
  flags: PlanFlags,
): Promise<ComparedMapping> {
  const progress = makeProgress(parts.output.json);
  const found = await interruptible((signal) => {
    const opened = openIdReader(parts.config, parts.destination, {
      waitMaxMs: flags.wait * 1000,
      signal,
      note: (line) => parts.output.note(line),
    });
    return compareProfiles(
      people,
      walkIds(opened.reader, {
        ...opened,
        onProgress: (done, total) => progress.show(`ids: ${done} of ${total} profiles`),
      }),
      parts.rules,
    );
  });
  progress.end();
  return found;
}

function writePlanned(
  { out, mapping }: { readonly out: string; readonly mapping: string },
  texts: { readonly changeSet: string; readonly mapping: string },
  force: boolean,
): void {
  for (const file of [out, mapping])
    if (existsSync(file) && !force)
      throw new AppError("FILE_EXISTS", `Cannot write ${file}: it is there already`);
  try {
    mkdirSync(dirname(mapping), { recursive: true, mode: 0o700 });
    writeFileSync(mapping, texts.mapping, { mode: 0o600 });
    writeFileSync(out, texts.changeSet);
  } catch (cause) {
    throw new AppError("FILE_UNWRITABLE", `Cannot write ${out}`, { cause });
  }
}

async function plan(flags: PlanFlags): Promise<void> {
  const output = makeOutput(flags.json === true);
  const config = loadConfig(flags.config);
  const destination = pickDestination(config, flags.destination);
  const mode = modeOf(destination);
  const reimport = windowOf(flags);
  const lock = requirePlan(flags.plan, flags);
  const rules = makeIdRules(lock);
  const { file, content } = await readMappingInput(config, flags);
  const { people, findings, same } = readMapping(content, file, rules);
  if (findings.length > 0) throw new FindingsError(findings);
  if (people.length === 0) throw new AppError("INPUT_EMPTY", "Cannot plan: the mapping changes no id");
  const found = flags.profiles
    ? await compared(people, { config, destination, rules, output }, flags)
    : { people, facts: undefined };
  const out = resolve(flags.out);
  const name = basename(out, extname(out));
  const mapping = join(dirname(out), `${name}.ids`, "mapping.ndjson");
  const planned = planIds({
    name,
    destination: destination.name,
    mode,
    plan: lock.hash,
    madeAt: new Date(systemClock.now()).toISOString(),
    people: found.people,
    mapping: relative(dirname(out), mapping),
    onConflict: flags.onConflict,
    facts: found.facts,
    reimport,
  });
  const estimates = await estimateSteps(config, lock, planned.changeSet);
  writePlanned(
    { out, mapping },
    {
      changeSet: writeChangeSet(planned.changeSet, estimates, planned.notes),
      mapping: writeMapping(found.people),
    },
    flags.force === true,
  );
  output.result(
    { out, mapping, mode, people: people.length, same, facts: found.facts ?? null, notes: planned.notes },
    () =>
      [
        ...planned.notes.map((note) => `* ${note}`),
        `${flags.out}: written. Review it, then: plumbline ids apply ${flags.out}`,
        `${relative(process.cwd(), mapping)}: the ids. Keep it out of git.`,
      ].join("\n"),
  );
}

export function addIdsPlan(group: Command): void {
  group
    .command("plan")
    .description("Old ids → immutable ids, as a change set to review; changes nothing at the provider")
    .option("--mapping <file>", "CSV `old,new`, or NDJSON with `old` and `new`")
    .option("--database", "read the mapping from the application's database, with --old and --new")
    .option("--old <table.column>", "with --database: old ids, for example users.email")
    .option("--new <table.column>", "with --database: immutable ids, for example users.id")
    .option("--plan <file>", "plan that says what an id looks like; default: the configured one")
    .option("--destination <name>", "destination, where the configuration has several")
    .addOption(
      new Option("--on-conflict <rule>", "where both ids have a profile")
        .choices(["keep_new", "keep_old", "skip"])
        .default("keep_new"),
    )
    .option("--reimport-from <date>", "simplified id merge: import events of these days under the new ids")
    .option("--reimport-to <date>", "last of these days")
    .option("--no-profiles", "do not look at the profiles that there are")
    .option("--wait <seconds>", "longest wait for the provider's limits", parseWait, WAIT_DEFAULT_S)
    .option("--out <file>", "the change set", "ids.yaml")
    .option("--force", "overwrite the files")
    .action((_: unknown, command: Command) => plan(command.optsWithGlobals<PlanFlags>()));
}

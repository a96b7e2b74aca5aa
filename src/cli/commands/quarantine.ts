// `plumbline quarantine`: look at what waits, try a new plan, let out what fits. Works while the gateway runs.
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../core/index.ts";
import {
  discardQuarantine,
  findQuarantined,
  openGeolocation,
  previewPlan,
  type QuarantineFilter,
  replayQuarantine,
  showQuarantined,
  summariseQuarantine,
} from "../../gateway/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { loadConfig } from "../config/load-config.ts";
import { findingLines, makeOutput, makeProgress, table } from "../terminal/output.ts";
import { makeLiveSources } from "../up/live-sources.ts";
import { oldIdOwners } from "../up/old-ids.ts";
import { makeReceivers, neverJoins, snapshotOf } from "../up/pipeline.ts";
import { take } from "./take.ts";
import type { GlobalOptions } from "./global-options.ts";
import { withJournal } from "./open-stores.ts";
import { requirePlan } from "./plan-argument.ts";

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LIST_DEFAULT = 50;

/** Parses `7d`, `12h`, `30m` or an ISO date into a moment. */
export function parseSince(text: string): number {
  const [, amount, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (amount !== undefined && (unit === "m" || unit === "h" || unit === "d"))
    return systemClock.now() - Number(amount) * UNITS_MS[unit];
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError("write 30m, 12h, 7d or a date");
  return at;
}

interface FilterFlags extends GlobalOptions {
  readonly event?: string;
  readonly source?: string;
  readonly finding?: string;
  readonly since?: number;
  readonly until?: number;
}

function filterOf(flags: FilterFlags): QuarantineFilter {
  const { event, source, finding, since, until } = flags;
  return {
    ...(event === undefined ? {} : { name: event }),
    ...(source === undefined ? {} : { source }),
    ...(finding === undefined ? {} : { finding }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

function withFilter(command: Command): Command {
  return command
    .option("--event <name>", "event name or profile operator, as received")
    .option("--source <id>", "source of the plan")
    .option("--finding <id>", "id of a finding")
    .option("--since <when>", "received since: 30m, 12h, 7d or a date", parseSince)
    .option("--until <when>", "received before", parseSince);
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

function addList(group: Command): void {
  withFilter(group.command("list").description("What waits, by event, source and reason"))
    .option("--each", "single records, the oldest first")
    .option("--limit <count>", "how many single records", Number, LIST_DEFAULT)
    .action((_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FilterFlags & { each?: boolean; limit: number }>();
      const output = makeOutput(flags.json === true);
      return withJournal(loadConfig(flags.config), (journal) => {
        const filter = filterOf(flags);
        if (flags.each === true) {
          const records = take(findQuarantined(journal, filter), flags.limit);
          output.result(
            records.map(({ id, name, source, release, receivedAt, findings }) => ({
              id,
              name,
              source,
              release,
              receivedAt,
              findings,
            })),
            () =>
              table(
                ["id", "received", "source", "release", "event", "reason"],
                records.map((one) => [
                  one.id,
                  day(one.receivedAt),
                  one.source,
                  one.release,
                  one.name,
                  one.findings[0]?.id ?? "",
                ]),
              ),
          );
          return;
        }
        const groups = summariseQuarantine(journal, filter);
        output.result(groups, () =>
          groups.length === 0
            ? "Nothing waits in quarantine."
            : table(
                ["count", "event", "source", "reason", "first", "last"],
                groups.map((one) => [
                  one.count,
                  one.name,
                  one.source,
                  one.finding,
                  day(one.first),
                  day(one.last),
                ]),
              ),
        );
      });
    });
}

function addShow(group: Command): void {
  group
    .command("show <id>")
    .description("One record: what was received, and why it waits. Prints property values")
    .action((id: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      return withJournal(loadConfig(flags.config), (journal) => {
        const record = showQuarantined(journal, id);
        if (!record) throw new AppError("RECORD_UNKNOWN", `Cannot show ${id}: there is no such record`);
        makeOutput(flags.json === true).result(record, () =>
          [
            `${record.name} from ${record.source} ${record.release}, received ${new Date(record.receivedAt).toISOString()}, ${record.state}`,
            ...record.findings.map(findingLines),
            JSON.stringify(record.item, null, 2),
          ].join("\n"),
        );
      });
    });
}

function addReplay(group: Command): void {
  withFilter(
    group
      .command("replay")
      .description("Judge again under today's plan and let out what fits; a dry run without --apply"),
  )
    .option("--plan <file>", "plan to judge under; default: the configured one")
    .option("--apply", "do it")
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FilterFlags & { plan?: string; apply?: boolean }>();
      const config = loadConfig(flags.config);
      const lock = requirePlan(flags.plan ?? config.plan, flags);
      const progress = makeProgress(flags.json === true);
      const geolocate = config.geoFile === undefined ? undefined : await openGeolocation(config.geoFile);
      const report = await withJournal(config, (journal) =>
        replayQuarantine({
          journal,
          clock: systemClock,
          snapshot: snapshotOf(lock, config),
          sources: makeLiveSources(config, lock).all,
          filter: filterOf(flags),
          apply: flags.apply === true,
          neverJoins: neverJoins(config),
          oldIds: oldIdOwners(config, journal),
          ...(geolocate === undefined ? {} : { geolocate }),
          onProgress: ({ examined, released }) => progress.show(`${examined} examined, ${released} released`),
        }),
      );
      progress.end();
      makeOutput(flags.json === true).result({ ...report, applied: flags.apply === true }, () =>
        [
          flags.apply === true
            ? `${report.released} released, ${report.kept} kept, ${report.dropped} let go by the plan`
            : `Dry run: ${report.released} of ${report.examined} would be released, ${report.kept} kept, ${report.dropped} let go. Add --apply to do it.`,
          ...Object.entries(report.released_by_name).map(([name, count]) => `  + ${count} ${name}`),
          ...Object.entries(report.kept_by_finding).map(([id, count]) => `  = ${count} kept: ${id}`),
        ].join("\n"),
      );
    });
}

function addDiscard(group: Command): void {
  withFilter(group.command("discard").description("Give up on records; a dry run without --apply"))
    .option("--apply", "do it")
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FilterFlags & { apply?: boolean }>();
      const apply = flags.apply === true;
      const discarded = await withJournal(loadConfig(flags.config), (journal) =>
        discardQuarantine({ journal, clock: systemClock, filter: filterOf(flags), apply }),
      );
      makeOutput(flags.json === true).result({ discarded, applied: apply }, () =>
        apply ? `${discarded} discarded` : `Dry run: ${discarded} would be discarded. Add --apply to do it.`,
      );
    });
}

function addPreview(group: Command): void {
  group
    .command("preview")
    .description("What another plan would have done to the traffic that the journal still has")
    .requiredOption("--plan <file>", "the new plan")
    .option("--since <when>", "traffic since: 30m, 12h, 7d or a date", parseSince)
    .action((_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions & { plan: string; since?: number }>();
      const config = loadConfig(flags.config);
      const today = requirePlan(config.plan, flags);
      const next = requirePlan(flags.plan, flags);
      const progress = makeProgress(flags.json === true);
      return withJournal(config, (journal) => {
        const report = previewPlan({
          journal,
          receivers: makeReceivers(config),
          sources: makeLiveSources(config, next),
          today: snapshotOf(today, config),
          next: snapshotOf(next, config),
          since: flags.since ?? 0,
          oldIds: oldIdOwners(config, journal),
          onProgress: (requests) => progress.show(`${requests} requests judged`),
        });
        progress.end();
        makeOutput(flags.json === true).result(report, () =>
          [
            `${report.items} items in ${report.requests} requests; ${report.changed} would be judged otherwise`,
            ...(report.rows.length === 0
              ? []
              : [
                  table(
                    ["count", "event", "source", "today", "new plan", "new findings", "gone findings"],
                    report.rows.map((row) => [
                      row.count,
                      row.name,
                      row.source,
                      row.today,
                      row.next,
                      row.gained.join(" "),
                      row.lost.join(" "),
                    ]),
                  ),
                ]),
          ].join("\n"),
        );
      });
    });
}

export function addQuarantine(program: Command): void {
  const group = program.command("quarantine").description("What the plan did not let through");
  addList(group);
  addShow(group);
  addReplay(group);
  addDiscard(group);
  addPreview(group);
}

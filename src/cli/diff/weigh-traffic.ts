// Real events for `diff --traffic`: files and stdin, the raw export of a destination, or what the gateway's journal still holds.
import { AppError } from "../../core/index.ts";
import { previewPlan } from "../../gateway/index.ts";
import { EventLines } from "../../infer/index.ts";
import {
  releaseOf,
  type Lock,
  makeValidator,
  TrafficScale,
  type TrafficWeight,
  weighEvent,
} from "../../plan/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { withJournal } from "../commands/open-stores.ts";
import type { Config, ConfigDestination } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { openExport, openTraffic, type TrafficInput, withReason } from "../infer/open-traffic.ts";
import { UsageError } from "../terminal/exit-codes.ts";
import { makeProgress, type Output } from "../terminal/output.ts";
import { makeLiveSources } from "../up/live-sources.ts";
import { oldIdOwners } from "../up/old-ids.ts";
import { makeReceivers, snapshotOf } from "../up/pipeline.ts";
import { makeSourceOfEvent } from "./source-of-event.ts";

/** Days of an export where nobody says how many: an export is slow, and limited by the provider. */
export const EXPORT_DAYS_DEFAULT = 7;
const DAY_MS = 86_400_000;
/** Events with a time above this say it in milliseconds. */
const SECONDS_MAX = 100_000_000_000;

export interface TrafficOptions {
  /** `gateway`, `export`, or a file. */
  readonly traffic: string;
  readonly days: number | undefined;
  /** Source of all events of a file. */
  readonly source: string | undefined;
  /** Destination whose export is read. */
  readonly destination: string | undefined;
  readonly config: string | undefined;
  readonly base: Lock;
  readonly head: Lock;
  readonly output: Output;
}

/** Stands for the secret key of hashed data classes: what is counted is not what comes out. */
const COUNTED_HASH = { hash: () => "0".repeat(32) };

function timeOf({ time }: Readonly<Record<string, unknown>>): number | undefined {
  if (typeof time !== "number") return undefined;
  return time > SECONDS_MAX ? time : time * 1000;
}

async function weighInput(input: TrafficInput, options: TrafficOptions): Promise<TrafficWeight> {
  const { base, head, days, output } = options;
  const scale = new TrafficScale();
  const validators = { base: makeValidator(base, COUNTED_HASH), head: makeValidator(head, COUNTED_HASH) };
  const sourceOf = makeSourceOfEvent(base, options.source);
  const since = days === undefined ? -Infinity : systemClock.now() - days * DAY_MS;
  let [older, strangers] = [0, 0];
  const lines = new EventLines(({ event, properties }) => {
    if ((timeOf(properties) ?? Infinity) < since) {
      older += 1;
      return;
    }
    const source = sourceOf(properties);
    if (source === undefined) strangers += 1;
    else weighEvent(scale, validators, { source, event, properties, release: releaseOf(properties) });
  });
  const progress = makeProgress(output.json);
  try {
    for await (const bytes of input.bytes) {
      lines.push(bytes);
      progress.show(
        `diff: ${input.name}: ${lines.lines.toLocaleString("en-US")} events judged under both plans`,
      );
    }
  } catch (cause) {
    throw withReason(cause, input.name);
  }
  lines.end();
  progress.end();
  if (lines.brokenOff) output.note(`${input.name}: the export broke off before its end.`);
  if (lines.unreadable > 0)
    output.note(
      `${input.name}: ${lines.unreadable} of ${lines.lines} lines are no events; they were left out.`,
    );
  if (older > 0)
    output.note(`${input.name}: ${older} events are older than ${days ?? 0} days; they were left out.`);
  if (strangers > 0)
    output.note(
      `${input.name}: ${strangers} events name no library that says their source; they were left out. \`--source <id>\` names it.`,
    );
  return scale.weight(days);
}

function exportable(config: Config, name: string | undefined): ConfigDestination {
  const able = config.destinations.filter(
    (one) => one.projectId !== undefined && one.serviceAccount !== undefined,
  );
  const found = name === undefined ? able : able.filter((one) => one.name === name);
  const [first, ...others] = found;
  if (first === undefined || others.length > 0)
    throw new UsageError(
      `--traffic export needs one destination with \`project_id\` and \`service_account\`; name it with --destination: ${able.map((one) => one.name).join(", ") || "there is none"}`,
    );
  return first;
}

async function weighExport(options: TrafficOptions): Promise<TrafficWeight> {
  const { host, projectId, serviceAccount } = exportable(loadConfig(options.config), options.destination);
  if (projectId === undefined || serviceAccount === undefined)
    throw new AppError("INTERNAL", "Cannot export: the destination was checked before");
  const days = options.days ?? EXPORT_DAYS_DEFAULT;
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  const now = systemClock.now();
  const input = await openExport({
    host,
    projectId,
    ...serviceAccount,
    from: day(now - days * DAY_MS),
    to: day(now),
  });
  return weighInput(input, { ...options, days });
}

async function weighGateway({
  base,
  head,
  days,
  config: file,
  output,
}: TrafficOptions): Promise<TrafficWeight> {
  const config = loadConfig(file);
  const scale = new TrafficScale();
  const progress = makeProgress(output.json);
  await withJournal(config, (journal) => {
    previewPlan({
      journal,
      receivers: makeReceivers(config),
      sources: makeLiveSources(config, head),
      today: snapshotOf(base, config),
      next: snapshotOf(head, config),
      oldIds: oldIdOwners(config, journal),
      since: days === undefined ? 0 : systemClock.now() - days * DAY_MS,
      onJudged: ({ source, release, name, today, next }) =>
        scale.add(
          { source, release, event: name },
          { verdict: today.verdict, repairs: today.repairs.length },
          { verdict: next.verdict, repairs: next.repairs.length },
        ),
      onProgress: (requests) =>
        progress.show(`diff: gateway: ${requests.toLocaleString("en-US")} requests judged under both plans`),
    });
  });
  progress.end();
  return scale.weight(days);
}

/** Judges real events under both plans. Memory stays bounded, however many there are. */
export function weighTraffic(options: TrafficOptions): Promise<TrafficWeight> {
  if (options.source !== undefined && options.base.sources[options.source] === undefined)
    throw new UsageError(
      `The old plan has no source ${options.source}; it has: ${Object.keys(options.base.sources).join(", ")}`,
    );
  if (options.traffic === "gateway") return weighGateway(options);
  if (options.traffic === "export") return weighExport(options);
  return weighInput(openTraffic(options.traffic), options);
}

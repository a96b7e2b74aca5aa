// A difference for a terminal: what is due, then every change with what it does to whom. Without colours unless `paint` gives them.
import type { FindingLevel } from "../../core/index.ts";
import { CHANGE_KINDS } from "./change-kinds.ts";
import { type Gates, levelOf, stepText } from "./gates.ts";
import { AXES, type PlanChange, type PlanDiff } from "./plan-diff.ts";
import { summariseDiff } from "./summary.ts";
import { trafficFacts, trafficTable, type TrafficWeight } from "./traffic-weight.ts";

/** Colours a word by how bad it is. */
export type Paint = (level: FindingLevel, text: string) => string;

/** Events named in one line; more are counted. */
const EVENTS_SHOWN = 5;

/** Events that share a changed property. */
export function eventsText({ events = [] }: PlanChange): string {
  if (events.length <= EVENTS_SHOWN) return events.join(", ");
  return `${events.slice(0, EVENTS_SHOWN).join(", ")} and ${events.length - EVENTS_SHOWN} more`;
}

function changeLines(change: PlanChange, gates: Gates, paint: Paint): readonly string[] {
  const { kind, at, where, sources } = change;
  const { title, fix } = CHANGE_KINDS[kind];
  const level = levelOf(change, gates);
  const step = stepText(change);
  const events = eventsText(change);
  const place = where === undefined ? "" : `${where.file}:${where.line}:${where.column} `;
  return [
    `${place}${paint(level, level)} ${at}: ${title}${step === "" ? "" : ` (${step})`} [${kind}]`,
    ...AXES.flatMap((axis) => {
      const { grade, why } = change.axes[axis];
      return grade === "none" ? [] : [`    ${axis} ${grade}: ${why}`];
    }),
    ...(events === "" ? [] : [`    events: ${events}`]),
    ...(sources.length === 0 ? [] : [`    sources: ${sources.join(", ")}`]),
    ...(fix === undefined ? [] : [`    ${fix}`]),
  ];
}

function trafficLines(traffic: TrafficWeight | undefined): readonly string[] {
  if (traffic === undefined) return [];
  const { head, rows } = trafficTable(traffic);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
  return ["", trafficFacts(traffic), ...(rows.length === 0 ? [] : [head, ...rows].map(line))];
}

/** Writes a difference as text. */
export function diffText(
  diff: PlanDiff,
  {
    gates,
    traffic,
    paint = (_, text) => text,
  }: { gates: Gates; traffic?: TrafficWeight | undefined; paint?: Paint },
): string {
  const version = diff.isVersionTooLow
    ? [
        `${paint("error", "error")} version: The plan says ${diff.head.version ?? ""}, and ${diff.due.version ?? ""} is due [version-too-low]`,
      ]
    : [];
  return [
    ...diff.changes.flatMap((change) => changeLines(change, gates, paint)),
    ...version,
    summariseDiff(diff),
    ...trafficLines(traffic),
  ].join("\n");
}

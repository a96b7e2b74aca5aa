// A change set as the file that people review. Lines that begin with `#>` say counts, cost and reversibility; they are written anew from the
// estimates. Everything else of a file belongs to the people who edit it, and stays byte for byte.
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument, stringify, visit } from "yaml";
import { canonicalJson } from "../../core/index.ts";
import type { StepEstimate } from "../apply/executor.ts";
import type { ChangeSet, Step } from "./change-set.ts";
import { costText, reversibilityText } from "./estimate-text.ts";

/** By id of the step. A step without one is said to be unknown. */
export type StepEstimates = ReadonlyMap<string, StepEstimate>;

const OURS = "#> ";
const OUR_LINES = /^[ \t]*#>.*\n/gm;
/** Collections that are shorter than this stand on one line. */
const FLOW_MAX_CHARACTERS = 90;

const HEADER = `# yaml-language-server: $schema=./node_modules/plumbline/changeset.schema.json
# A change set: what \`plumbline clean apply\` changes at the provider. Nothing has happened yet.
# Review it like code. A step that is deleted, or has \`enabled: false\`, does not happen; comments are yours.
# Lines with ${OURS.trim()} are Plumbline's: \`plumbline clean check <file> --write\` keeps them true.
`;

function ordered({ id, because, enabled, operation, of, group, expect }: Step): object {
  return {
    id,
    because,
    ...(enabled === undefined ? {} : { enabled }),
    operation,
    ...(of === undefined ? {} : { of }),
    ...(group === undefined ? {} : { group }),
    ...(expect === undefined ? {} : { expect }),
  };
}

/** Short collections on one line each, the step itself never. */
function layOut(document: Document): void {
  const root = document.contents;
  visit(document, {
    Collection: (_, node) => {
      if (node === root || (isSeq(root) && root.items.includes(node))) return;
      node.flow = JSON.stringify(node.toJS(document)).length <= FLOW_MAX_CHARACTERS;
    },
  });
}

function stepText(step: Step): string {
  const document = parseDocument(
    stringify([ordered(step)], { blockQuote: false, lineWidth: 0, aliasDuplicateObjects: false }),
  );
  layOut(document);
  const text = document.toString({ blockQuote: false, lineWidth: 0, flowCollectionPadding: true });
  return text.replaceAll(/^(?=.)/gm, "  ");
}

function estimateLines(estimate: StepEstimate | undefined): readonly string[] {
  if (!estimate) return ["what it costs and whether it can be undone is not known here"];
  return [costText(estimate), reversibilityText(estimate.reversibility)];
}

function totalLine(enabled: readonly (string | undefined)[], all: number, estimates: StepEstimates): string {
  const known = enabled.flatMap((id) => {
    const found = id === undefined ? undefined : estimates.get(id);
    return found === undefined ? [] : [found];
  });
  const sum = (of: (estimate: StepEstimate) => number): number =>
    known.reduce((total, estimate) => total + of(estimate), 0);
  const cost = costText({
    count: sum(({ count = 0 }) => count),
    requests: sum(({ requests }) => requests),
    durationMs: sum(({ durationMs }) => durationMs),
  });
  return `${enabled.length} of ${all} ${all === 1 ? "step" : "steps"} enabled: ${cost}`;
}

/** Lines to put in, by the offset of the line before which they stand. */
function insertions(text: string, estimates: StepEstimates): ReadonlyMap<number, readonly string[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const found = new Map<number, readonly string[]>();
  if (!isMap(document.contents) || document.contents.flow === true) return found;
  const pair = document.contents.items.find(({ key }) => String(key) === "steps");
  const steps = pair?.value;
  if (!isSeq(steps) || steps.flow === true) return found;
  const lineOf = (offset: number): number => lines.lineStarts[lines.linePos(offset).line - 1] ?? 0;
  const put = (offset: number, before: RegExp, ours: readonly string[]): void => {
    const start = lineOf(offset);
    const [indent] = before.exec(text.slice(start, offset)) ?? [];
    if (indent !== undefined)
      found.set(
        start,
        ours.map(
          (line) => `${" ".repeat(indent.indexOf("-") < 0 ? 0 : indent.indexOf("-"))}${OURS}${line}\n`,
        ),
      );
  };
  const maps = steps.items.filter((item) => isMap(item));
  const id = (item: (typeof maps)[number]): string => String(item.get("id"));
  const isEnabled = (item: (typeof maps)[number]): boolean => (item.get("enabled") as unknown) !== false;
  const enabled = maps.filter(isEnabled).map(id);
  const key = pair?.key as Node | undefined;
  if (key?.range) put(key.range[0], /^$/, [totalLine(enabled, maps.length, estimates)]);
  for (const item of maps)
    if (item.range) put(item.range[0], /^ *- +$/, estimateLines(estimates.get(id(item))));
  return found;
}

function meaningOf(text: string): string {
  const value: unknown = parseDocument(text).toJS();
  return canonicalJson(value ?? null);
}

/** Writes Plumbline's own lines of a file anew, and touches nothing else. A file in JSON has none. */
export function refreshEstimates(text: string, estimates: StepEstimates): string {
  const unix = text.replaceAll("\r\n", "\n");
  const bare = unix.replaceAll(OUR_LINES, "");
  // A text of several lines may have such a line as its content.
  if (meaningOf(bare) !== meaningOf(unix)) return text;
  const inserted = [...insertions(bare, estimates)].sort(([a], [b]) => b - a);
  return inserted.reduce((done, [at, lines]) => done.slice(0, at) + lines.join("") + done.slice(at), bare);
}

/**
 * Writes a change set. Parsed again it is the same.
 *
 * @param notes What a reader has to know, a sentence each; they stand in the header.
 */
export function writeChangeSet(
  set: ChangeSet,
  estimates: StepEstimates,
  notes: readonly string[] = [],
): string {
  const { name, destination, plan, madeAt, steps } = set;
  const head = stringify(
    { plumbline: 1, name, destination, plan, madeAt },
    { blockQuote: false, lineWidth: 0 },
  );
  const body = steps.length === 0 ? "steps: []\n" : `steps:\n${steps.map(stepText).join("\n")}`;
  const told = notes.map((note) => `# * ${note.replaceAll(/\s+/g, " ")}\n`).join("");
  return refreshEstimates(`${HEADER}${told}${head}\n${body}`, estimates);
}

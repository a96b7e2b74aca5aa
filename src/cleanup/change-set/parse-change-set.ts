// From the text of a change set to its steps, or to every mistake in its shape with its place. Pure: files that it names are not opened, and
// their paths stay as they are written.
import type { Finding } from "../../core/index.ts";
import { type LocatedDocument, makeSchemaChecker, parseLocated } from "../../plan/index.ts";
import type { ChangeSet } from "./change-set.ts";
import { CHANGE_SET_FINDINGS, type ChangeSetProblem } from "./change-set-findings.ts";
import { CHANGE_SET_SCHEMA } from "./change-set-schema.ts";

export type ParsedChangeSet =
  | { readonly kind: "change-set"; readonly changeSet: ChangeSet; readonly locate: LocatedDocument["locate"] }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

const checker = makeSchemaChecker(CHANGE_SET_SCHEMA, "change-set-");

/** Gives problems their places. */
export function toFindings(
  problems: readonly ChangeSetProblem[],
  locate: LocatedDocument["locate"] | undefined,
): readonly Finding[] {
  return problems.map(({ id, path, message, fix }) => ({
    id,
    level: CHANGE_SET_FINDINGS[id],
    at: path.join("."),
    ...(locate === undefined ? {} : { where: locate(path) }),
    message,
    fix,
  }));
}

/** What the schema cannot say of the shape. */
function shapeProblems({ steps }: ChangeSet): readonly ChangeSetProblem[] {
  const first = new Map<string, number>();
  return steps.flatMap(({ id, operation }, at): ChangeSetProblem[] => {
    const before = first.get(id.toLowerCase());
    if (before === undefined) first.set(id.toLowerCase(), at);
    const problems: ChangeSetProblem[] = [];
    if (before !== undefined)
      problems.push({
        id: "change-set-duplicate-step",
        path: ["steps", at, "id"],
        message: `Step ${before + 1} has this id already: backup and journal would be one`,
        fix: "Give each step an id of its own; upper and lower case are one.",
      });
    if ("from" in operation && operation.do !== "rename" && operation.do !== "merge_spellings")
      if (operation.from > operation.to)
        problems.push({
          id: "change-set-bad-value",
          path: ["steps", at, "operation", "from"],
          message: "The window ends before it begins",
          fix: "Write the earlier day as `from`.",
        });
    return problems;
  });
}

/** Parses a change set: YAML 1.2 or JSON. All mistakes of shape come at once. */
export function parseChangeSet(text: string, file: string): ParsedChangeSet {
  const document = parseLocated(text, file);
  const locate = document.locate.bind(document);
  if (document.value === undefined) return { kind: "findings", findings: document.findings };
  const shape = checker.check(document).map(({ finding }) => finding);
  if (shape.length > 0) return { kind: "findings", findings: shape };
  // The schema let it through: it has the shape of the file.
  const { plumbline: _, ...changeSet } = document.value as ChangeSet & { readonly plumbline?: 1 };
  const findings = toFindings(shapeProblems(changeSet), locate);
  return findings.length > 0 ? { kind: "findings", findings } : { kind: "change-set", changeSet, locate };
}

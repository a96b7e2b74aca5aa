// What `plumbline ids check` found, for people.
import type { IdProblem, IdReport } from "../../cleanup/index.ts";
import { table } from "../terminal/output.ts";

const MEANINGS: Readonly<Record<IdProblem, string>> = {
  email: "e-mail address: people change it, and it names them",
  phone: "phone number: people change it, and it names them",
  forbidden: "placeholder: whoever has it is one person at the provider",
  sequential: "numbers in a row: they tell how many there are, and can be guessed",
  shared: "many devices or addresses: several people, or a test account",
  unfit: "not of the form that the plan says",
};

const count = (value: number): string => value.toLocaleString("en-US");

export function idReportText(report: IdReport): string {
  const { people, events, profiles, problems, shapes, anonymousEvents, isWhole } = report;
  const head = `${count(people)} ids of people in ${count(events)} events (${count(anonymousEvents)} of them without a person) and ${count(profiles)} profiles`;
  const kinds = Object.entries(shapes).map(([shape, number]) => `${shape} ${count(number)}`);
  const rows = problems.map((one) => [
    one.problem,
    count(one.people),
    count(one.events),
    count(one.profiles),
    MEANINGS[one.problem],
  ]);
  const examples = problems.flatMap(({ problem, examples: ids }) => ids.map((id) => `  ${problem}: ${id}`));
  return [
    head,
    `Shapes: ${kinds.join(", ") || "none"}`,
    ...(isWhole ? [] : ["There are more ids than are kept in memory: counts of people are too low."]),
    problems.length === 0
      ? "Every id is one that the plan wants."
      : table(["problem", "people", "events", "profiles", "what it means"], rows),
    ...examples,
  ].join("\n");
}

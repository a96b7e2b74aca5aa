// A plan as a page for people who read names in the provider's screens.
import type { Lock, LockEvent, LockProfileProperty } from "../lock.ts";
import { describeType } from "./describe-type.ts";

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").replaceAll("<", "&lt;");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(" | ")} |`;
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : [row(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(row), ""];
}

function eventLines(id: string, event: LockEvent): string[] {
  const facts = [
    `id \`${id}\``,
    ...(event.owner === undefined ? [] : [`owner ${event.owner}`]),
    `from ${Object.keys(event.sources).join(", ") || "any source"}`,
    ...(event.was.length === 0 ? [] : [`was ${event.was.join(", ")}`]),
  ];
  const deprecated =
    event.deprecated === undefined
      ? []
      : [
          `**Deprecated**${event.deprecated.to === undefined ? "" : `: send \`${event.deprecated.to}\` instead`}.`,
          "",
        ];
  const properties = Object.entries(event.properties).map(([name, { presence, type, description, data }]) => [
    name,
    describeType(type),
    presence,
    data,
    description ?? "",
  ]);
  return [
    `### ${event.name}`,
    "",
    ...(event.description === undefined ? [] : [`${event.description}.`.replace(/\.\.$/, "."), ""]),
    ...deprecated,
    facts.join(" · "),
    "",
    ...tableOf(["property", "type", "presence", "data", "meaning"], properties),
  ];
}

function peopleLines(title: string, people: Readonly<Record<string, LockProfileProperty>>): string[] {
  const rows = Object.values(people).map(({ name, type, owner, data, description }) => [
    name,
    describeType(type),
    owner,
    data,
    description ?? "",
  ]);
  return rows.length === 0
    ? []
    : [`## ${title}`, "", ...tableOf(["property", "type", "owner", "data", "meaning"], rows)];
}

/** Writes the plan as Markdown, events by name. */
export function exportMarkdown(lock: Lock): string {
  const events = Object.entries(lock.events).sort(([, a], [, b]) => (a.name < b.name ? -1 : 1));
  const lines = [
    `# Tracking plan: ${lock.name}`,
    "",
    `${events.length} events. Version \`${lock.hash.slice(0, 12)}\`.`,
    "",
    "## Events",
    "",
    ...events.flatMap(([id, event]) => eventLines(id, event)),
    ...peopleLines("User profile", lock.people),
    ...Object.entries(lock.groups).flatMap(([key, people]) => peopleLines(`Group profile: ${key}`, people)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

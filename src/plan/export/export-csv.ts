// A plan as a table: one row for each event and property. RFC 4180; cells that a spreadsheet would run are made harmless.
import type { Lock } from "../lock.ts";
import { describeType } from "./describe-type.ts";

const HEAD = [
  "section",
  "id",
  "name",
  "property",
  "type",
  "presence",
  "owner",
  "data",
  "sources",
  "was",
  "description",
];

/** Spreadsheets run a cell that begins with one of these. Source (read 2026-11): OWASP "CSV Injection". */
const RUNS = /^[=+\-@\t\r]/;

function cell(text: string): string {
  const safe = RUNS.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Writes the plan as CSV. */
export function exportCsv(lock: Lock): string {
  const rows: (readonly string[])[] = [HEAD];
  for (const [id, event] of Object.entries(lock.events)) {
    const sources = Object.keys(event.sources).join(" ");
    rows.push([
      "event",
      id,
      event.name,
      "",
      "",
      "",
      event.owner ?? "",
      "",
      sources,
      event.was.join("; "),
      event.description ?? "",
    ]);
    for (const [name, { type, presence, data, was, description }] of Object.entries(event.properties))
      rows.push([
        "event property",
        id,
        event.name,
        name,
        describeType(type),
        presence,
        "",
        data,
        sources,
        was.join("; "),
        description ?? "",
      ]);
  }
  const sections = [
    ["profile property", lock.people] as const,
    ...Object.entries(lock.groups).map(([key, people]) => [`group property (${key})`, people] as const),
  ];
  for (const [section, people] of sections)
    for (const [id, { name, type, owner, data, sources = [], was, description }] of Object.entries(people))
      rows.push([
        section,
        id,
        name,
        name,
        describeType(type),
        "",
        owner,
        data,
        sources.join(" "),
        was.join("; "),
        description ?? "",
      ]);
  return `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

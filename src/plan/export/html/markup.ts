// The page's pieces. Everything that comes from a plan is escaped here and nowhere else.
import type { LockEvent, LockProfileProperty, ValueType } from "../../lock.ts";
import { describeType } from "../describe-type.ts";

/** Text inside elements and attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** A name as an element's id: what may stand in a link. */
export function anchor(kind: string, id: string): string {
  return `${kind}-${encodeURIComponent(id).replaceAll("%", "_")}`;
}

const EXAMPLES: Readonly<Record<string, string>> = {
  email: "ada@example.com",
  url: "https://example.com/",
  uuid: "0b9ad0c8-3c7a-4c43-9b7d-1f2a3b4c5d6e",
  ulid: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  date: "2026-11-24",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
};

/** A value that fits the type, where one can be told without guessing. */
export function exampleOf(type: ValueType): string | undefined {
  switch (type.type) {
    case "string":
      return type.enum?.[0] ?? (type.format === undefined ? undefined : EXAMPLES[type.format]);
    case "integer":
    case "number":
      return String(type.enum?.[0] ?? type.min ?? type.max ?? (type.type === "integer" ? 1 : 1.5));
    case "boolean":
      return "true";
    case "datetime":
      return "2026-11-24T09:30:00.000Z";
    case "list":
    case "object":
      return undefined;
  }
}

export interface PropertyRow {
  readonly name: string;
  readonly cells: readonly (readonly [label: string, text: string])[];
}

function tableOf(caption: string, rows: readonly PropertyRow[]): string {
  const labels = rows[0]?.cells.map(([label]) => label) ?? [];
  const head = ["Property", ...labels].map((label) => `<th scope="col">${escapeHtml(label)}</th>`).join("");
  const body = rows.map(
    ({ name, cells }) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code></th>${cells
        .map(([label, text]) => `<td data-label="${escapeHtml(label)}">${escapeHtml(text)}</td>`)
        .join("")}</tr>`,
  );
  return `<table><caption class="skip">${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

function facts(pairs: readonly (readonly [string, string])[]): string {
  const told = pairs.filter(([, text]) => text !== "");
  if (told.length === 0) return "";
  return `<dl>${told.map(([term, text]) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`).join("")}</dl>`;
}

interface CardHead {
  readonly anchor: string;
  readonly name: string;
  readonly source: readonly string[];
  readonly owner: string;
  readonly data: readonly string[];
  readonly isDeprecated: boolean;
}

function card(head: CardHead, body: readonly string[]): string {
  const data = [
    `id="${escapeHtml(head.anchor)}"`,
    `data-source="${escapeHtml(head.source.join(" "))}"`,
    `data-owner="${escapeHtml(head.owner)}"`,
    `data-data="${escapeHtml([...new Set(head.data)].sort().join(" "))}"`,
    `data-state="${head.isDeprecated ? "deprecated" : "current"}"`,
  ].join(" ");
  const title = `<h3><a href="#${escapeHtml(head.anchor)}">${escapeHtml(head.name)}</a></h3>`;
  return `<article ${data}>${[title, ...body].filter((part) => part !== "").join("\n")}</article>`;
}

function deprecation({ deprecated }: LockEvent): string {
  if (!deprecated) return "";
  const to =
    deprecated.to === undefined
      ? ""
      : ` Use <a href="#${escapeHtml(anchor("event", deprecated.to))}">${escapeHtml(deprecated.to)}</a>.`;
  const until = deprecated.remove_after === undefined ? "" : ` Until ${escapeHtml(deprecated.remove_after)}.`;
  const since = deprecated.since === undefined ? "" : ` since ${escapeHtml(deprecated.since)}`;
  return `<p class="gone">Deprecated${since}.${to}${until}</p>`;
}

/** One event. */
export function eventCard(id: string, event: LockEvent): string {
  const properties = Object.entries(event.properties);
  const rows = properties.map(([name, { type, presence, data, description, was }]): PropertyRow => {
    const example = exampleOf(type);
    return {
      name,
      cells: [
        ["Meaning", description ?? "–"],
        ["Type", describeType(type)],
        ["Presence", presence],
        ["Data", data],
        ["Example", example ?? "–"],
        ["Old names", was.join(", ") || "–"],
      ],
    };
  });
  const sources = Object.entries(event.sources).map(([source, { since }]) =>
    since === undefined ? source : `${source} since ${since}`,
  );
  const count = `${properties.length} ${properties.length === 1 ? "property" : "properties"}`;
  return card(
    {
      anchor: anchor("event", id),
      name: event.name,
      source: Object.keys(event.sources),
      owner: event.owner ?? "",
      data: properties.map(([, { data }]) => data),
      isDeprecated: event.deprecated !== undefined,
    },
    [
      event.description === undefined ? "" : `<p>${escapeHtml(event.description)}</p>`,
      deprecation(event),
      facts([
        ["Old names", event.was.join(", ")],
        ["Sent from", sources.join(", ") || "any source"],
        ["Owner", event.owner ?? ""],
        ["Tags", event.tags.join(", ")],
        ["In code", id],
      ]),
      rows.length === 0
        ? ""
        : `<details><summary>${count}</summary>${tableOf(`Properties of ${event.name}`, rows)}</details>`,
    ],
  );
}

/** One profile property. */
export function profileCard(kind: string, id: string, property: LockProfileProperty): string {
  const { name, type, owner, data, description, was, sources, operations } = property;
  return card(
    {
      anchor: anchor(kind, id),
      name,
      source: sources ?? [],
      owner: "",
      data: [data],
      isDeprecated: false,
    },
    [
      description === undefined ? "" : `<p>${escapeHtml(description)}</p>`,
      facts([
        ["Type", describeType(type)],
        ["Example", exampleOf(type) ?? ""],
        [
          "Written by",
          owner === "state"
            ? "the application's database"
            : `${owner}s${sources ? `: ${sources.join(", ")}` : ""}`,
        ],
        ["Operators", operations?.join(", ") ?? ""],
        ["Data", data],
        ["Old names", was.join(", ")],
      ]),
    ],
  );
}

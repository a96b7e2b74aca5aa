// Stored events as the project shows them now: canonical ids, cut strings, without what deletions removed.
import type { Project } from "../project.ts";
import { LastSeen } from "../store/last-seen.ts";
import { parseLine, type StoredEvent } from "../store/stored-line.ts";

/** Times in ms; `toMs` is exclusive. */
export interface ReadRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Everything that is stored. */
export const ALL_TIME: ReadRange = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

const STRING_MAX = 255;
/** Properties that are used on the way in and not kept. */
const NOT_KEPT = ["token", "ip"] as const;

type Cut = (text: string) => string;

function cutBytes(text: string): string {
  // No character takes more than four bytes: short texts need no counting.
  if (text.length * 4 <= STRING_MAX) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= STRING_MAX) return text;
  let end = STRING_MAX;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function cutCharacters(text: string): string {
  return text.length > STRING_MAX ? text.slice(0, STRING_MAX) : text;
}

function cutOf(project: Project): Cut {
  return project.switches.text("truncate_unit") === "bytes" ? cutBytes : cutCharacters;
}

function isDeleted(project: Project, stored: StoredEvent, id: string): boolean {
  const upTo = project.deletedIds.get(id);
  if (upTo !== undefined && stored.sequence <= upTo) return true;
  return project.deletions.some(
    (one) =>
      one.eventName === stored.event &&
      stored.sequence <= one.upTo &&
      stored.timeMs >= one.fromMs &&
      stored.timeMs < one.toMs,
  );
}

/** Turns a stored line into what an export shows, with `time` in ms; `undefined` when it was deleted. */
export function shown(project: Project, line: string, cut: Cut = cutOf(project)): StoredEvent | undefined {
  const stored = parseLine(line);
  const { properties } = stored;
  const id = project.identities.canonical(properties);
  if (isDeleted(project, stored, id)) return undefined;
  const before = properties["distinct_id"];
  for (const name of NOT_KEPT) delete properties[name];
  for (const name in properties) {
    const value = properties[name];
    if (typeof value === "string" && value.length * 4 > STRING_MAX) properties[name] = cut(value);
  }
  if (typeof before === "string" && before !== id) properties["$distinct_id_before_identity"] = before;
  properties["distinct_id"] = id;
  properties["time"] = stored.timeMs;
  return stored;
}

/** Reads events in order of arrival, some hundred at a time. */
export async function* readEvents(
  project: Project,
  { fromMs, toMs }: ReadRange,
): AsyncGenerator<StoredEvent[]> {
  project.applyDuePrivacy();
  const cut = cutOf(project);
  for await (const lines of project.events.read(fromMs, toMs)) {
    const events: StoredEvent[] = [];
    for (const line of lines) {
      const event = shown(project, line, cut);
      if (event) events.push(event);
    }
    yield events;
  }
}

/** The four parts by which Mixpanel removes repetitions at query time. Source (read 2026-11): Mixpanel "Event Deduplication". */
function deduplicationKey({ event, properties, timeMs }: StoredEvent): string {
  return `${event}\0${String(properties["distinct_id"])}\0${timeMs}\0${String(properties["$insert_id"])}`;
}

/** Reads events without repetitions: of equal ones the latest stays, in its place. Reads twice; memory is 40 bytes an event. */
export async function* readDeduplicated(project: Project, range: ReadRange): AsyncGenerator<StoredEvent[]> {
  const latest = new LastSeen();
  const upTo = project.sequence;
  for await (const events of readEvents(project, range))
    for (const event of events)
      if (event.sequence <= upTo) latest.see(deduplicationKey(event), event.sequence);
  for await (const events of readEvents(project, range))
    yield events.filter((event) => latest.place(deduplicationKey(event)) === event.sequence);
}

/** JSON of an event, with `time` in ms or whole seconds. */
export function exportedJson({ event, properties, timeMs }: StoredEvent, inMs: boolean): string {
  if (!inMs) properties["time"] = Math.floor(timeMs / 1000);
  return JSON.stringify({ event, properties });
}

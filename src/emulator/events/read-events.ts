// Stored events as the project shows them now: canonical ids, cut strings, without what deletions removed.
import type { Project } from "../project.ts";
import { LastSeen } from "../store/last-seen.ts";
import { lineSequence, parseLine, type StoredEvent } from "../store/stored-line.ts";

/** Times in ms; `toMs` is exclusive. */
export interface ReadRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Events that a data deletion hides, and has not removed yet, are shown. */
  readonly withHidden?: boolean;
}

/** After this a data deletion has removed its events. Source (read 2026-11): Mixpanel "Data clean-up". */
const REMOVED_AFTER_MS = 30 * 86_400_000;

/** Everything that is stored. */
export const ALL_TIME: ReadRange = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

const STRING_MAX = 255;
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

function isDeleted(project: Project, { stored, id }: Identified, withHidden: boolean): boolean {
  const upTo = project.deletedIds.get(id);
  if (upTo !== undefined && stored.sequence <= upTo) return true;
  const removedBefore = project.clock.now() - REMOVED_AFTER_MS;
  return project.deletions.some(
    (one) =>
      !(withHidden && one.atMs > removedBefore) &&
      one.eventName === stored.event &&
      stored.sequence <= one.upTo &&
      stored.timeMs >= one.fromMs &&
      stored.timeMs < one.toMs,
  );
}

interface Identified {
  readonly stored: StoredEvent;
  /** Canonical. */
  readonly id: string;
}

function identify(project: Project, line: string, withHidden = false): Identified | undefined {
  const stored = parseLine(line);
  const identified = { stored, id: project.identities.canonical(stored.properties) };
  return isDeleted(project, identified, withHidden) ? undefined : identified;
}

/** Turns a stored line into what an export shows, with `time` in ms; `undefined` when it was deleted. */
export function shown(
  project: Project,
  line: string,
  { cut = cutOf(project), withHidden = false }: { readonly cut?: Cut; readonly withHidden?: boolean } = {},
): StoredEvent | undefined {
  const identified = identify(project, line, withHidden);
  if (!identified) return undefined;
  const { stored, id } = identified;
  const before = stored.properties["distinct_id"];
  const properties: Record<string, unknown> = {};
  for (const name of Object.keys(stored.properties)) {
    if (name === "token" || name === "ip") continue;
    const value = stored.properties[name];
    if (name === "__proto__") Object.defineProperty(properties, name, { value, enumerable: true });
    else properties[name] = typeof value === "string" ? cut(value) : value;
  }
  if (typeof before === "string" && before !== id) properties["$distinct_id_before_identity"] = before;
  properties["distinct_id"] = id;
  properties["time"] = stored.timeMs;
  return { ...stored, properties };
}

/** Reads events in order of arrival, some hundred at a time; `isWanted` chooses by sequence number, before a line is parsed. */
export async function* readEvents(
  project: Project,
  { fromMs, toMs, withHidden = false }: ReadRange,
  isWanted?: (sequence: number) => boolean,
): AsyncGenerator<StoredEvent[]> {
  project.applyDuePrivacy();
  const cut = cutOf(project);
  for await (const lines of project.events.read(fromMs, toMs)) {
    const events: StoredEvent[] = [];
    for (const line of lines) {
      if (isWanted && !isWanted(lineSequence(line))) continue;
      const event = shown(project, line, { cut, withHidden });
      if (event) events.push(event);
    }
    yield events;
  }
}

/** The four parts by which Mixpanel removes repetitions at query time. Source (read 2026-11): Mixpanel "Event Deduplication". */
function deduplicationKey({ stored, id }: Identified): string {
  return `${stored.event}\0${id}\0${stored.timeMs}\0${String(stored.properties["$insert_id"])}`;
}

/** Reads events without repetitions: of equal ones the latest stays, in its place. Reads twice; memory is some 40 bytes an event. */
export async function* readDeduplicated(project: Project, range: ReadRange): AsyncGenerator<StoredEvent[]> {
  const latest = new LastSeen();
  const upTo = project.sequence;
  project.applyDuePrivacy();
  for await (const lines of project.events.read(range.fromMs, range.toMs))
    for (const line of lines) {
      const identified = lineSequence(line) <= upTo ? identify(project, line) : undefined;
      if (identified) latest.see(deduplicationKey(identified), identified.stored.sequence);
    }
  const kept = new Uint8Array((upTo >>> 3) + 1);
  for (const place of latest.places()) kept[place >>> 3] = (kept[place >>> 3] ?? 0) | (1 << (place & 7));
  const isKept = (sequence: number): boolean => ((kept[sequence >>> 3] ?? 0) & (1 << (sequence & 7))) !== 0;
  yield* readEvents(project, range, isKept);
}

/** JSON of an event, with `time` in ms or whole seconds. */
export function exportedJson({ event, properties, timeMs }: StoredEvent, inMs: boolean): string {
  if (!inMs) properties["time"] = Math.floor(timeMs / 1000);
  return JSON.stringify({ event, properties });
}

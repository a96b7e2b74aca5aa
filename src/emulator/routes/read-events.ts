// Stored events as the project's id management shows them now: canonical ids, without what a privacy deletion removed.
import type { Project } from "../project.ts";

export interface ReadEvent {
  readonly event: string;
  readonly properties: Record<string, unknown>;
}

export interface ReadRange {
  readonly from: number;
  readonly to: number;
}

/** Everything that is stored. */
export const ALL_TIME: ReadRange = { from: 0, to: Number.POSITIVE_INFINITY };

/** Reads events in order of arrival. */
export async function* readEvents(project: Project, range: ReadRange): AsyncGenerator<ReadEvent> {
  const now = project.clock.now();
  for await (const json of project.events.read(range.from, range.to)) {
    const stored = JSON.parse(json) as ReadEvent;
    const id = project.identities.canonical(stored.properties);
    const deletedAt = project.deletedIds.get(id);
    if (deletedAt !== undefined && deletedAt <= now) continue;
    stored.properties["distinct_id"] = id;
    yield stored;
  }
}

/** The key by which Mixpanel removes repetitions at query time. Source (read 2026-11): Mixpanel "Event Deduplication". */
export function deduplicationKey({ event, properties }: ReadEvent): string {
  return JSON.stringify([event, properties["distinct_id"], properties["time"], properties["$insert_id"]]);
}

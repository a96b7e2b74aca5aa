// The gateway's own traffic: what the log `raw` still holds, as it was received. Sources are known by their tokens, as the gateway knows them.
import type { Journal } from "../../core/index.ts";
import { readReceived, type Receiver } from "../../gateway/index.ts";
import type { TrafficProfile } from "../../infer/index.ts";
import type { Trust } from "../../plan/index.ts";
import type { Config } from "../config/config.ts";

export interface JournalTraffic {
  readonly config: Config;
  readonly journal: Journal;
  readonly receivers: readonly Receiver[];
  /** Of the present plan, where there is one. */
  readonly trustOf: (source: string) => Trust;
  readonly since: number;
  readonly onProgress: (events: number) => void;
}

/** Adds every event to the profile. Items of unknown tokens are left out: they belong to no source. */
export function readJournal(profile: Pick<TrafficProfile, "add" | "count">, options: JournalTraffic): void {
  const sources = new Map(
    options.config.sources.flatMap(({ id, tokens }) =>
      tokens.map((token) => [token, { id, trust: options.trustOf(id), library: id }] as const),
    ),
  );
  for (const { item, receivedAt } of readReceived(options.journal, options)) {
    if (item.kind !== "event") continue;
    const source = sources.get(item.token);
    if (source === undefined) continue;
    const time = item.properties["time"] ?? receivedAt;
    profile.add({ event: item.event, properties: { ...item.properties, time }, source });
    options.onProgress(profile.count);
  }
}

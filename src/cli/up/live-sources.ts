// The source table of a running gateway: tokens come from the configuration, trust from the plan, which may be reloaded.
import type { Finding } from "../../core/index.ts";
import { makeSourceTable, type SourceSettings, type SourceTable } from "../../gateway/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config, ConfigSource } from "../config/config.ts";

export interface LiveSources extends SourceTable {
  setLock(lock: Lock): void;
}

function settingsOf(source: ConfigSource, lock: Lock): SourceSettings {
  const trust = lock.sources[source.id]?.trust ?? "client";
  const { id, tokens, origins, development, eventsPerSecond, eventsPerSecondPerAddress } = source;
  return {
    id,
    trust,
    tokens,
    origins,
    development,
    clientAddress: source.clientAddress ?? (trust === "client" ? "forward" : "drop"),
    ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
    ...(eventsPerSecondPerAddress === undefined ? {} : { eventsPerSecondPerAddress }),
  };
}

/** Makes the table; `setLock` takes a reloaded plan's trusts over. */
export function makeLiveSources(config: Config, lock: Lock): LiveSources {
  const tableFor = (from: Lock): SourceTable =>
    makeSourceTable(config.sources.map((source) => settingsOf(source, from)));
  let table = tableFor(lock);
  return {
    find: (token) => table.find(token),
    get all() {
      return table.all;
    },
    setLock: (next) => {
      table = tableFor(next);
    },
  };
}

/** Configured sources that the plan does not know: their events would all be quarantined. */
export function checkSources(config: Config, lock: Lock): readonly Finding[] {
  return config.sources
    .filter(({ id }) => lock.sources[id] === undefined)
    .map(({ id }) => ({
      id: "config-unknown-source",
      level: "error",
      at: `sources.${id}`,
      message: `The plan has no source \`${id}\``,
      fix: `Name one of the plan's sources: ${Object.keys(lock.sources).join(", ")}.`,
    }));
}

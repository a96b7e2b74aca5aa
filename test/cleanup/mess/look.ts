// What the local Mixpanel holds, read with no code of the cleanup: profiles, companies, events, dictionary.
import { isObject } from "../../../src/core/index.ts";
import type { TrafficEvent } from "../../../src/infer/index.ts";
import { SERVICE_ACCOUNT } from "../../emulator/local.ts";
import { exportEvents, queryProfiles } from "../../support/emulator-client.ts";
import type { Properties } from "../local-project.ts";

/** An event's entry in the dictionary. */
export interface EventEntry {
  readonly description: unknown;
  readonly hidden: boolean;
  readonly dropped: boolean;
}

export interface Held {
  readonly profiles: Readonly<Record<string, Properties>>;
  readonly companies: Readonly<Record<string, Properties>>;
  /** Times in ms. */
  readonly events: readonly TrafficEvent[];
  /** First instant of the window whose events are imported again. */
  readonly late: number;
  /** By name of the event. */
  readonly dictionary: ReadonlyMap<string, EventEntry>;
}

async function companiesOf(url: string): Promise<Readonly<Record<string, Properties>>> {
  const answer = await fetch(`${url}/api/query/engage?project_id=1`, {
    method: "POST",
    headers: { authorization: SERVICE_ACCOUNT },
    body: new URLSearchParams({ data_group_id: "company" }),
  });
  const { results } = (await answer.json()) as {
    readonly results: readonly { readonly $distinct_id: string; readonly $properties: Properties }[];
  };
  return Object.fromEntries(results.map((one) => [one.$distinct_id, one.$properties]));
}

function entryOf(schema: Readonly<Record<string, unknown>>): EventEntry {
  const { metadata } = schema;
  const own = isObject(metadata) ? metadata["com.mixpanel"] : undefined;
  const flag = (name: string): boolean => isObject(own) && own[name] === true;
  return { description: schema["description"], hidden: flag("hidden"), dropped: flag("dropped") };
}

async function dictionaryOf(url: string): Promise<ReadonlyMap<string, EventEntry>> {
  const answer = await fetch(`${url}/api/app/projects/1/schemas`, {
    headers: { authorization: SERVICE_ACCOUNT },
  });
  const { results } = (await answer.json()) as {
    readonly results: readonly {
      readonly entityType: string;
      readonly name: string;
      readonly schemaJson: Readonly<Record<string, unknown>>;
    }[];
  };
  const events = results.filter(({ entityType }) => entityType === "event");
  return new Map(events.map(({ name, schemaJson }) => [name, entryOf(schemaJson)]));
}

/** Reads everything. */
export async function lookAt(url: string, late: number): Promise<Held> {
  const profiles = await queryProfiles(url);
  return {
    profiles: Object.fromEntries(profiles.map((one) => [one.$distinct_id, one.$properties])),
    companies: await companiesOf(url),
    events: await exportEvents(url),
    late,
    dictionary: await dictionaryOf(url),
  };
}

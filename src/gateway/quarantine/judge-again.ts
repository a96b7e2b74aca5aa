// One quarantined record under today's plan, as the judge would have it now. Pure: the record stays what was received.
import type { Geolocate } from "../enrich/geolocation.ts";
import { judgeEventItem, type ItemPlace, type Judged, judgeProfileItem } from "../judge/judge-item.ts";
import type { PeopleLinks } from "../judge/people-links.ts";
import type { PlanSnapshot } from "../judge/snapshot.ts";
import type { OldIdOwners } from "../old-ids/owners.ts";
import type { SourceSettings } from "../sources.ts";
import type { QuarantineRecord } from "./record.ts";

export interface JudgeAgain {
  readonly snapshot: PlanSnapshot;
  readonly sources: readonly SourceSettings[];
  readonly geolocate?: Geolocate | undefined;
  readonly links?: PeopleLinks | undefined;
  readonly oldIds?: OldIdOwners | undefined;
}

/** `undefined`: its source is gone, or it was never an item. */
export function judgeAgain(record: QuarantineRecord, options: JudgeAgain): Judged | undefined {
  const source = options.sources.find(({ id }) => id === record.source);
  if (source === undefined || record.item.kind === "malformed") return undefined;
  const place: ItemPlace = {
    receivedAt: record.receivedAt,
    position: record.position,
    clientAddress: record.clientAddress,
    ipParameter: record.ipParameter,
    index: record.index,
    repetition: record.repetition,
  };
  const { snapshot, geolocate, links, oldIds } = options;
  const context = { snapshot, source, geolocate, links, oldIds };
  return record.item.kind === "event"
    ? // A copy: judging changes the properties, and the record keeps what was received.
      judgeEventItem({ ...record.item, properties: { ...record.item.properties } }, context, place)
    : judgeProfileItem(record.item, context, place);
}

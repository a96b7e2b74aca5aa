// Judges one received item under one plan: identity, plan, normalise (all in the validator), then enrich. Pure: the caller writes.
// Replay and preview use the same function, so that they cannot disagree with the judge.
import {
  assertNever,
  encodeOutbox,
  type EpochMs,
  type Finding,
  type Position,
  type Repair,
  type Verdict,
} from "../../core/index.ts";
import type { EventJudgement, OldIdLookup } from "../../plan/index.ts";
import { clientPlace, type ClientPlace } from "../enrich/client-place.ts";
import { enrichEvent } from "../enrich/enrich-event.ts";
import { enrichProfile } from "../enrich/enrich-profile.ts";
import { type EventTime, eventTime } from "../enrich/event-time.ts";
import type { Geolocate } from "../enrich/geolocation.ts";
import { insertId, type InsertId } from "../enrich/insert-id.ts";
import type { OldIdOwners } from "../old-ids/owners.ts";
import type { WaitingOldIds } from "../old-ids/waiting.ts";
import type { QuarantinedItem } from "../quarantine/record.ts";
import type { ReceivedItem } from "../receiver.ts";
import type { SourceSettings } from "../sources.ts";
import type { PeopleLinks } from "./people-links.ts";
import type { PlanSnapshot } from "./snapshot.ts";

/** Where an item stands and how it came; the same for all items of a request but for the last two. */
export interface ItemPlace {
  readonly receivedAt: EpochMs;
  readonly position: Position;
  readonly clientAddress: string;
  readonly ipParameter: string | undefined;
  readonly index: number;
  readonly repetition: number;
  /** Of an event, where it is known already. */
  identified?: IdentifiedEvent | undefined;
}

export interface IdentifiedEvent {
  readonly insertId: InsertId;
  readonly time: EventTime;
}

export interface JudgeContext {
  readonly snapshot: PlanSnapshot;
  readonly source: SourceSettings;
  readonly geolocate: Geolocate | undefined;
  /** Absent: identity events may join whom they want. */
  readonly links?: PeopleLinks | undefined;
  /** Absent: nobody knows whose old ids are, and they are refused as any other. */
  readonly oldIds?: OldIdOwners | undefined;
  /** What waits for old ids, and holds back whatever comes later for the same. */
  readonly waiting?: WaitingOldIds | undefined;
}

/** What came of one event or one profile operator. */
export interface Judged {
  readonly verdict: Verdict;
  /** As received. */
  readonly name: string;
  /** Name for counts: planned and identity events by name, all others as one. */
  readonly label: string;
  readonly findings: readonly Finding[];
  readonly repairs: readonly Repair[];
  /** The outbox record; undefined when nothing goes out. */
  readonly outbox: string | undefined;
  readonly item: QuarantinedItem;
  /** Of events: how its insert id came about. */
  readonly insertId: InsertId | undefined;
  /** What time was used; of events only. */
  readonly time: "sent" | "missing" | "wrong" | undefined;
  /** Of what is quarantined for it: keyed hashes of old ids whose owner is not known yet. */
  readonly waitsFor: readonly string[];
}

const LINK_EVENTS: ReadonlySet<string> = new Set(["$identify", "$create_alias", "$merge"]);
/** Members of an event that name a user, a device or an alias. */
const ID_NAMES = [
  "distinct_id",
  "$device_id",
  "$user_id",
  "$identified_id",
  "$anon_distinct_id",
  "$anon_id",
  "alias",
] as const;
const DEVICE_PREFIX = "$device:";
const ID_MAX_CHARACTERS = 255;

function idsOf(properties: Readonly<Record<string, unknown>>): string[] {
  const ids: string[] = [];
  const add = (value: unknown): void => {
    if (typeof value !== "string" || value === "") return;
    // `$device:x` and the device id `x` are the same device.
    const id = (value.startsWith(DEVICE_PREFIX) ? value.slice(DEVICE_PREFIX.length) : value).slice(
      0,
      ID_MAX_CHARACTERS,
    );
    if (!ids.includes(id)) ids.push(id);
  };
  for (const name of ID_NAMES) add(properties[name]);
  const merged = properties["$distinct_ids"];
  if (Array.isArray(merged)) for (const id of merged) add(id);
  return ids;
}

function placeFor(context: JudgeContext, place: ItemPlace, sent: unknown): ClientPlace {
  return clientPlace({
    source: context.source,
    clientAddress: place.clientAddress,
    ipParameter: place.ipParameter,
    sent,
    geolocate: context.geolocate,
  });
}

function labelOf(context: JudgeContext, judgement: EventJudgement, name: string): string {
  const { eventId, findings } = judgement;
  const planned = eventId === undefined ? undefined : context.snapshot.lock.events[eventId];
  if (planned) return planned.name;
  if (LINK_EVENTS.has(name)) return name;
  const isUnknown = findings.some(({ id }) => id === "unknown-event" || id === "event-malformed");
  return isUnknown ? "(unknown)" : "(built-in)";
}

function lookupOf(context: JudgeContext, { receivedAt }: ItemPlace): OldIdLookup | undefined {
  const { oldIds, waiting, snapshot } = context;
  if (oldIds === undefined || snapshot.lock.identity.translate === undefined) return undefined;
  return oldIds.lookup(receivedAt, waiting && ((hash) => waiting.has(hash)));
}

const UNTRANSLATED = "identity-untranslated";

function waitsFor({ oldIds }: JudgeContext, findings: readonly Finding[]): readonly string[] {
  return oldIds !== undefined && findings.some(({ id }) => id === UNTRANSLATED) ? oldIds.missed : [];
}

type EventItem = Extract<ReceivedItem, { kind: "event" }>;

/** The insert id and time of a received event, before the plan has changed anything. */
export function identifyEvent(
  item: Pick<EventItem, "event" | "properties" | "clientEventId">,
  place: ItemPlace,
): IdentifiedEvent {
  const time = eventTime(item.properties["time"], place.receivedAt);
  const made = insertId({
    position: place.position,
    index: place.index,
    event: item.event,
    properties: item.properties,
    clientEventId: item.clientEventId,
    hasTime: time.kind === "sent",
    repetition: place.repetition,
  });
  return { insertId: made, time };
}

/** Judges one event. Its properties become what goes out: they are the caller's no more, unless the event is quarantined. */
export function judgeEventItem(
  item: Omit<EventItem, "token" | "kind">,
  context: JudgeContext,
  place: ItemPlace,
): Judged {
  const { event, properties, clientEventId } = item;
  const identified = place.identified ?? identifyEvent(item, place);
  const judgement = context.snapshot.validator.judgeEvent({
    source: context.source.id,
    event,
    properties,
    oldIds: lookupOf(context, place),
  });
  const { output, repairs, withhold } = judgement;
  const joins =
    output && LINK_EVENTS.has(output.event)
      ? context.links?.check(output.event, output.properties, context)
      : undefined;
  const verdict = joins ? "quarantined" : judgement.verdict;
  const findings = joins ? [...judgement.findings, joins] : judgement.findings;
  let outbox: string | undefined;
  if (output && !joins) {
    const out: Record<string, unknown> = output.properties;
    enrichEvent(out, {
      at: identified.time.at,
      insertId: identified.insertId.id,
      place: placeFor(context, place, properties["ip"]),
    });
    const payload = `{"event":${JSON.stringify(output.event)},"properties":${JSON.stringify(out)}}`;
    outbox = encodeOutbox(
      {
        kind: "event",
        ids: idsOf(out),
        ...(LINK_EVENTS.has(output.event) ? { link: true } : {}),
        repeatable: true,
        source: context.source.id,
        name: output.event,
        time: identified.time.at,
        ...(withhold === undefined ? {} : { withhold }),
      },
      payload,
    );
  }
  return {
    verdict,
    name: event,
    label: labelOf(context, judgement, event),
    findings,
    repairs,
    outbox,
    item: { kind: "event", event, properties, ...(clientEventId === undefined ? {} : { clientEventId }) },
    insertId: identified.insertId,
    time: identified.time.kind,
    waitsFor: waitsFor(context, findings),
  };
}

type ProfileItem = Extract<QuarantinedItem, { kind: "profile" }>;

/** `$add` and `$append` change the profile each time they are applied; every other operator may be repeated. */
function isRepeatable(operation: ProfileItem["operation"]): boolean {
  return operation !== "$add" && operation !== "$append";
}

/** Judges one operator of a profile update. */
export function judgeProfileItem(item: ProfileItem, context: JudgeContext, place: ItemPlace): Judged {
  const { groupKey, id, operation, value, modifiers, asState } = item;
  const deviceId = modifiers["$device_id"];
  const judgement = context.snapshot.validator.judgeProfile({
    source: context.source.id,
    groupKey,
    id,
    operation,
    value,
    deviceId: typeof deviceId === "string" ? deviceId : undefined,
    asState,
    oldIds: asState === true ? undefined : lookupOf(context, place),
  });
  const { verdict, findings, repairs, withhold } = judgement;
  // `$delete` carries no value: the verdict alone says whether it goes out.
  const goesOut = judgement.output !== undefined || (operation === "$delete" && verdict === "accepted");
  let outbox: string | undefined;
  if (goesOut) {
    const update = enrichProfile({
      groupKey,
      id: judgement.id,
      operation,
      value: judgement.output ?? "",
      modifiers,
      trust: context.source.trust,
      place: placeFor(context, place, modifiers["$ip"]),
    });
    const header = {
      kind: groupKey === undefined ? ("user" as const) : ("group" as const),
      ids: groupKey === undefined ? idsOf({ distinct_id: judgement.id }) : [`${groupKey}\n${judgement.id}`],
      repeatable: isRepeatable(operation),
      source: context.source.id,
      name: operation,
      time: place.receivedAt,
      ...(withhold === undefined ? {} : { withhold }),
    };
    outbox = encodeOutbox(header, JSON.stringify(update));
  }
  return {
    verdict,
    name: operation,
    label: operation,
    findings,
    repairs,
    outbox,
    item,
    insertId: undefined,
    time: undefined,
    waitsFor: waitsFor(context, findings),
  };
}

function judgeMalformed(item: Extract<QuarantinedItem, { kind: "malformed" }>, field: string): Judged {
  return {
    verdict: "quarantined",
    name: "(malformed)",
    label: "(malformed)",
    findings: [{ id: "item-malformed", level: "error", at: field, message: item.reason }],
    repairs: [],
    outbox: undefined,
    item,
    insertId: undefined,
    time: undefined,
    waitsFor: [],
  };
}

/** Judges one received item: one result for an event, one for each operator of a profile update. */
export function judgeItem(item: ReceivedItem, context: JudgeContext, place: ItemPlace): readonly Judged[] {
  switch (item.kind) {
    case "event":
      return [judgeEventItem(item, context, place)];
    case "profile": {
      const { id, modifiers, groupKey, asState } = item;
      return item.operations.map(({ operation, value }) =>
        judgeProfileItem(
          {
            kind: "profile",
            ...(groupKey === undefined ? {} : { groupKey }),
            id,
            operation,
            value,
            modifiers,
            ...(asState === undefined ? {} : { asState }),
          },
          context,
          place,
        ),
      );
    }
    case "mark":
      return [];
    case "malformed":
      return [
        judgeMalformed({ kind: "malformed", reason: item.reason, value: item.value }, item.field ?? ""),
      ];
    default:
      return assertNever(item);
  }
}

// One exported event as the plan wants it, ready to be imported again. Pure and deterministic: the same event and plan give the same insert id.
import type { Finding } from "../../core/index.ts";
import { sourceOfLibrary } from "../../infer/index.ts";
import { isBuiltInEvent, type KeyedHash, type Lock, makeValidator, type Trust } from "../../plan/index.ts";
import { newIdOf } from "../ids/translate-event.ts";
import { derivedInsertId, type ExportedEvent, sentProperties } from "./exported-event.ts";

/** An export does not say which source sent an event; its library says whether it was a client. */
const HISTORY: Readonly<Record<Trust, string>> = { client: "history_client", server: "history_server" };

/** What the plan makes of an event. */
export type EventRepair =
  /** Mixpanel's own: it joins ids or belongs to the SDK, and is never imported again. */
  | { readonly kind: "built-in" }
  | {
      readonly kind: "fit";
      /** Something of it is other than it was. */
      readonly isChanged: boolean;
      readonly event: string;
      readonly properties: Readonly<Record<string, unknown>>;
      readonly insertId: string;
    }
  /** The plan does not take it, and nothing makes it fit. */
  | { readonly kind: "unfit"; readonly findings: readonly Finding[] };

export interface RepairOptions {
  readonly lock: Lock;
  /** Kind of the provider, whose withheld properties are left out. */
  readonly provider: string;
  /** Keyed hash of data classes; the gateway's own. */
  readonly hash?: KeyedHash;
  /** Old id, folded → new one: what stands under an old id comes under the new one. */
  readonly newIds?: ReadonlyMap<string, string>;
}

/** A plan in which an event may come from anywhere: who sent it is not known any more. */
function forHistory(lock: Lock): Lock {
  return {
    ...lock,
    sources: {
      [HISTORY.client]: { trust: "client" },
      [HISTORY.server]: { trust: "server" },
    },
    events: Object.fromEntries(
      Object.entries(lock.events).map(([id, event]) => [id, { ...event, sources: {} }]),
    ),
  };
}

function newInsertId({ event, properties }: ExportedEvent, planHash: string): string {
  const { distinct_id: id, time, $insert_id: insertId } = properties;
  const old = insertId ?? properties;
  return derivedInsertId(["reimport_events", planHash, event, id, time, old]);
}

/** Under the new id of its person, where it stands under an old one. */
function translated(
  properties: Readonly<Record<string, unknown>>,
  newIds: ReadonlyMap<string, string> | undefined,
): Readonly<Record<string, unknown>> {
  const id = newIds && newIdOf(properties, newIds);
  // The device stays named beside the user: the user decides whose event it is.
  return id === undefined ? properties : { ...properties, distinct_id: id, $user_id: id };
}

/** Makes the repair of one plan. */
export function makeEventRepair(options: RepairOptions): (event: ExportedEvent) => EventRepair {
  const { lock, provider, hash, newIds } = options;
  const validator = makeValidator(forHistory(lock), hash === undefined ? {} : { hash });
  return (exported) => {
    if (isBuiltInEvent(exported.event)) return { kind: "built-in" };
    const sent = sentProperties(exported);
    const properties = translated(sent, newIds);
    const library = exported.properties["mp_lib"];
    const { trust } = sourceOfLibrary(typeof library === "string" ? library : "");
    const judged = validator.judgeEvent({
      source: HISTORY[trust],
      event: exported.event,
      properties,
    });
    if (judged.output === undefined) return { kind: "unfit", findings: judged.findings };
    const withheld = new Set(judged.withhold?.[provider]);
    const kept = Object.entries(judged.output.properties).filter(([name]) => !withheld.has(name));
    const insertId = newInsertId(exported, lock.hash);
    return {
      kind: "fit",
      isChanged:
        properties !== sent ||
        judged.verdict !== "accepted" ||
        kept.length < Object.keys(judged.output.properties).length,
      event: judged.output.event,
      // `ip: 0`: its place was found when it first came; this machine's would take its place.
      properties: { ...Object.fromEntries(kept), $insert_id: insertId, ip: 0 },
      insertId,
    };
  };
}

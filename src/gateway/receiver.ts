// A receiver knows one wire format: which paths are its own, how a body becomes items, how to answer.
// Admission and judge both call `decode`, so it must be pure: the same record gives the same items, for ever.
import type { IncomingMessage } from "node:http";
import type { ProfileOperation } from "../plan/index.ts";
import type { RawRecord } from "./raw-record.ts";

/** One thing a request carries, in the wire's own names. */
export type ReceivedItem =
  | {
      readonly kind: "event";
      readonly token: string;
      readonly event: string;
      /** As sent, `token` included: taking it out would cost a copy of every event at the door. */
      readonly properties: Readonly<Record<string, unknown>>;
      /** Client's own id of this event where it is not in the properties (mobile `$mp_metadata.$mp_event_id`). */
      readonly clientEventId?: string;
    }
  | {
      readonly kind: "profile";
      readonly token: string;
      /** `undefined`: a user profile; otherwise the group key. */
      readonly groupKey: string | undefined;
      readonly id: string;
      /** Operators in the order they stand in the update. */
      readonly operations: readonly { readonly operation: ProfileOperation; readonly value: unknown }[];
      /** Members beside token, id and operators: `$ip`, `$time`, `$ignore_time`, `$ignore_alias`, `$device_id`, … */
      readonly modifiers: Readonly<Record<string, unknown>>;
      /** From a route that speaks for the application's state: the receiver says so, a payload cannot. */
      readonly asState?: true;
    }
  /** "This user's state may have changed": carried out at the door, so that the judge passes it over. */
  | {
      readonly kind: "mark";
      readonly token: string;
      readonly userId: string;
      /** Tables that changed, where the sender names them. */
      readonly tables: readonly string[];
    }
  /** Not an event and not a profile update: counted, answered, kept in quarantine with the reason. */
  | {
      readonly kind: "malformed";
      readonly token: string;
      /** Without values, fit for an answer and a log. */
      readonly reason: string;
      /** The member that is wrong, where one is. */
      readonly field?: string;
      readonly value: unknown;
    };

/** Why a body could not be decoded at all. */
export type DecodeResult =
  | { readonly kind: "items"; readonly items: readonly ReceivedItem[] }
  | { readonly kind: "undecodable"; readonly reason: string }
  | { readonly kind: "too-large"; readonly limitBytes: number }
  | { readonly kind: "too-deep" };

/** Why an item of a request that was kept was not carried out. Without values. */
export interface ItemRefusal {
  readonly reason: string;
  readonly field?: string;
}

/** How the request ended; each receiver turns it into what its clients understand. */
export type Answer =
  /** On disk, and marks committed. The items say which of them are malformed; `refused` which marks were not made, by index. */
  | {
      readonly kind: "accepted";
      readonly items: readonly ReceivedItem[];
      readonly refused?: ReadonlyMap<number, ItemRefusal>;
    }
  /** Development mode only: what the judge found, before the answer. */
  | { readonly kind: "findings"; readonly messages: readonly string[] }
  | { readonly kind: "malformed"; readonly reason: string }
  /** No item belongs to a source that may send from here. Nothing was kept. */
  | { readonly kind: "unknown-token" }
  /** The source is known, and its trust is too low for this route. Nothing was kept. */
  | { readonly kind: "forbidden" }
  | { readonly kind: "too-large"; readonly limitBytes: number }
  | { readonly kind: "overloaded"; readonly retryAfterSeconds: number };

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Receiver {
  /** Stable kind, written into the journal, for example `mixpanel` or `json`. */
  readonly kind: string;
  /** Largest body that the route takes, as received. */
  bodyMaxBytes(route: string): number;
  /** The route's name when the path (without query) is this receiver's, else `undefined`. */
  route(method: string, path: string): string | undefined;
  /** Trust that a source needs for a route; absent: any. */
  trustNeeded?(route: string): "server" | undefined;
  /** Token that the request's headers carry, or an empty string. */
  credential(request: IncomingMessage): string;
  /** `wasAdmitted`: these bytes passed at the door, so that depth and number of members need no second look. */
  decode(record: RawRecord, options?: { readonly wasAdmitted: boolean }): DecodeResult;
  answer(answer: Answer, record: RawRecord): HttpAnswer;
}

// The door: from decoded items to the source they belong to and whether it may send now. The plan is not needed here.
import type { EpochMs } from "../../core/index.ts";
import type { ReceivedItem } from "../receiver.ts";
import type { SourceSettings, SourceTable } from "../sources.ts";
import { makeRateLimiter } from "./token-bucket.ts";

export type Admission =
  | {
      readonly kind: "admitted";
      readonly counts: ReadonlyMap<SourceSettings, number>;
    }
  /** Nothing in it belongs to a source that may send from here. */
  | { readonly kind: "nobody"; readonly reason: "unknown-token" | "origin-not-listed" | "trust-too-low" }
  | { readonly kind: "too-fast"; readonly source: string };

export interface AdmissionRequest {
  readonly items: readonly ReceivedItem[];
  /** Origin of a page elsewhere; `undefined` for everything that is not a browser on another origin. */
  readonly origin: string | undefined;
  readonly address: string;
  /** Trust that the route asks for; `undefined`: any. */
  readonly trust: "server" | undefined;
}

/** Makes the admission check of one gateway. */
export function makeAdmission(
  sources: SourceTable,
  now: () => EpochMs,
): (request: AdmissionRequest) => Admission {
  const limiter = makeRateLimiter(now);

  function isTooFast(source: SourceSettings, count: number, address: string): boolean {
    const { eventsPerSecond, eventsPerSecondPerAddress } = source;
    if (eventsPerSecond !== undefined && !limiter.take(source.id, count, eventsPerSecond)) return true;
    return (
      eventsPerSecondPerAddress !== undefined &&
      !limiter.take(`${source.id} ${address}`, count, eventsPerSecondPerAddress)
    );
  }

  return ({ items, origin, address, trust }) => {
    const counts = new Map<SourceSettings, number>();
    let unlisted = 0;
    let untrusted = 0;
    for (const item of items) {
      const source = sources.find(item.token);
      if (!source) continue;
      if (origin !== undefined && !source.origins.includes(origin)) unlisted += 1;
      else if (trust !== undefined && source.trust !== trust) untrusted += 1;
      else counts.set(source, (counts.get(source) ?? 0) + 1);
    }
    if (counts.size === 0) {
      const known = untrusted > 0 ? "trust-too-low" : "unknown-token";
      return { kind: "nobody", reason: unlisted > 0 ? "origin-not-listed" : known };
    }
    for (const [source, count] of counts)
      if (isTooFast(source, count, address)) return { kind: "too-fast", source: source.id };
    return { kind: "admitted", counts };
  };
}

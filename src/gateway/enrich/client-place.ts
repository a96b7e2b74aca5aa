// What goes out about the sender's address: as the source's setting says, and never a server's own address.
// Source (read 2026-11): Mixpanel "Geolocation", "Import Events": without `ip` an import takes the address of the request, which is ours.
import ipaddr from "ipaddr.js";
import type { SourceSettings } from "../sources.ts";
import type { Geolocate } from "./geolocation.ts";

/** How a request and its source say where the user is. */
export interface PlaceRequest {
  readonly source: SourceSettings;
  /** Address of the client, after trusted proxies. */
  readonly clientAddress: string;
  /** Value of the query parameter `ip`; `undefined` when absent. */
  readonly ipParameter: string | undefined;
  /** `ip` of the event or `$ip` of the update, as sent. */
  readonly sent: unknown;
  readonly geolocate: Geolocate | undefined;
}

/** What to write: an address for the provider to look up, or a place already looked up, or nothing. */
export type ClientPlace =
  | { readonly kind: "address"; readonly address: string }
  | {
      readonly kind: "place";
      readonly city: string | undefined;
      readonly region: string | undefined;
      readonly country: string | undefined;
    }
  | { readonly kind: "none" };

const NONE: ClientPlace = { kind: "none" };

/** An address that a record names, in its normal spelling (IPv4 in IPv6 becomes IPv4). */
function sentAddress(sent: unknown): string | undefined {
  return typeof sent === "string" && ipaddr.isValid(sent) ? ipaddr.process(sent).toString() : undefined;
}

function believedAddress(request: PlaceRequest): string | undefined {
  const own = sentAddress(request.sent);
  // A server speaks for its users: only an address it names is a user's, the connection's is its own.
  if (request.source.trust === "server") return own;
  if (request.sent === 0 || request.sent === "0") return undefined;
  // Mixpanel's rule: with `ip=0` an address in the record counts, with `ip=1` the connection's.
  if (request.ipParameter === "0") return own;
  return request.clientAddress === "" ? undefined : request.clientAddress;
}

/** Decides what goes out about the sender's place. */
export function clientPlace(request: PlaceRequest): ClientPlace {
  const policy = request.source.clientAddress;
  if (policy === "drop") return NONE;
  const address = believedAddress(request);
  if (address === undefined) return NONE;
  if (policy === "forward") return { kind: "address", address };
  const place = request.geolocate?.(address);
  return place ? { kind: "place", ...place } : NONE;
}

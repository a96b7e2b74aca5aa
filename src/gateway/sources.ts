// Which source a token belongs to, and what that source may do at the door. The payload has no say in it.

export type ClientAddressPolicy = "forward" | "geolocate" | "drop";

export interface SourceSettings {
  readonly id: string;
  readonly trust: "client" | "server";
  readonly tokens: readonly string[];
  /** Browser origins that may send, exact (`https://shop.example`). Empty: no browser from another origin. */
  readonly origins: readonly string[];
  readonly clientAddress: ClientAddressPolicy;
  /** Items a second that one source may send; absent: no limit. */
  readonly eventsPerSecond?: number;
  /** Items a second from one client address; absent: no limit. */
  readonly eventsPerSecondPerAddress?: number;
  /** Judge before answering, and tell the sender what is wrong. */
  readonly development: boolean;
}

export interface SourceTable {
  /** The source of a token, or `undefined` for an unknown one. */
  find(token: string): SourceSettings | undefined;
  readonly all: readonly SourceSettings[];
}

/** Makes the table; a token that two sources share belongs to the first. */
export function makeSourceTable(sources: readonly SourceSettings[]): SourceTable {
  const byToken = new Map<string, SourceSettings>();
  for (const source of sources)
    for (const token of source.tokens) if (!byToken.has(token)) byToken.set(token, source);
  return { find: (token) => byToken.get(token), all: sources };
}

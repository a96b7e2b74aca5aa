// What a provider can tell of what it holds: the interface that inventory, cleanup and repair of ids read by. Limits are data.
import type { JsonValue } from "./json.ts";
import type { ProfileAnswer, StoredProfile } from "./ports.ts";

/** Which profiles, and which of their properties. */
export interface ProfileQuery {
  /** Only these ids, at most a page of them; a provider that has joined ids answers one profile for all of them. */
  readonly ids?: readonly string[];
  /** The provider's own filter expression; absent: all. */
  readonly where?: string;
  /** Only profiles that have at least one of these properties. */
  readonly havingAny?: readonly string[];
  /** Only profiles that have none of these properties. */
  readonly lacking?: readonly string[];
  /** Only these properties; absent: all. */
  readonly properties?: readonly string[];
  /** Key of a group; absent: users. */
  readonly group?: string;
}

/** A page of a walk over profiles. */
export interface ProfilePage {
  readonly profiles: readonly StoredProfile[];
  /** Goes on from here, also in another process; absent: this was the last page. */
  readonly next: string | undefined;
  /** How many the whole walk has. */
  readonly total: number;
  /** The provider had forgotten the walk, so this is its first page anew: profiles come again. */
  readonly isRestarted?: boolean;
}

/** Days of a raw export, both inclusive, as `2026-11-25`. */
export interface ExportWindow {
  readonly from: string;
  readonly to: string;
  /** Absent: all events. */
  readonly events?: readonly string[];
}

export interface ProviderReadLimits {
  readonly queriesPerHour: number;
  readonly profilesPerPage: number;
  readonly exportsPerHour: number;
  /** Absent: no limit known. */
  readonly exportsPerSecond?: number;
}

/** Reads what a provider holds. One call is one request; who calls keeps to the limits. */
export interface ProviderReader {
  readonly limits: ProviderReadLimits;
  /** Names of events that were seen lately. */
  eventNames(options: { readonly signal: AbortSignal }): Promise<ProfileAnswer<readonly string[]>>;
  /** `after`: a page's `next`. */
  profiles(
    query: ProfileQuery,
    options: { readonly after?: string; readonly signal: AbortSignal },
  ): Promise<ProfileAnswer<ProfilePage>>;
  /**
   * Bytes of the raw export, one JSON object a line. A broken or early ended export rejects after the last whole line with
   * `EXPORT_REFUSED`; whoever reads asks for the window again.
   */
  events(window: ExportWindow, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}

/** An entry of the provider's dictionary of names, as far as cleanup changes it. */
export interface DictionaryEntry {
  readonly entity: "event" | "profile";
  readonly name: string;
  /** Of a property of the entity; absent: the entity itself. */
  readonly property?: string;
  readonly values: Readonly<Record<string, JsonValue>>;
}

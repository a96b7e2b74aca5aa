// Where an address is, by a MaxMind file on this machine: the address itself then goes nowhere.
import { open, type CityResponse } from "maxmind";
import { AppError } from "../../core/index.ts";

export interface Place {
  readonly city: string | undefined;
  readonly region: string | undefined;
  /** ISO 3166-1, two letters. */
  readonly country: string | undefined;
}

/** Looks an address up; `undefined` when the file does not know it. */
export type Geolocate = (address: string) => Place | undefined;

/** Addresses remembered by the reader, so that a visitor's tenth event costs nothing. */
const CACHE_ADDRESSES = 10_000;

/** Turns an answer of a City database into what Mixpanel stores. Names are in English, as Mixpanel's own are. */
export function placeOf(found: CityResponse | null): Place | undefined {
  if (!found) return undefined;
  const place = {
    city: found.city?.names.en,
    region: found.subdivisions?.[0]?.names.en,
    country: found.country?.iso_code,
  };
  return place.city === undefined && place.region === undefined && place.country === undefined
    ? undefined
    : place;
}

/**
 * Opens a MaxMind City file (`.mmdb`); it is read again when it changes on disk.
 *
 * @throws {AppError} `GEO_FILE_UNREADABLE` when the file is missing or not a MaxMind file.
 */
export async function openGeolocation(path: string): Promise<Geolocate> {
  try {
    const reader = await open<CityResponse>(path, {
      cache: { max: CACHE_ADDRESSES },
      watchForUpdates: true,
      watchForUpdatesNonPersistent: true,
    });
    return (address) => placeOf(reader.get(address));
  } catch (cause) {
    throw new AppError("GEO_FILE_UNREADABLE", `Cannot read MaxMind file ${path}`, { cause });
  }
}

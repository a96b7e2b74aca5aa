// A made-up geography: the same address is always in the same place, and addresses of machines are in the data centre.
// So a test sees at once that a server's write moved a user.

/** Where an address is. */
export interface Place {
  readonly city: string;
  readonly region: string;
  readonly country: string;
  readonly timezone: string;
}

/** Where addresses of private networks and this machine are. */
const DATA_CENTRE: Place = { city: "Data Centre City", region: "Cloud", country: "ZZ", timezone: "Etc/UTC" };

const PLACES: readonly Place[] = [
  { city: "Lisbon", region: "Lisbon", country: "PT", timezone: "Europe/Lisbon" },
  { city: "Vienna", region: "Vienna", country: "AT", timezone: "Europe/Vienna" },
  { city: "Nairobi", region: "Nairobi County", country: "KE", timezone: "Africa/Nairobi" },
  { city: "Osaka", region: "Osaka", country: "JP", timezone: "Asia/Tokyo" },
  { city: "Montreal", region: "Quebec", country: "CA", timezone: "America/Toronto" },
  { city: "Lima", region: "Lima", country: "PE", timezone: "America/Lima" },
];

const PRIVATE = /^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|::ffff:127\.|f[cd])/i;

/** Looks an address up; `undefined` for something that is not one. */
export function placeOf(address: string): Place | undefined {
  if (!/^[0-9a-f:.]{3,45}$/i.test(address) || address === "0") return undefined;
  if (PRIVATE.test(address)) return DATA_CENTRE;
  let sum = 0;
  for (const character of address) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return PLACES[sum % PLACES.length];
}

/** Looks coordinates up, as `$latitude` and `$longitude` ask. */
export function placeAt(latitude: number, longitude: number): Place | undefined {
  const cell = Math.abs(Math.trunc(latitude) * 7 + Math.trunc(longitude));
  return PLACES[cell % PLACES.length];
}

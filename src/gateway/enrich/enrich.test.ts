import { describe, expect, test } from "vitest";
import type { SourceSettings } from "../sources.ts";
import { clientPlace, type PlaceRequest } from "./client-place.ts";
import { enrichEvent } from "./enrich-event.ts";
import { enrichProfile } from "./enrich-profile.ts";
import { AHEAD_MAX_MS, eventTime } from "./event-time.ts";
import { placeOf } from "./geolocation.ts";

const RECEIVED = Date.UTC(2026, 10, 23, 10);
const ADDRESS = "203.0.113.7";
const LISBON = { city: "Lisbon", region: "Lisbon", country: "PT" };

function source(more: Partial<SourceSettings> = {}): SourceSettings {
  return {
    id: "web",
    trust: "client",
    tokens: [],
    origins: [],
    clientAddress: "forward",
    development: false,
    ...more,
  };
}

describe("where the user is", () => {
  const place = (more: Partial<PlaceRequest>) =>
    clientPlace({
      source: source(),
      clientAddress: ADDRESS,
      ipParameter: undefined,
      sent: undefined,
      geolocate: () => LISBON,
      ...more,
    });

  test("forward: the client's address, unless it says not to", () => {
    expect(place({})).toEqual({ kind: "address", address: ADDRESS });
    expect(place({ ipParameter: "1", sent: "198.51.100.1" })).toEqual({ kind: "address", address: ADDRESS });
    expect(place({ ipParameter: "0" })).toEqual({ kind: "none" });
    expect(place({ ipParameter: "0", sent: "198.51.100.1" })).toEqual({
      kind: "address",
      address: "198.51.100.1",
    });
    expect(place({ ipParameter: "0", sent: "::ffff:198.51.100.1" })).toEqual({
      kind: "address",
      address: "198.51.100.1",
    });
    expect(place({ sent: 0 })).toEqual({ kind: "none" });
    expect(place({ sent: "0" })).toEqual({ kind: "none" });
    expect(place({ clientAddress: "" })).toEqual({ kind: "none" });
  });

  test("drop: never", () => {
    expect(place({ source: source({ clientAddress: "drop" }), ipParameter: "1" })).toEqual({ kind: "none" });
  });

  test("geolocate: the place, and no address", () => {
    const geolocate = source({ clientAddress: "geolocate" });
    expect(place({ source: geolocate })).toEqual({ kind: "place", ...LISBON });
    expect(place({ source: geolocate, geolocate: () => undefined })).toEqual({ kind: "none" });
  });

  test("a server's own address is never a user's; an address that it names is", () => {
    const server = source({ trust: "server" });
    expect(place({ source: server, ipParameter: "1" })).toEqual({ kind: "none" });
    expect(place({ source: server, sent: "198.51.100.1" })).toEqual({
      kind: "address",
      address: "198.51.100.1",
    });
    expect(place({ source: server, sent: "not an address" })).toEqual({ kind: "none" });
  });

  test("a MaxMind answer becomes the names that Mixpanel stores", () => {
    expect(placeOf(null)).toBeUndefined();
    expect(placeOf({})).toBeUndefined();
    const found = { city: { names: { en: "Lisbon" } }, country: { iso_code: "PT" } };
    expect(placeOf(found as never)).toEqual({ city: "Lisbon", region: undefined, country: "PT" });
  });
});

describe("when it happened", () => {
  const at = Date.UTC(2026, 10, 22);

  test.each([
    ["milliseconds", at],
    ["seconds", at / 1000],
    ["milliseconds as text", String(at)],
    ["seconds with a fraction as text", `${at / 1000}.000`],
    ["ISO 8601", "2026-11-22T00:00:00Z"],
    ["ISO 8601 with an offset", "2026-11-22T01:00:00+01:00"],
  ])("%s", (_, sent) => {
    expect(eventTime(sent, RECEIVED)).toEqual({ at, kind: "sent" });
  });

  test.each([
    ["nothing", undefined, "missing"],
    ["null", null, "missing"],
    ["an empty text", "", "missing"],
    ["before computers", -1, "wrong"],
    ["zero", 0, "wrong"],
    ["too far ahead", RECEIVED + AHEAD_MAX_MS + 1, "wrong"],
    ["a word", "yesterday", "wrong"],
    ["an object", {}, "wrong"],
    ["no number", Number.NaN, "wrong"],
  ])("%s becomes the time of receipt", (_, sent, kind) => {
    expect(eventTime(sent, RECEIVED)).toEqual({ at: RECEIVED, kind });
  });

  test("a clock that is a little ahead is believed", () => {
    expect(eventTime(RECEIVED + AHEAD_MAX_MS, RECEIVED).kind).toBe("sent");
  });
});

describe("what goes out", () => {
  const event = (
    properties: Record<string, unknown>,
    place: Parameters<typeof enrichEvent>[1]["place"] = { kind: "none" },
  ) => {
    enrichEvent(properties, { at: 5, insertId: "i", place });
    return JSON.parse(JSON.stringify(properties)) as Record<string, unknown>;
  };

  test("an event has time, insert id and distinct id, no token, and ip 0 where no address goes", () => {
    expect(event({ token: "t", $device_id: "d" })).toEqual({
      time: 5,
      $insert_id: "i",
      distinct_id: "$device:d",
      ip: 0,
      $device_id: "d",
    });
    expect(event({ $user_id: "u", $device_id: "d" })["distinct_id"]).toBe("u");
    expect(event({})["distinct_id"]).toBe("");
  });

  test("an event has the address or the place, never both", () => {
    expect(event({}, { kind: "address", address: ADDRESS })).toMatchObject({ ip: ADDRESS });
    expect(event({}, { kind: "place", ...LISBON })).toMatchObject({
      ip: 0,
      $city: "Lisbon",
      $region: "Lisbon",
      mp_country_code: "PT",
    });
  });

  const update = (more: Partial<Parameters<typeof enrichProfile>[0]>) =>
    enrichProfile({
      groupKey: undefined,
      id: "u",
      operation: "$set",
      value: { a: 1 },
      modifiers: {},
      trust: "client",
      place: { kind: "none" },
      ...more,
    });

  test("a server's update moves neither place nor last seen", () => {
    expect(update({ trust: "server" })).toEqual({
      $distinct_id: "u",
      $set: { a: 1 },
      $ip: "0",
      $ignore_time: true,
    });
  });

  test("a client's update keeps what its SDK says about time, and a position only where an address may go", () => {
    const modifiers = { $time: 1, $latitude: 2, $longitude: 3, $unknown: 4 };
    expect(update({ modifiers })).toEqual({ $distinct_id: "u", $set: { a: 1 }, $ip: "0", $time: 1 });
    expect(update({ modifiers, place: { kind: "address", address: ADDRESS } })).toMatchObject({
      $ip: ADDRESS,
      $latitude: 2,
      $longitude: 3,
    });
    expect(update({ place: { kind: "place", ...LISBON } })).toMatchObject({
      $ip: "0",
      $set: { a: 1, $city: "Lisbon", $country_code: "PT" },
    });
  });

  test("a group's update names the group", () => {
    expect(update({ groupKey: "company", id: "acme" })).toMatchObject({
      $group_key: "company",
      $group_id: "acme",
    });
  });
});

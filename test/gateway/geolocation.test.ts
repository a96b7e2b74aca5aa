// A real MaxMind file, 2 kB: the documentation networks of RFC 5737 and RFC 3849. Made with the python package `mmdb_writer` 0.2.7.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openGeolocation } from "../../src/gateway/enrich/geolocation.ts";

const FILE = new URL("fixtures/documentation-addresses.mmdb", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "plumbline-geo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["203.0.113.7", { city: "Lisbon", region: "Lisbon District", country: "PT" }],
  ["2001:db8::1", { city: undefined, region: undefined, country: "DE" }],
  ["198.51.100.1", undefined],
  ["10.0.0.1", undefined],
])("%s is looked up", async (address, place) => {
  const geolocate = await openGeolocation(FILE);
  expect(geolocate(address)).toEqual(place);
});

test("a file that is missing or no MaxMind file is an error that names it", async () => {
  const broken = join(folder, "broken.mmdb");
  writeFileSync(broken, "not a database");
  for (const path of [broken, join(folder, "nowhere.mmdb")]) {
    await expect(openGeolocation(path)).rejects.toMatchObject({ code: "GEO_FILE_UNREADABLE" });
    await expect(openGeolocation(path)).rejects.toThrow(path);
  }
});

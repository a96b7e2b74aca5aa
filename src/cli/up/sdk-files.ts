// The browser SDK's own files, from the installed `mixpanel-browser`, so that pages can load it first-party.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Served name → file in the package. Source: mixpanel-browser 2.83.0, folder `dist`. */
const FILES: Readonly<Record<string, string>> = {
  "lib.min.js": "mixpanel.min.js",
  "lib.js": "mixpanel.globals.js",
  "mixpanel-2-latest.min.js": "mixpanel.min.js",
  "mixpanel-recorder.min.js": "mixpanel-recorder.min.js",
  "mixpanel-targeting.min.js": "mixpanel-targeting.min.js",
};

/** Reads the SDK's files into memory; names that this version of the SDK does not have are left out. */
export function readSdkFiles(): ReadonlyMap<string, Uint8Array> {
  const folder = join(createRequire(import.meta.url).resolve("mixpanel-browser/package.json"), "../dist");
  const files = new Map<string, Uint8Array>();
  for (const [name, file] of Object.entries(FILES)) {
    try {
      files.set(name, readFileSync(join(folder, file)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return files;
}

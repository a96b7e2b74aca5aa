// Loads a local Mixpanel with a year of mess.
import type { TrafficEvent } from "../../../src/infer/index.ts";
import { gzipSync } from "node:zlib";
import { SERVICE_ACCOUNT } from "../../emulator/local.ts";
import { plant } from "../local-project.ts";
import { messyCompanies, messyProfiles } from "./people-of-mess.ts";

const IMPORT_BATCH = 2000;

/** What people wrote into the dictionary by hand: a planned event hidden, one with a note to self. */
const DICTIONARY = [
  { name: "Order completed", schemaJson: { metadata: { "com.mixpanel": { hidden: true } } } },
  { name: "Product viewed", schemaJson: { description: "ask Tim what this is" } },
];

async function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: SERVICE_ACCOUNT, ...headers },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
  if (answer.status !== 200)
    throw new Error(`planting answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
}

/** Loads it. */
export async function loadMess(url: string, events: readonly TrafficEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += IMPORT_BATCH) {
    const lines = events.slice(at, at + IMPORT_BATCH).map((event) => JSON.stringify(event));
    await post(`${url}/import?strict=1&project_id=1`, gzipSync(lines.join("\n")), {
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
    });
  }
  await plant(url, messyProfiles());
  await plant(url, messyCompanies(), "company");
  const entries = DICTIONARY.map((one) => ({ entityType: "event", ...one }));
  await post(`${url}/api/app/projects/1/schemas`, JSON.stringify({ entries, truncate: false }), {
    "content-type": "application/json",
  });
}

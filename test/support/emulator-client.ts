// Reads the emulator the way a customer reads Mixpanel: raw export and engage query, over HTTP.
import { request } from "undici";

const AUTHORIZATION = `Basic ${Buffer.from("sa:sa_secret").toString("base64")}`;

export interface ExportedEvent {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>> & {
    readonly time: number;
    readonly distinct_id: string;
    readonly $insert_id: string;
  };
}

export interface ExportedProfile {
  readonly $distinct_id: string;
  readonly $properties: Readonly<Record<string, unknown>>;
}

/** Everything the raw export has; duplicates are not removed there. */
export async function exportEvents(emulatorUrl: string): Promise<ExportedEvent[]> {
  const query = "project_id=1&from_date=2020-01-01&to_date=2037-12-31&time_in_ms=true";
  const answer = await request(`${emulatorUrl}/api/2.0/export?${query}`, {
    headers: { authorization: AUTHORIZATION },
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200)
    throw new Error(`export answered ${answer.statusCode}: ${text.slice(0, 200)}`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ExportedEvent);
}

interface EngagePage {
  readonly results: readonly ExportedProfile[];
  readonly session_id: string;
  readonly page_size: number;
}

/** All user profiles, page by page. */
export async function queryProfiles(emulatorUrl: string): Promise<ExportedProfile[]> {
  const profiles: ExportedProfile[] = [];
  let session = "";
  for (let page = 0; ; page += 1) {
    const form = page === 0 ? "" : `session_id=${encodeURIComponent(session)}&page=${page}`;
    const answer = await request(`${emulatorUrl}/api/query/engage?project_id=1`, {
      method: "POST",
      headers: { authorization: AUTHORIZATION, "content-type": "application/x-www-form-urlencoded" },
      body: form,
    });
    if (answer.statusCode !== 200)
      throw new Error(`engage answered ${answer.statusCode}: ${await answer.body.text()}`);
    const result = (await answer.body.json()) as EngagePage;
    profiles.push(...result.results);
    session = result.session_id;
    if (result.results.length < result.page_size) return profiles;
  }
}

/** Waits until a condition holds; the error says what was there instead. */
export async function eventually<T>(
  read: () => Promise<T>,
  holds: (value: T) => boolean,
  options: { readonly withinMs?: number; readonly what?: string } = {},
): Promise<T> {
  const deadline = Date.now() + (options.withinMs ?? 20_000);
  let value = await read();
  while (!holds(value)) {
    if (Date.now() > deadline)
      throw new Error(
        `${options.what ?? "condition"} did not hold in time; last: ${JSON.stringify(value)?.slice(0, 1500)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
    value = await read();
  }
  return value;
}

// People whose apps have told where they are and when they were seen, and what of that a server's write has moved.
import { request } from "undici";
import { type Emulator, startEmulator } from "../../src/emulator/index.ts";
import { exportEvents, queryProfiles } from "../support/emulator-client.ts";
import { setClock } from "../support/quiet.ts";
import { startFlagThief, type FlagThief, type Taken } from "./flag-thief.ts";

/** In the local Mixpanel's geography it is a place, and this machine is another. */
const HOME_ADDRESS = "81.2.69.142";
const MINUTE_MS = 60_000;
/** What only a person's own app may move. */
const FACTS = ["$city", "$region", "$country_code", "$timezone", "$last_seen"] as const;

type Properties = Readonly<Record<string, unknown>>;

export interface Stage {
  /** Where a server sends: what it sends loses flags on the way. */
  readonly url: string;
  /** The local Mixpanel itself: where the people's apps send, and where is read. */
  readonly emulator: Emulator;
  /** Profiles as the people's apps made them, a while ago and from home. */
  readonly plant: (profiles: Readonly<Record<string, Properties>>) => Promise<void>;
  readonly profile: (id: string) => Promise<Properties>;
}

export interface Moved {
  /** Facts that are not what they were, by profile and name. */
  readonly profiles: readonly string[];
  /** Events that are placed where the server is. */
  readonly events: readonly string[];
}

export interface OpenStage extends Stage {
  readonly thief: FlagThief;
  readonly moved: () => Promise<Moved>;
  readonly close: () => Promise<void>;
}

function factsOf(properties: Properties): Properties {
  return Object.fromEntries(FACTS.map((name) => [name, properties[name]]));
}

/** Group profiles: they have a place and a time, too. */
async function companiesOf(url: string): Promise<readonly (readonly [string, Properties])[]> {
  const answer = await request(`${url}/api/query/engage?project_id=1`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from("sa:sa_secret").toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: "data_group_id=company",
  });
  const { results } = (await answer.body.json()) as {
    readonly results: readonly { readonly $distinct_id: string; readonly $properties: Properties }[];
  };
  return results.map(
    ({ $distinct_id: id, $properties: properties }) => [`company ${id}`, properties] as const,
  );
}

/** Starts a local Mixpanel and the proxy before it. */
export async function openStage(
  taken: Taken,
  switches: Readonly<Record<string, string>> = {},
): Promise<OpenStage> {
  const clock = setClock(Date.now() - MINUTE_MS);
  const emulator = await startEmulator({ store: "memory", clock, switches });
  const thief = await startFlagThief(emulator.url, taken);
  let home: Properties = {};
  const planted = new Set<string>();
  const all = async () =>
    new Map<string, Properties>([
      ...(await queryProfiles(emulator.url)).map((one) => [one.$distinct_id, one.$properties] as const),
      ...(await companiesOf(emulator.url)),
    ]);
  return {
    url: thief.url,
    emulator,
    thief,
    async plant(profiles) {
      const updates = Object.entries(profiles).map(([id, properties]) => ({
        $token: "mp_token",
        $distinct_id: id,
        $set: properties,
      }));
      const answer = await request(`${emulator.url}/engage?ip=1&verbose=1`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": HOME_ADDRESS },
        body: JSON.stringify(updates),
      });
      if (!(await answer.body.text()).includes('"status":1')) throw new Error("planting was refused");
      const [first = ""] = Object.keys(profiles);
      home = factsOf((await all()).get(first) ?? {});
      if (FACTS.some((name) => home[name] === undefined)) throw new Error("a planted profile has no home");
      for (const id of Object.keys(profiles)) planted.add(id);
      clock.advance(MINUTE_MS);
    },
    profile: async (id) => (await all()).get(id) ?? {},
    async moved() {
      const profiles = [...(await all())].flatMap(([id, properties]) =>
        FACTS.filter((name) =>
          planted.has(id)
            ? properties[name] !== home[name]
            : properties[name] !== undefined && properties[name] !== home[name],
        ).map((name) => `${id} ${name}`),
      );
      const events = (await exportEvents(emulator.url)).flatMap(({ event, properties: { $city: city } }) =>
        city === undefined || city === home["$city"] ? [] : [event],
      );
      return { profiles, events };
    },
    async close() {
      await thief.close();
      await emulator.close();
    },
  };
}

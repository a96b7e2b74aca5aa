// The people sync of every database that the configuration names, each in a thread of its own, as one. A database that is away stops no other.
import type { PeopleReport } from "../people/people-service.ts";
import { configOfDatabase, missingDatabases, requirePeople } from "../people/open-people.ts";
import {
  type PeopleThreadOptions,
  type RunningPeople,
  startPeopleInline,
  startPeopleThread,
} from "./people-thread.ts";

/** How the sync of the application's own database stands, and of others by name. */
export interface PeopleSetReport extends PeopleReport {
  readonly databases?: Readonly<Record<string, PeopleReport>>;
}

export interface RunningPeopleSet extends Omit<RunningPeople, "report"> {
  report(): Promise<{ readonly metrics: readonly (readonly object[])[]; readonly report: PeopleSetReport }>;
}

/** Starts all of them. */
export async function startPeopleSet(options: PeopleThreadOptions): Promise<RunningPeopleSet> {
  const { config, lock, log } = options;
  for (const { message, fix } of missingDatabases(config, lock)) log.error({ fix }, message);
  const start = config.pipeline === "thread" ? startPeopleThread : startPeopleInline;
  const own = await start(options);
  const others = new Map<string, RunningPeople>();
  for (const { name } of requirePeople(config).others)
    if (name !== undefined)
      others.set(name, await start({ ...options, config: configOfDatabase(config, name) }));
  const all = [own, ...others.values()];
  return {
    unready: () => [
      ...own.unready(),
      ...[...others].flatMap(([name, one]) => one.unready().map((reason) => `${name}: ${reason}`)),
    ],
    setLock: (next) => all.forEach((one) => one.setLock(next)),
    resume: (destination) => all.forEach((one) => one.resume(destination)),
    mark: async (userIds, cause) => {
      await Promise.all(all.map((one) => one.mark(userIds, cause)));
    },
    report: async () => {
      const [first, ...rest] = await Promise.all(all.map((one) => one.report()));
      const databases = Object.fromEntries(
        [...others.keys()].map((name, index) => [name, rest[index]?.report]),
      );
      return {
        metrics: [first?.metrics ?? [], ...rest.map(({ metrics }) => metrics)],
        report: {
          ...(first?.report ?? { state: { kind: "starting" } }),
          ...(others.size === 0 ? {} : { databases: databases as Record<string, PeopleReport> }),
        },
      };
    },
    close: async () => {
      await Promise.all(all.map((one) => one.close()));
    },
  };
}

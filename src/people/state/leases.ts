// Leases of partitions: which worker may send for which users. Fenced: every change of owner raises the epoch, and an acknowledgement under an
// older epoch is refused. Times are the database's own.
import type { Database } from "../database/database.ts";
import { markUnsure } from "./doubt.ts";
import { PARTITIONS } from "./migrations.ts";
import { holdMapping } from "./plan-in-force.ts";

export interface Lease {
  readonly part: number;
  readonly epoch: string;
}

const CREATE = `insert into plumbline.leases (destination, part) select $1, g from generate_series(0, ${PARTITIONS - 1}) g on conflict do nothing`;

const HELLO = `insert into plumbline.workers (destination, owner) values ($1, $2) on conflict (destination, owner) do update set seen = clock_timestamp()`;
const FORGET = `delete from plumbline.workers where destination = $1 and seen < clock_timestamp() - $2::interval`;
const COUNT = `select count(*) as workers from plumbline.workers where destination = $1`;

const RENEW = `
update plumbline.leases set until = clock_timestamp() + $3::interval
where destination = $1 and owner = $2 and until > clock_timestamp()
returning part, epoch::text as epoch`;

/** More than the share is given back, the highest first, so that others can take them. */
const GIVE_BACK = `
update plumbline.leases set owner = null, until = '-infinity'
where destination = $1 and owner = $2 and part = any($3::smallint[])`;

const TAKE = `
update plumbline.leases l set owner = $2, epoch = l.epoch + 1, until = clock_timestamp() + $3::interval
from (select part from plumbline.leases where destination = $1 and until <= clock_timestamp() order by part limit $4 for update skip locked) free
where l.destination = $1 and l.part = free.part
returning l.part, l.epoch::text as epoch`;

/** Requests that another worker had under way when it went: what they did is not known. */
const STALE_INTENTS = `
delete from plumbline.intents i where i.destination = $1 and i.owner <> $2
  and not exists (select 1 from plumbline.leases l where l.destination = $1 and l.owner = i.owner and l.until > clock_timestamp())
returning array_to_json(i.user_ids)::text as user_ids`;

export interface LeaseSettings {
  readonly leaseMs: number;
  readonly settleMs: number;
}

/** Tests end the process at one of these. */
export type RenewalPoint = (name: "in-renewal" | "after-renewal") => void | Promise<void>;

/** The leases of one worker for one destination. */
export class Leases {
  readonly #database: Database;
  readonly #destination: string;
  readonly #owner: string;
  readonly #mapping: string;
  readonly #settings: LeaseSettings;
  readonly #at: RenewalPoint | undefined;
  #held: readonly Lease[] = [];
  /** By this process's monotonic clock: until when the leases surely hold. */
  #safeUntil = 0;

  constructor(
    database: Database,
    options: {
      readonly destination: string;
      readonly owner: string;
      /** Hash of the mapping that the worker reads by; under another one it gets no lease. */
      readonly mapping: string;
      readonly settings: LeaseSettings;
      readonly at?: RenewalPoint | undefined;
    },
  ) {
    this.#database = database;
    this.#destination = options.destination;
    this.#owner = options.owner;
    this.#mapping = options.mapping;
    this.#settings = options.settings;
    this.#at = options.at;
  }

  /** Partitions that are surely held for the next `forMs`. */
  held(forMs: number): readonly Lease[] {
    return performance.now() + forMs < this.#safeUntil ? this.#held : [];
  }

  /** Renews, takes what is free up to a fair share, gives back what is over it. */
  async renew(isBusy: (part: number) => boolean): Promise<void> {
    const interval = `${this.#settings.leaseMs} milliseconds`;
    const asked = performance.now();
    const [destination, owner] = [this.#destination, this.#owner];
    const held = await this.#database.transaction(async (tx) => {
      await holdMapping(tx, this.#mapping);
      await tx.query(CREATE, [destination]);
      await tx.query(HELLO, [destination, owner]);
      await tx.query(FORGET, [destination, interval]);
      const [row] = await tx.query(COUNT, [destination]);
      const share = Math.ceil(PARTITIONS / Math.max(1, Number(row?.["workers"] ?? 1)));
      let leases = await tx.query(RENEW, [destination, owner, interval]);
      const spare = leases
        .filter(({ part }) => !isBusy(Number(part)))
        .slice(0, Math.max(0, leases.length - share));
      if (spare.length > 0) {
        const parts = spare.map(({ part }) => part);
        // Before the others can have them: nothing is sent any more under a lease that is being given back.
        this.#held = this.#held.filter(({ part }) => !parts.includes(String(part)));
        await tx.query(GIVE_BACK, [destination, owner, parts]);
        leases = leases.filter(({ part }) => !parts.includes(part ?? ""));
      }
      const wanted = share - leases.length;
      if (wanted > 0) leases = [...leases, ...(await tx.query(TAKE, [destination, owner, interval, wanted]))];
      for (const { user_ids: ids } of await tx.query(STALE_INTENTS, [destination, owner]))
        await markUnsure(tx, {
          destination,
          userIds: JSON.parse(ids ?? "[]") as string[],
          cause: "a worker went while a request was under way",
          settleMs: this.#settings.settleMs,
        });
      await this.#at?.("in-renewal");
      return leases;
    });
    this.#held = held.map(({ part, epoch }) => ({ part: Number(part), epoch: epoch ?? "0" }));
    this.#safeUntil = asked + this.#settings.leaseMs;
    await this.#at?.("after-renewal");
  }

  /** Gives everything back: the next worker need not wait. */
  async release(): Promise<void> {
    this.#held = [];
    this.#safeUntil = 0;
    await this.#database.query(
      "update plumbline.leases set owner = null, until = '-infinity' where destination = $1 and owner = $2",
      [this.#destination, this.#owner],
    );
    await this.#database.query("delete from plumbline.workers where destination = $1 and owner = $2", [
      this.#destination,
      this.#owner,
    ]);
  }
}

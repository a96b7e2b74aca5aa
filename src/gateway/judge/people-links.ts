// Which person each id was linked to, learnt from the identity events that went out: an identity event that would make two known people one is
// refused, because a provider never parts them. Holds hashes only; a batch that was not committed leaves no trace.
import { createHash } from "node:crypto";
import type { Finding, Journal, JournalWrite } from "../../core/index.ts";
import type { SourceSettings } from "../sources.ts";
import { judgeUserId } from "./judge-user-id.ts";
import type { PlanSnapshot } from "./snapshot.ts";

/** Table of the links: key is the hash of an id, value the hash of the person that it belongs to. A person belongs to itself. */
export const PEOPLE_LINKS_TABLE = "people-links";

/** Links that are remembered: about a gigabyte of disk. Beyond, new ones are let through unlearnt. */
const LINKS_MAX = 5_000_000;
const HASH_CHARACTERS = 32;
const DEVICE_PREFIX = "$device:";

type Properties = Readonly<Record<string, unknown>>;

/** Two ids that an identity event makes one, and where they stand in it. */
interface Join {
  readonly person: string;
  /** The plan's rules have judged it as the id of a person. */
  readonly isPerson: boolean;
  readonly other: string;
  readonly at: string;
}

interface JudgedUnder {
  readonly snapshot: PlanSnapshot;
  readonly source: SourceSettings;
}

function bare(value: unknown): string {
  const id = typeof value === "string" ? value : "";
  return id.startsWith(DEVICE_PREFIX) ? id.slice(DEVICE_PREFIX.length) : id;
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, HASH_CHARACTERS);
}

function joinOf(event: string, properties: Properties): Join | undefined {
  const first = (...names: readonly string[]): readonly [name: string, id: string] => {
    const name = names.find((one) => bare(properties[one]) !== "") ?? "";
    return [name, bare(properties[name])];
  };
  switch (event) {
    case "$identify": {
      const [at, other] = first("$anon_id", "$anon_distinct_id");
      return { person: first("$identified_id", "$user_id", "distinct_id")[1], isPerson: true, other, at };
    }
    case "$create_alias":
      return {
        person: bare(properties["alias"]),
        isPerson: true,
        other: bare(properties["distinct_id"]),
        at: "distinct_id",
      };
    case "$merge": {
      const ids: readonly unknown[] = Array.isArray(properties["$distinct_ids"])
        ? properties["$distinct_ids"]
        : [];
      return { person: bare(ids[0]), isPerson: false, other: bare(ids[1]), at: "$distinct_ids" };
    }
    default:
      return undefined;
  }
}

/**
 * By the event alone: the id that is joined has the form of a person's, and the event names another device. A UUID may be either, so without
 * a device in the event nothing is said.
 */
function isPersonByForm(
  { other, at }: Join,
  properties: Properties,
  { snapshot, source }: JudgedUnder,
): boolean {
  const { user_id: form } = snapshot.lock.identity;
  const device = bare(properties["$device_id"]);
  const isNamed = properties[at] === `${DEVICE_PREFIX}${other}`;
  if (device === "" || device === other || isNamed || ("format" in form && form.format === "any"))
    return false;
  return judgeUserId(snapshot, { source: source.id, id: other }).kind === "fit";
}

export class PeopleLinks {
  readonly #journal: Pick<Journal, "table">;
  /** Of the batch that is being judged. */
  #pending = new Map<string, string>();
  #isFull: boolean;

  constructor(journal: Pick<Journal, "table">) {
    this.#journal = journal;
    this.#isFull = journal.table(PEOPLE_LINKS_TABLE).count() >= LINKS_MAX;
  }

  /** Why an identity event may not go out; otherwise what it links is remembered once the batch is committed. */
  check(event: string, properties: Properties, under: JudgedUnder): Finding | undefined {
    const join = joinOf(event, properties);
    if (join === undefined || join.person === "" || join.other === "" || join.person === join.other)
      return undefined;
    const [person, other] = [hashOf(join.person), hashOf(join.other)];
    const mine = this.#personOf(person) ?? (join.isPerson ? person : undefined);
    const theirs = this.#personOf(other) ?? (isPersonByForm(join, properties, under) ? other : undefined);
    if (mine !== undefined && theirs !== undefined && mine !== theirs)
      return {
        id: "identity-joins-people",
        level: "error",
        at: join.at,
        message: "The event would make two known people one",
        fix: "Forget the user at sign-out (`reset`) before the next one signs in.",
      };
    const together = mine ?? theirs ?? person;
    this.#learn(person, together);
    this.#learn(other, together);
    // Whoever the links lead to is a person, and belongs to no other.
    this.#learn(together, together);
    return undefined;
  }

  #personOf(hash: string): string | undefined {
    const pending = this.#pending.get(hash);
    if (pending !== undefined) return pending;
    const known = this.#journal.table(PEOPLE_LINKS_TABLE).get(hash);
    return known === undefined ? undefined : Buffer.from(known).toString("hex");
  }

  #learn(hash: string, person: string): void {
    if (!this.#isFull && this.#personOf(hash) === undefined) this.#pending.set(hash, person);
  }

  /** Adds what the batch brought to its transaction. */
  save(write: JournalWrite): void {
    for (const [hash, person] of this.#pending)
      write.put(PEOPLE_LINKS_TABLE, hash, Buffer.from(person, "hex"));
  }

  /** The transaction is on disk. */
  committed(): void {
    if (this.#pending.size === 0) return;
    this.#pending = new Map();
    this.#isFull = this.#journal.table(PEOPLE_LINKS_TABLE).count() >= LINKS_MAX;
  }

  /** The transaction failed: nothing of the batch was seen. */
  forget(): void {
    this.#pending = new Map();
  }
}

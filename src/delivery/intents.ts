// What must not be applied twice is announced before it is sent, and marked when it is settled (ADR 0006).
// After a crash: announced and not marked → may have been applied → dead letter; marked → never sent again, nor anything before it of the same user,
// because a repeated `$set` behind an `$add` would undo it.
import type { Journal, JournalWrite, Position } from "../core/index.ts";
import { kindOf, type OutboxItem } from "./outbox-window.ts";

const POSITION_DIGITS = 12;

function keyOf(position: Position): string {
  return String(position).padStart(POSITION_DIGITS, "0");
}

interface Intent {
  readonly state: "announced" | "settled";
  readonly subject: string;
}

/** What an update is about: the order of updates is kept for each. */
export function subjectOf({ record: { header } }: OutboxItem): string {
  return `${header.kind}\n${header.ids[0] ?? ""}`;
}

export class Intents {
  readonly #table: string;
  readonly #announced = new Set<Position>();
  readonly #settledUpTo = new Map<string, Position>();
  readonly #known = new Set<string>();

  constructor(journal: Journal, destination: string, log: string) {
    this.#table = `intent:${destination}:${log}`;
    for (const { key, value } of journal.table(this.#table).entries()) {
      const position = Number(key);
      const { state, subject } = JSON.parse(Buffer.from(value).toString("utf8")) as Intent;
      this.#known.add(key);
      if (state === "announced") this.#announced.add(position);
      else this.#settledUpTo.set(subject, Math.max(position, this.#settledUpTo.get(subject) ?? 0));
    }
  }

  /** What an earlier run says about an item. */
  standing(item: OutboxItem): "new" | "settled" | "unknown" {
    if (this.#known.size === 0) return "new";
    if (kindOf(item) !== "event" && item.position <= (this.#settledUpTo.get(subjectOf(item)) ?? 0))
      return "settled";
    return this.#announced.has(item.position) ? "unknown" : "new";
  }

  announce(write: JournalWrite, items: readonly OutboxItem[]): void {
    this.#put(write, items, "announced");
  }

  settle(write: JournalWrite, items: readonly OutboxItem[]): void {
    this.#put(write, items, "settled");
  }

  withdraw(write: JournalWrite, items: readonly OutboxItem[]): void {
    for (const { position } of items) {
      const key = keyOf(position);
      this.#known.delete(key);
      write.delete(this.#table, key);
    }
  }

  #put(write: JournalWrite, items: readonly OutboxItem[], state: Intent["state"]): void {
    for (const item of items) {
      const key = keyOf(item.position);
      this.#known.add(key);
      write.put(
        this.#table,
        key,
        Buffer.from(JSON.stringify({ state, subject: subjectOf(item) } satisfies Intent)),
      );
    }
  }

  /** Everything up to a position is settled: nothing needs to be remembered of it. */
  clear(write: JournalWrite, upTo: Position): void {
    const end = keyOf(upTo);
    for (const key of this.#known) {
      if (key > end) continue;
      write.delete(this.#table, key);
      this.#known.delete(key);
      this.#announced.delete(Number(key));
    }
    for (const [subject, position] of this.#settledUpTo)
      if (position <= upTo) this.#settledUpTo.delete(subject);
  }
}

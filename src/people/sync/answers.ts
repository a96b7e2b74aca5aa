// What became of the users of a batch, sorted by what has to be written down about them.
import type { UserOutcome } from "../../core/index.ts";

/** A user and what the destination said. */
export interface Told<T> {
  readonly user: T;
  readonly message: string;
}

export class Answers<T> {
  readonly accepted: T[] = [];
  readonly refused: Told<T>[] = [];
  /** Nobody knows whether it was stored, or will be. */
  readonly unknown: Told<T>[] = [];
  /** Some of it may be stored, and nothing more will be. */
  readonly doubtful: Told<T>[] = [];

  /** Where nothing was stored there is nothing to write down: the marks stay. */
  add(users: readonly T[], outcome: UserOutcome): void {
    if (outcome.kind === "accepted") this.accepted.push(...users);
    else if (outcome.kind === "refused")
      this.refused.push(...users.map((user) => ({ user, message: outcome.message })));
    else if (outcome.kind === "unknown")
      this.unknown.push(...users.map((user) => ({ user, message: `no answer: ${outcome.message}` })));
    else if (outcome.isDoubtful) {
      const message = outcome.kind === "later" ? outcome.reason : outcome.message;
      this.doubtful.push(...users.map((user) => ({ user, message: `half refused: ${message}` })));
    }
  }
}

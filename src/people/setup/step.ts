// One thing that set-up or its removal does: SQL that a person can read and run by hand.

export interface Step {
  /** In a few words, as "make the outbox". */
  readonly what: string;
  readonly sql: string;
  readonly why: string;
  /** Takes a lock that the application's writes wait for, if only for a moment. */
  readonly isBlocking: boolean;
  /** Postgres runs it alone, in no transaction. */
  readonly outsideTransaction: boolean;
}

/** A step in a transaction of its own. */
export function step(text: Pick<Step, "what" | "sql" | "why">, isBlocking = false): Step {
  return { ...text, isBlocking, outsideTransaction: false };
}

/** A step that no transaction can hold; the application's writes go on. */
export function loneStep(text: Pick<Step, "what" | "sql" | "why">): Step {
  return { ...text, isBlocking: false, outsideTransaction: true };
}

// The requests of a privacy step, as ranges of its list of ids. What became of each is journaled: asked for, halved, or refused.
// A range is written `from-to`, counted from 0, `to` not included; the journal alone says what is left to do.
import { AppError, isObject, type PrivacyRequest } from "../../core/index.ts";
import type { PrivacyOperation, Step } from "../change-set/change-set.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A request that the provider took. */
export interface PrivacyTask extends Range {
  readonly task: string;
  readonly requestedAt: number;
  /** It was asked for more than once, because an answer got lost: another task may stand beside it that nobody here knows. */
  readonly isDoubtful: boolean;
}

/** As much of a journal as is read here. */
export interface JournalValues {
  get(key: string): unknown;
  keys(): Iterable<string>;
}

export type RangeState =
  | { readonly kind: "new" }
  /** Sent once at least; whether it was taken is not known. */
  | { readonly kind: "asked" }
  | { readonly kind: "taken"; readonly task: PrivacyTask }
  | { readonly kind: "halved" }
  | { readonly kind: "refused"; readonly reason: string };

const PREFIX = "range.";

/** Key of a range in the journal. */
export function rangeKey({ from, to }: Range): string {
  return `${PREFIX}${from}-${to}`;
}

/** What the journal says of a range. */
export function rangeState(journal: JournalValues, range: Range): RangeState {
  const value = journal.get(rangeKey(range));
  if (!isObject(value)) return { kind: "new" };
  const { task, requestedAt, isDoubtful } = value;
  if (typeof task === "string" && typeof requestedAt === "number")
    return { kind: "taken", task: { ...range, task, requestedAt, isDoubtful: isDoubtful === true } };
  if (typeof value["refused"] === "string") return { kind: "refused", reason: value["refused"] };
  return value["halved"] === true ? { kind: "halved" } : { kind: "asked" };
}

/** The halves of a range of two or more. */
export function halves({ from, to }: Range): readonly [Range, Range] {
  const middle = from + Math.ceil((to - from) / 2);
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

/** All requests that were taken, in the order of their ids. */
export function tasksOf(journal: JournalValues): readonly PrivacyTask[] {
  const tasks: PrivacyTask[] = [];
  for (const key of journal.keys()) {
    const found = /^range\.(\d+)-(\d+)$/.exec(key);
    if (!found) continue;
    const state = rangeState(journal, { from: Number(found[1]), to: Number(found[2]) });
    if (state.kind === "taken") tasks.push(state.task);
  }
  return tasks.sort((a, b) => a.from - b.from);
}

/** The operation of a privacy step. */
export function privacyOf({ operation }: Step): PrivacyOperation {
  if (operation.do === "privacy_delete" || operation.do === "privacy_retrieve") return operation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot make privacy requests by ${operation.do}`);
}

/** What is asked for about some people. */
export function requestOf(operation: PrivacyOperation, ids: readonly string[]): PrivacyRequest {
  const { compliance: law } = operation;
  return operation.do === "privacy_delete"
    ? { kind: "deletion", law, ids }
    : { kind: "retrieval", law, disclosure: operation.disclosure, ids };
}

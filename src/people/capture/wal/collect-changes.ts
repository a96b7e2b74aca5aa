// Collects the decoded stream into one change set per flush: link values coalesced, transactions whole. Pure.
import type { Watch } from "../../mapping/mapping.ts";
import { ChangeSet } from "../changes.ts";
import type { CapturePlan } from "../capture-plan.ts";
import type { MessageHandler, Relation, Tuple } from "./pgoutput.ts";

/** Changes of whole transactions, ready to become marks. */
export interface Collected {
  readonly changes: ChangeSet;
  /** Transactions behind them, as the stream names them. */
  readonly xids: ReadonlySet<number>;
  /** Position behind the last of them. */
  readonly endLsn: bigint;
  readonly rows: number;
}

interface Binding {
  readonly index: number;
  readonly watch: Watch;
}

/** Different values of one link that are kept; from here on everybody of the watch is compared instead. Bounds memory in a huge transaction. */
const VALUES_MAX = 1_000_000;

export class ChangeCollector implements MessageHandler {
  readonly #bindings = new Map<Relation, readonly Binding[]>();
  readonly #plan: CapturePlan;
  #changes = new ChangeSet();
  #xids = new Set<number>();
  #endLsn = 0n;
  #rows = 0;
  /** Watches whose column the stream lacked when it last described the table. */
  readonly #blind = new Set<Watch>();
  #isInTransaction = false;
  #hasCommitted = false;
  /** Tables that the mapping watches and whose stream lacks a watched column: the publication does not fit any more. */
  readonly unfit = new Set<string>();

  constructor(plan: CapturePlan) {
    this.#plan = plan;
  }

  /** Nothing that was seen is still to be written. */
  get isIdle(): boolean {
    return !this.#isInTransaction && !this.#hasCommitted;
  }

  /** At least one whole transaction is ready, and none is half. */
  get isReady(): boolean {
    return this.#hasCommitted && !this.#isInTransaction;
  }

  get size(): number {
    return this.#changes.size;
  }

  /** Takes what is ready. */
  take(): Collected {
    const taken = { changes: this.#changes, xids: this.#xids, endLsn: this.#endLsn, rows: this.#rows };
    this.#changes = new ChangeSet();
    this.#xids = new Set();
    this.#rows = 0;
    this.#hasCommitted = false;
    return taken;
  }

  begin(xid: number): void {
    this.#isInTransaction = true;
    this.#xids.add(xid);
  }

  commit(endLsn: bigint): void {
    this.#isInTransaction = false;
    this.#hasCommitted = true;
    this.#endLsn = endLsn;
  }

  relation(relation: Relation): void {
    this.#bind(relation);
  }

  change(relation: Relation, old: Tuple | undefined, next: Tuple | undefined): void {
    this.#rows += 1;
    for (const { index, watch } of this.#bindings.get(relation) ?? this.#bind(relation)) {
      const after = next?.[index];
      if (typeof after === "string") this.#add(watch, after);
      const before = old?.[index];
      if (typeof before === "string" && before !== after) this.#add(watch, before);
    }
  }

  truncate(relations: readonly Relation[]): void {
    for (const relation of relations)
      for (const { watch } of this.#bindings.get(relation) ?? this.#bind(relation))
        this.#changes.addEveryone(watch);
  }

  #add(watch: Watch, value: string): void {
    if (this.#changes.everyone.has(watch)) return;
    this.#changes.add(watch, value);
    const values = this.#changes.values.get(watch);
    if (values && values.size > VALUES_MAX) {
      values.clear();
      this.#changes.addEveryone(watch);
    }
  }

  #bind(relation: Relation): readonly Binding[] {
    const capture = this.#plan.tables.find(
      ({ table, method }) =>
        method === "wal" &&
        // A renamed table is still the same one until the mapping says otherwise.
        (table.oid === String(relation.oid) ||
          (table.schema === relation.schema && table.table === relation.table)),
    );
    const bindings = (capture?.watches ?? []).flatMap((watch): Binding[] => {
      const index = relation.columns.indexOf(watch.column);
      if (index < 0) this.unfit.add(`${relation.schema}.${relation.table}`);
      // Whom a change is about is not known without the column, nor whom those were about that came while it was away.
      if (index < 0 || this.#blind.has(watch)) this.#changes.addEveryone(watch);
      if (index < 0) this.#blind.add(watch);
      else this.#blind.delete(watch);
      return index < 0 ? [] : [{ index, watch }];
    });
    this.#bindings.set(relation, bindings);
    return bindings;
  }
}

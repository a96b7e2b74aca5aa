// Decodes messages of Postgres's logical replication plug-in `pgoutput`, protocol version 1, as far as keys are concerned.
// Source (read 2026-11): PostgreSQL 18 documentation, "Logical Replication Message Formats".

/** Columns of a published table, in the order of its tuples. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly replicaIdentity: string;
}

/** A tuple: text, `null`, or `undefined` where the value did not travel. */
export type Tuple = readonly (string | null | undefined)[];

export interface MessageHandler {
  begin(xid: number, commitLsn: bigint): void;
  /** `endLsn`: position behind the transaction; everything before it is in. */
  commit(endLsn: bigint): void;
  relation(relation: Relation): void;
  /** `old`: the old key or row, where one travelled; `next`: the new row, absent for a deletion. */
  change(relation: Relation, old: Tuple | undefined, next: Tuple | undefined): void;
  truncate(relations: readonly Relation[]): void;
}

const BYTE = {
  B: 66,
  C: 67,
  D: 68,
  I: 73,
  K: 75,
  M: 77,
  N: 78,
  O: 79,
  R: 82,
  T: 84,
  U: 85,
  Y: 89,
  n: 110,
  t: 116,
  u: 117,
} as const;

/** Reads one message after another; it remembers the relations that the stream has described. */
export class PgOutputDecoder {
  readonly #handler: MessageHandler;
  readonly #relations = new Map<number, Relation>();
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** Decodes the message that begins at `at`. An unknown kind is left alone, as the documentation asks. */
  decode(buffer: Buffer, at: number): void {
    this.#buffer = buffer;
    this.#at = at + 1;
    switch (buffer[at] ?? 0) {
      case BYTE.B: {
        const commitLsn = buffer.readBigUInt64BE(this.#at);
        this.#handler.begin(buffer.readUInt32BE(this.#at + 16), commitLsn);
        return;
      }
      case BYTE.C:
        // flags (1), LSN of the commit (8), LSN behind the transaction (8), time (8)
        this.#handler.commit(buffer.readBigUInt64BE(this.#at + 9));
        return;
      case BYTE.R:
        this.#relation();
        return;
      case BYTE.I: {
        const relation = this.#known();
        this.#at += 1;
        this.#handler.change(relation, undefined, this.#tuple());
        return;
      }
      case BYTE.U: {
        const relation = this.#known();
        const kind = buffer[this.#at];
        this.#at += 1;
        const hasOld = kind === BYTE.K || kind === BYTE.O;
        const old = hasOld ? this.#tuple() : undefined;
        if (hasOld) this.#at += 1;
        this.#handler.change(relation, old, this.#tuple());
        return;
      }
      case BYTE.D: {
        const relation = this.#known();
        this.#at += 1;
        this.#handler.change(relation, this.#tuple(), undefined);
        return;
      }
      case BYTE.T: {
        const count = buffer.readUInt32BE(this.#at);
        const relations: Relation[] = [];
        for (let index = 0; index < count; index++) {
          const relation = this.#relations.get(buffer.readUInt32BE(this.#at + 5 + 4 * index));
          if (relation) relations.push(relation);
        }
        this.#handler.truncate(relations);
        return;
      }
      default:
    }
  }

  #known(): Relation {
    const oid = this.#buffer.readUInt32BE(this.#at);
    this.#at += 4;
    const relation = this.#relations.get(oid);
    if (!relation)
      throw new Error(`pgoutput: a change of relation ${oid}, which the stream has not described`);
    return relation;
  }

  #text(): string {
    const end = this.#buffer.indexOf(0, this.#at);
    const text = this.#buffer.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #relation(): void {
    const oid = this.#buffer.readUInt32BE(this.#at);
    this.#at += 4;
    const schema = this.#text();
    const table = this.#text();
    const replicaIdentity = String.fromCharCode(this.#buffer[this.#at] ?? 0);
    const count = this.#buffer.readUInt16BE(this.#at + 1);
    this.#at += 3;
    const columns: string[] = [];
    for (let index = 0; index < count; index++) {
      this.#at += 1;
      columns.push(this.#text());
      this.#at += 8;
    }
    const relation = { oid, schema: schema === "" ? "pg_catalog" : schema, table, columns, replicaIdentity };
    this.#relations.set(oid, relation);
    this.#handler.relation(relation);
  }

  #tuple(): Tuple {
    const buffer = this.#buffer;
    const count = buffer.readUInt16BE(this.#at);
    let at = this.#at + 2;
    const values: (string | null | undefined)[] = [];
    for (let index = 0; index < count; index++) {
      const kind = buffer[at];
      at += 1;
      if (kind === BYTE.t) {
        const length = buffer.readUInt32BE(at);
        values.push(buffer.toString("utf8", at + 4, at + 4 + length));
        at += 4 + length;
      } else values.push(kind === BYTE.n ? null : undefined);
    }
    this.#at = at;
    return values;
  }
}

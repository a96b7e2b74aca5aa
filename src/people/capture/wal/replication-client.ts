// A replication connection: starts the stream of a slot, hands over its messages, answers keep-alives. Speaks the streaming replication protocol on
// top of `pg`'s connection; knows nothing of what the messages mean.
// Source (read 2026-11): PostgreSQL 18 documentation, "Streaming Replication Protocol".
import type { connect } from "node:net";
import pg from "pg";
import { formatLsn, type SystemIdentity } from "../exchange.ts";
import { quoteLiteral, quoteName } from "../../database/identifiers.ts";

export interface StreamHandler {
  /** A message of the plug-in, from `at` on. The buffer is only valid during the call. */
  message(buffer: Buffer, at: number): void;
  /** The server is alive and has nothing before `walEnd` that is still to be sent. */
  keepAlive(walEnd: bigint): void;
}

interface Connection {
  on(event: "copyData", listener: (message: { readonly chunk: Buffer }) => void): void;
  once(event: "replicationStart", listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  readonly stream: ReturnType<typeof connect>;
}

const XLOG_DATA = 0x77;
const KEEP_ALIVE = 0x6b;
/** Microseconds from 1970 to 2000, Postgres's own epoch. */
const POSTGRES_EPOCH_MICROSECONDS = 946_684_800_000_000n;

export class ReplicationClient {
  readonly #client: pg.Client;
  readonly #connection: Connection;
  #lastInboundAt = performance.now();
  #isPaused = false;
  /** Rejects when the connection ends. */
  readonly ended: Promise<never>;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#connection = (client as unknown as { readonly connection: Connection }).connection;
    this.ended = new Promise((_, reject) => {
      // Every one of them: an error that nobody listens for ends the process.
      client.on("error", reject);
      client.once("end", () => reject(new Error("the replication connection ended")));
    });
    // Whoever waits sees it; nobody may be waiting yet.
    this.ended.catch(() => undefined);
  }

  static async open(config: pg.ClientConfig): Promise<ReplicationClient> {
    // Session settings other than names do not matter here, and `options` is not taken by a replication connection of every pooler.
    const client = new pg.Client({ ...config, replication: "database" } as pg.ClientConfig);
    const replication = new ReplicationClient(client);
    await client.connect();
    return replication;
  }

  async identify(): Promise<SystemIdentity> {
    const { rows } = await this.#client.query<{ systemid: string; timeline: string }>("IDENTIFY_SYSTEM");
    return { systemId: rows[0]?.systemid ?? "", timeline: Number(rows[0]?.timeline ?? 0) };
  }

  /** Starts streaming; resolves once the server has begun. Rejects with Postgres's own error, for example `55000` for a lost slot. */
  async start(
    options: { readonly slot: string; readonly publication: string; readonly from: bigint },
    handler: StreamHandler,
  ): Promise<void> {
    const { slot, publication, from } = options;
    const started = new Promise<void>((resolve) => this.#connection.once("replicationStart", resolve));
    this.#connection.on("copyData", ({ chunk }) => this.#receive(chunk, handler));
    const query = this.#client.query(
      `START_REPLICATION SLOT ${quoteName(slot)} LOGICAL ${formatLsn(from)} (proto_version '1', publication_names ${quoteLiteral(quoteName(publication))})`,
    );
    // The query itself resolves only when the stream ends.
    await Promise.race([started, query]);
    query.catch(() => undefined);
  }

  #receive(chunk: Buffer, handler: StreamHandler): void {
    this.#lastInboundAt = performance.now();
    if (chunk[0] === XLOG_DATA) handler.message(chunk, 25);
    else if (chunk[0] === KEEP_ALIVE) handler.keepAlive(chunk.readBigUInt64BE(1));
  }

  /** Milliseconds without a word from the server, while it was allowed to speak. */
  get silentMs(): number {
    return this.#isPaused ? 0 : performance.now() - this.#lastInboundAt;
  }

  /** Tells the server what is safe: the log before it may go. */
  report(flushed: bigint, nowMs: number): void {
    const message = Buffer.alloc(34);
    message[0] = 0x72;
    message.writeBigUInt64BE(flushed, 1);
    message.writeBigUInt64BE(flushed, 9);
    message.writeBigUInt64BE(flushed, 17);
    message.writeBigInt64BE(BigInt(Math.trunc(nowMs)) * 1000n - POSTGRES_EPOCH_MICROSECONDS, 25);
    this.#connection.sendCopyFromChunk(message);
  }

  /** Back-pressure: the server waits while nothing is read. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection.stream.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#lastInboundAt = performance.now();
    this.#connection.stream.resume();
  }

  close(): void {
    // The stream has no end of its own: the socket is cut, and the server notices.
    this.#connection.stream.destroy();
  }
}

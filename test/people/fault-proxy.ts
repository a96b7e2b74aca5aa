// An HTTP proxy in front of the local Mixpanel that does to requests what networks do: loses answers, delays, repeats, refuses. It also sees which
// users have a request under way, and so whether two workers ever send for the same one at once.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { freePort } from "../support/system.ts";

/** An update of a profile as it stands in a request. */
export type SentUpdate = Readonly<Record<string, unknown>> & { readonly $distinct_id: string };

export interface SeenRequest {
  readonly updates: readonly SentUpdate[];
  readonly users: ReadonlySet<string>;
}

/** What becomes of a request. */
export type Fate =
  | {
      readonly kind: "pass";
      readonly delayMs?: number;
      readonly answerDelayMs?: number;
      readonly times?: number;
    }
  /** Nothing is stored. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** Stored; the connection ends without an answer, or with one that does not say so. */
  | { readonly kind: "cut"; readonly status?: number; readonly body?: unknown }
  /** The connection ends at once, and the request arrives later all the same. */
  | { readonly kind: "late"; readonly ms: number };

export interface FaultProxy {
  readonly url: string;
  /** Every request so far. */
  readonly seen: readonly SeenRequest[];
  /** Users for whom a second request came while a first was under way. */
  readonly overlaps: readonly string[];
  fate: (seen: SeenRequest) => Fate;
  /** Refuses connections until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** Waits until what was held back has arrived. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const PASS: Fate = { kind: "pass" };

class Proxy implements FaultProxy {
  readonly #target: string;
  readonly #port: number;
  readonly #late = new Set<Promise<unknown>>();
  readonly #underWay = new Map<string, number>();
  #server = createServer();
  readonly seen: SeenRequest[] = [];
  readonly overlaps: string[] = [];
  fate: (seen: SeenRequest) => Fate = () => PASS;

  constructor(target: string, port: number) {
    this.#target = target;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    this.#server = createServer((from, to) => void this.#handle(from, to).catch(() => to.destroy()));
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async shut(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#late);
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.shut();
    await this.settled();
  }

  #begin({ users }: SeenRequest): () => void {
    for (const user of users) {
      const count = this.#underWay.get(user) ?? 0;
      if (count > 0) this.overlaps.push(user);
      this.#underWay.set(user, count + 1);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const user of users) this.#underWay.set(user, (this.#underWay.get(user) ?? 1) - 1);
    };
  }

  async #store(
    from: IncomingMessage,
    body: Buffer,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await request(`${this.#target}${from.url ?? "/"}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  async #handle(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of from) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const updates = JSON.parse(body.toString("utf8")) as readonly SentUpdate[];
    // Where this process was held up, the end of one request and the next request are read at once: the end comes first.
    for (let turn = 0; turn < 3; turn += 1) await setImmediate();
    if (to.destroyed) return;
    const seen = { updates, users: new Set(updates.map(({ $distinct_id: id }) => id)) };
    this.seen.push(seen);
    const end = this.#begin(seen);
    // A sender that went away has nothing under way any more.
    to.once("close", end);
    try {
      await this.#meet(this.fate(seen), { from, to, body });
    } finally {
      end();
    }
  }

  async #meet(
    fate: Fate,
    {
      from,
      to,
      body,
    }: { readonly from: IncomingMessage; readonly to: ServerResponse; readonly body: Buffer },
  ): Promise<void> {
    if (fate.kind === "answer") {
      to.writeHead(fate.status, { "content-type": "application/json", ...fate.headers });
      to.end(JSON.stringify(fate.body ?? {}));
      return;
    }
    if (fate.kind === "late") {
      to.destroy();
      const late = sleep(fate.ms).then(() => this.#store(from, body));
      this.#late.add(late);
      await late.finally(() => this.#late.delete(late));
      return;
    }
    if (fate.kind === "cut") {
      await this.#store(from, body);
      if (fate.status === undefined) to.destroy();
      else to.writeHead(fate.status).end(JSON.stringify(fate.body ?? {}));
      return;
    }
    if (fate.delayMs !== undefined) await sleep(fate.delayMs);
    let answer = await this.#store(from, body);
    for (let again = 1; again < (fate.times ?? 1); again += 1) answer = await this.#store(from, body);
    if (fate.answerDelayMs !== undefined) await sleep(fate.answerDelayMs);
    to.writeHead(answer.status, { "content-type": "application/json" });
    to.end(answer.text);
  }
}

/** Starts a proxy on a port that stays its own over an outage. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new Proxy(target, await freePort());
  await proxy.open();
  return proxy;
}

// A light client that behaves like a browser SDK on the wire, and remembers exactly what was acknowledged.
import { Agent, request } from "undici";

export interface LoadOptions {
  readonly gatewayUrl: string;
  readonly token: string;
  /** Items in one request. */
  readonly batch: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Makes the n-th item (from 0) and names it. */
  item(index: number): { readonly id: string; readonly body: object };
  readonly path: "/track/" | "/engage/";
  /** Stop after this many items; absent: until `stop`. */
  readonly total?: number;
}

export interface Load {
  /** Ids of items in requests that were answered 200 and `1`. */
  readonly acknowledged: Set<string>;
  /** Ids that were sent at least once. */
  readonly sent: Set<string>;
  /** Requests that were refused or broken. */
  failures(): number;
  /** Waits until all items are sent, or, after `stop`, until what is under way has ended. */
  readonly done: Promise<void>;
  stop(): void;
}

const PAUSE_AFTER_FAILURE_MS = 10;

/** Starts sending. A failed request is counted and not repeated: its items are then neither acknowledged nor lost. */
export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ connections: options.concurrency, pipelining: 1, connectTimeout: 1000 });
  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  let next = 0;
  let failures = 0;
  const stop = new AbortController();

  async function sendOne(): Promise<void> {
    const count = Math.min(options.batch, (options.total ?? Number.POSITIVE_INFINITY) - next);
    const items = Array.from({ length: count }, () => options.item(next++));
    for (const item of items) sent.add(item.id);
    const data = Buffer.from(JSON.stringify(items.map((item) => item.body))).toString("base64");
    try {
      const answer = await request(`${options.gatewayUrl}${options.path}?ip=1`, {
        method: "POST",
        dispatcher: agent,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `data=${encodeURIComponent(data)}`,
      });
      const text = await answer.body.text();
      if (answer.statusCode === 200 && text === "1") for (const item of items) acknowledged.add(item.id);
      else failures += 1;
    } catch {
      // Refused or cut: the gateway is down at this moment. Expected here, and counted.
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE_MS));
    }
  }

  async function lane(): Promise<void> {
    while (!stop.signal.aborted && next < (options.total ?? Number.POSITIVE_INFINITY)) await sendOne();
  }

  const lanes = Promise.all(Array.from({ length: options.concurrency }, () => lane()));
  return {
    acknowledged,
    sent,
    failures: () => failures,
    done: lanes.then(() => agent.close()),
    stop: () => stop.abort(),
  };
}

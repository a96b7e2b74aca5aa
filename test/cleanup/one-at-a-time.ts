// A proxy before the local Mixpanel that looks at every profile update: whether two requests for one profile were ever under way at once.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { request } from "undici";

export interface Watch {
  readonly url: string;
  /** Profiles for which a second request came before the first was over. */
  readonly overlaps: ReadonlySet<string>;
  readonly updates: number;
  close(): Promise<void>;
}

interface Update {
  readonly $distinct_id?: string;
}

/** Starts the proxy. */
export async function watchUpdates(target: string): Promise<Watch> {
  const underWay = new Set<string>();
  const overlaps = new Set<string>();
  let updates = 0;

  /** Answers what to call when it is over. */
  function enter(body: Buffer, answer: ServerResponse): () => void {
    const list = JSON.parse(body.toString("utf8")) as readonly Update[];
    const ids = new Set(list.map(({ $distinct_id: id = "" }) => id));
    updates += list.length;
    for (const id of ids) {
      if (underWay.has(id)) overlaps.add(id);
      underWay.add(id);
    }
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      for (const id of ids) underWay.delete(id);
    };
    // Its sender may be gone before it is answered.
    answer.once("close", over);
    return over;
  }

  async function forward(asked: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<void> {
    const { host: _, connection: __, "content-length": ___, ...headers } = asked.headers;
    const got = await request(`${target}${asked.url ?? "/"}`, {
      method: asked.method === "POST" ? "POST" : "GET",
      headers: headers as Record<string, string>,
      ...(body.length === 0 ? {} : { body }),
    });
    const bytes = Buffer.from(await got.body.arrayBuffer());
    const { "retry-after": retryAfter, "content-type": type } = got.headers;
    answer.writeHead(got.statusCode, {
      ...(typeof retryAfter === "string" ? { "retry-after": retryAfter } : {}),
      ...(typeof type === "string" ? { "content-type": type } : {}),
    });
    answer.end(bytes);
  }

  async function pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(asked);
    const over = asked.url?.startsWith("/engage") ? enter(body, answer) : undefined;
    try {
      await forward(asked, body, answer);
    } finally {
      // At once: that its connection is closed is told here only after its sender may have begun anew.
      over?.();
    }
  }

  const server = createServer((asked, answer) => {
    // A connection that was cut behind the proxy is cut before it.
    pass(asked, answer).catch(() => answer.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    overlaps,
    get updates() {
      return updates;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

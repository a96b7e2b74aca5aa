// A Mixpanel that answers as the test says, over real HTTP. For outcomes that no healthy server gives on demand.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

export interface SeenRequest {
  readonly route: string;
  readonly headers: IncomingMessage["headers"];
  readonly query: URLSearchParams;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

/** `cut`: the connection ends without an answer. `hang`: no answer, ever. */
export type Script = (
  request: SeenRequest,
) =>
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | "cut"
  | "hang";

export interface ScriptedMixpanel {
  readonly url: string;
  readonly requests: SeenRequest[];
  script: Script;
  close(): Promise<void>;
}

/** What Mixpanel answers when all is well. */
export function accept({ route, items }: SeenRequest): { status: number; body: unknown } {
  return route === "import"
    ? { status: 200, body: { code: 200, num_records_imported: items.length, status: "OK" } }
    : { status: 200, body: { error: null, status: 1 } };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const sent = Buffer.concat(chunks);
  const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent).toString("utf8");
  const url = new URL(request.url ?? "/", "http://localhost");
  const isLines = request.headers["content-type"] === "application/x-ndjson";
  const items = (
    isLines
      ? text
          .split("\n")
          .filter((line) => line !== "")
          .map((line): unknown => JSON.parse(line))
      : JSON.parse(text)
  ) as SeenRequest["items"];
  return { route: url.pathname.slice(1), headers: request.headers, query: url.searchParams, items };
}

export async function startScripted(script: Script = accept): Promise<ScriptedMixpanel> {
  const requests: SeenRequest[] = [];
  const scripted = { url: "", requests, script, close: () => Promise.resolve() };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = await readRequest(request);
    requests.push(seen);
    const answer = scripted.script(seen);
    if (answer === "hang") return;
    if (answer === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {}));
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  scripted.url = `http://127.0.0.1:${address.port}`;
  scripted.close = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return scripted;
}

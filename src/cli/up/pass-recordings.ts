// Session recordings, when the configuration says to pass them on: bytes through, untouched, to the first destination's host.
// They are not journaled: a recording is large, and the SDK keeps what was not answered with 200.
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as send } from "undici";
import type { Log } from "../../core/index.ts";
import type { Config } from "../config/config.ts";

const TIMEOUT_MS = 90_000;
const PASSED_HEADERS = ["authorization", "content-type", "content-encoding"] as const;

export type PassRecording = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Makes the function that passes one request on; `undefined` when the configuration refuses recordings. */
export function passRecordings(config: Config, log: Log): PassRecording | undefined {
  const [destination] = config.destinations;
  if (config.gateway.record === "refuse" || destination === undefined) return undefined;
  const host = destination.host.replace(/\/+$/, "");
  const credential = `Basic ${Buffer.from(`${destination.token}:`).toString("base64")}`;
  return async (request, response) => {
    const query = request.url?.includes("?") === true ? request.url.slice(request.url.indexOf("?")) : "";
    const headers: Record<string, string> = {};
    for (const name of PASSED_HEADERS) {
      const value = request.headers[name];
      if (typeof value === "string") headers[name] = value;
    }
    // The page knows the source's token, the provider the project's.
    headers["authorization"] = credential;
    try {
      const answer = await send(`${host}/record/${query}`, {
        method: "POST",
        headers,
        body: request,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      response.writeHead(answer.statusCode, { "content-type": "application/json" });
      for await (const chunk of answer.body) response.write(chunk);
      response.end();
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.name : "" }, "a recording could not be passed on");
      response.writeHead(503, { "content-type": "application/json", "retry-after": "2" }).end("{}");
    }
  };
}

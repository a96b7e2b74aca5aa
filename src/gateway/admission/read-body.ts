// Takes in a body up to a limit. Never holds more than the limit, and lets go of a request that goes over it.
import type { IncomingMessage } from "node:http";

export type BodyResult =
  | { readonly kind: "body"; readonly body: Buffer }
  | { readonly kind: "too-large" }
  /** The client went away in the middle. */
  | { readonly kind: "aborted" };

const EMPTY = Buffer.alloc(0);

/** Reads the whole body. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyResult> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) return Promise.resolve({ kind: "too-large" });
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        chunks = [];
        request.pause();
        resolve({ kind: "too-large" });
      } else chunks.push(chunk);
    });
    request.on("end", () => {
      const [first = EMPTY] = chunks;
      resolve({ kind: "body", body: chunks.length <= 1 ? first : Buffer.concat(chunks, length) });
    });
    request.on("error", () => resolve({ kind: "aborted" }));
    request.on("close", () => resolve({ kind: "aborted" }));
  });
}

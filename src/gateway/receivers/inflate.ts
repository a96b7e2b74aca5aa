// Unpacks a compressed body without ever holding more than the limit.
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

export type Inflated =
  | { readonly kind: "body"; readonly body: Uint8Array }
  | { readonly kind: "too-large"; readonly limitBytes: number }
  | { readonly kind: "undecodable"; readonly reason: string };

const UNPACK = new Map([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", inflateSync],
  ["br", brotliDecompressSync],
]);

/** Unpacks by the Content-Encoding header; an empty one or `identity` gives the body back. */
export function inflate(body: Uint8Array, encoding: string, limitBytes: number): Inflated {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return { kind: "body", body };
  const unpack = UNPACK.get(name);
  if (!unpack) return { kind: "undecodable", reason: "content encoding is not supported" };
  try {
    return { kind: "body", body: unpack(body, { maxOutputLength: limitBytes }) };
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return tooLarge
      ? { kind: "too-large", limitBytes }
      : { kind: "undecodable", reason: "body is not what its encoding says" };
  }
}

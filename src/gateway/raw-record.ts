// What the journal keeps: one HTTP request as it was received, before anyone understood it.
// Layout: header length (u32 little endian), header as JSON in UTF-8, body bytes untouched.
import type { EpochMs } from "../core/index.ts";

/** Name of the log that admission writes and the judge reads. */
export const RAW_LOG = "raw";

export interface RawHeader {
  /** Kind of the receiver that can decode it. */
  readonly receiver: string;
  /** The receiver's own name for the route, for example `track`. */
  readonly route: string;
  readonly receivedAt: EpochMs;
  /** Query string without `?`. */
  readonly query: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** After trusted proxies; empty where the setting says to drop it. */
  readonly clientAddress: string;
  readonly userAgent: string;
  /** Origin of the page, where a browser on another origin sent it. */
  readonly origin?: string;
  /** Token from an Authorization header, where the route takes one; empty otherwise. */
  readonly credential: string;
}

export interface RawRecord {
  readonly header: RawHeader;
  readonly body: Uint8Array;
}

const LENGTH_BYTES = 4;

/** Writes one raw record. */
export function encodeRaw(header: RawHeader, body: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + text.length + body.length);
  bytes.writeUInt32LE(text.length, 0);
  text.copy(bytes, LENGTH_BYTES);
  bytes.set(body, LENGTH_BYTES + text.length);
  return bytes;
}

/** Reads one raw record; the body is a view on `bytes`. */
export function decodeRaw(bytes: Uint8Array): RawRecord {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = LENGTH_BYTES + view.readUInt32LE(0);
  const header = JSON.parse(view.toString("utf8", LENGTH_BYTES, end)) as RawHeader;
  return { header, body: view.subarray(end) };
}

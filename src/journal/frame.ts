// How one log record lies on disk: CRC-32 of the rest (u32), time of the append (f64 ms), the bytes.
// A record whose sum does not fit is never handed out.
import { crc32 } from "node:zlib";
import type { EpochMs } from "../core/index.ts";

const SUM_BYTES = 4;
const HEAD_BYTES = SUM_BYTES + 8;

/** Puts a head before the bytes of one record. */
export function frame(bytes: Uint8Array, at: EpochMs): Buffer {
  const framed = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
  framed.writeDoubleLE(at, SUM_BYTES);
  framed.set(bytes, HEAD_BYTES);
  framed.writeUInt32LE(crc32(framed.subarray(SUM_BYTES)), 0);
  return framed;
}

/** The bytes of one record as a view, or `undefined` when they are not what was written. */
export function unframe(framed: Buffer): Uint8Array | undefined {
  if (framed.length < HEAD_BYTES) return undefined;
  if (framed.readUInt32LE(0) !== crc32(framed.subarray(SUM_BYTES))) return undefined;
  return framed.subarray(HEAD_BYTES);
}

/** Time of the append; meaningless for a record that {@link unframe} refuses. */
export function frameTime(framed: Buffer): EpochMs {
  return framed.length < HEAD_BYTES ? 0 : framed.readDoubleLE(SUM_BYTES);
}

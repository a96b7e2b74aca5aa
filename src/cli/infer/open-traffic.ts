// Where traffic comes from: a file, a compressed file, stdin, or Mixpanel's raw export. All as pieces of bytes.
import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { request } from "undici";
import { AppError, gunzipStream } from "../../core/index.ts";
import { exportOrigin } from "../../providers/index.ts";

/** Bytes read at once: larger pieces fall out of the processor's cache while their lines are parsed. */
const PIECE_BYTES = 64 * 1024;
const EXPORT_TIMEOUT_MS = 300_000;

export interface TrafficInput {
  readonly name: string;
  readonly bytes: AsyncIterable<Buffer>;
  /** Undefined where nobody knows. */
  readonly sizeBytes: number | undefined;
  /** Bytes of the source taken so far. */
  readonly takenBytes: () => number;
}

function counting(name: string, stream: Readable, sizeBytes: number | undefined): TrafficInput {
  let taken = 0;
  const isPacked = name.endsWith(".gz");
  stream.on("data", (piece: Buffer) => {
    taken += piece.length;
  });
  stream.pause();
  const unpacked = isPacked ? gunzipStream() : undefined;
  if (unpacked !== undefined) {
    stream.on("error", (error) => unpacked.destroy(error));
    stream.pipe(unpacked);
  }
  return { name, bytes: (unpacked ?? stream) as AsyncIterable<Buffer>, sizeBytes, takenBytes: () => taken };
}

/** A folder, a broken archive, a connection that went away: of the input, not of this program. */
export function withReason(cause: unknown, name: string): unknown {
  if (!(cause instanceof Error) || !("code" in cause) || cause instanceof AppError) return cause;
  return new AppError("INPUT_UNREADABLE", `Cannot read ${name}: ${cause.message}`, { cause });
}

/**
 * Opens a file, or stdin for `-`.
 *
 * @throws {AppError} `INPUT_UNREADABLE` when it cannot be read.
 */
export function openTraffic(path: string): TrafficInput {
  if (path === "-") return counting("stdin", process.stdin, undefined);
  try {
    const { size } = statSync(path);
    return counting(path, createReadStream(path, { highWaterMark: PIECE_BYTES }), size);
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", `Cannot read ${path}`, { cause });
  }
}

export interface ExportOptions {
  readonly host: string;
  readonly projectId: number;
  readonly username: string;
  readonly secret: string;
  /** `YYYY-MM-DD`, inclusive. */
  readonly from: string;
  readonly to: string;
}

/**
 * Opens Mixpanel's raw export.
 *
 * @throws {AppError} `EXPORT_REFUSED` when the host does not answer with an export.
 */
export async function openExport(options: ExportOptions): Promise<TrafficInput> {
  const { host, projectId, username, secret, from, to } = options;
  const query = new URLSearchParams({ project_id: String(projectId), from_date: from, to_date: to });
  const name = `raw export of ${new URL(host).host}`;
  const answer = await request(`${exportOrigin(host)}/api/2.0/export?${query.toString()}`, {
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`,
      "accept-encoding": "gzip",
    },
    headersTimeout: EXPORT_TIMEOUT_MS,
    bodyTimeout: EXPORT_TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw new AppError("EXPORT_REFUSED", `Cannot read the ${name}: it cannot be reached`, { cause });
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    throw new AppError("EXPORT_REFUSED", `Cannot read the ${name}: it answered ${answer.statusCode}`, {
      details: { status: answer.statusCode },
    });
  }
  const isPacked = answer.headers["content-encoding"] === "gzip";
  return counting(isPacked ? `${name}.gz` : name, answer.body, undefined);
}

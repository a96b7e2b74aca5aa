// Errors of the operating system that a person can do something about, as errors of the project.
import { AppError } from "../../core/index.ts";

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "this user may not use that port",
  EADDRNOTAVAIL: "this machine does not have that address",
};

/** The project's error for an address that cannot be listened on; any other value as it is. */
export function withKnownCause(error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error) || error.syscall !== "listen") return error;
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const place = port === undefined ? String(address) : `${address ?? ""}:${port}`;
  const reason = LISTEN_REASONS[code ?? ""] ?? error.message;
  return new AppError("ADDRESS_UNUSABLE", `Cannot listen on ${place}: ${reason}`, { cause: error });
}

// The token in an Authorization header: Basic user name or Bearer value.
import type { IncomingMessage } from "node:http";

const SCHEME = /^(basic|bearer)\s+(.+)$/i;

/** The token, or an empty string. A Basic password is ignored: tokens come as user name with an empty one. */
export function readCredential(request: IncomingMessage): string {
  const found = SCHEME.exec(request.headers.authorization ?? "");
  const value = found?.[2] ?? "";
  if (found?.[1]?.toLowerCase() !== "basic") return value;
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? text : text.slice(0, colon);
}

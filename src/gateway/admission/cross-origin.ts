// CORS for browsers on other origins: listed ones only, named exactly, with credentials as the SDK's requests need.
// Source: mixpanel-browser 2.83.0 sends with credentials; flags, record and settings add Authorization and traceparent.
import type { IncomingMessage } from "node:http";

/**
 * The page's own origin, or `undefined` for a request that no page on another origin made. `isFromProxy`: the connection is a
 * configured proxy's, so that its `X-Forwarded-Host` is the host that the page asked for.
 */
export function foreignOrigin(request: IncomingMessage, isFromProxy: boolean): string | undefined {
  const { origin, host } = request.headers;
  if (origin === undefined) return undefined;
  if (!URL.canParse(origin)) return origin;
  const own = isFromProxy ? (request.headers["x-forwarded-host"] ?? host) : host;
  return new URL(origin).host === own ? undefined : origin;
}

/** Headers for a listed origin. `Vary` keeps shared caches from giving them to another. */
export function crossOriginHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "Retry-After",
    vary: "Origin",
  };
}

/** Answers of a preflight request. */
export function preflightHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    ...crossOriginHeaders(origin),
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers":
      "authorization, content-type, content-encoding, traceparent, tracestate, x-requested-with",
    "access-control-max-age": "86400",
  };
}

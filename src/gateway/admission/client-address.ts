// Whose request it is. Forwarded headers are believed only as far as the configured proxies reach.
import ipaddr from "ipaddr.js";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Parses addresses and CIDR ranges, for example `10.0.0.0/8` or `::1`. Throws on anything else. */
export function parseProxyRanges(texts: readonly string[]): readonly Range[] {
  return texts.map((text) => {
    if (text.includes("/")) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === "ipv4" ? 32 : 128];
  });
}

/** Normal spelling of an address (IPv4 in IPv6 becomes IPv4), or `undefined` for something else. */
function normal(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const trimmed = text.trim();
  return ipaddr.isValid(trimmed) ? ipaddr.process(trimmed) : undefined;
}

function isProxy(address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Range[]): boolean {
  return ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits));
}

/** Whether a connection's address is a configured proxy's. */
export function isProxyAddress(remote: string, ranges: readonly Range[]): boolean {
  const address = normal(remote);
  return address !== undefined && isProxy(address, ranges);
}

/**
 * The right-most address that is not a configured proxy: of the connection, then of `X-Forwarded-For` from the right.
 *
 * @returns The address, or an empty string when there is none that can be believed.
 */
export function clientAddress(
  remote: string,
  forwardedFor: string | undefined,
  ranges: readonly Range[],
): string {
  let address = normal(remote);
  const hops = forwardedFor?.split(",") ?? [];
  while (address && isProxy(address, ranges) && hops.length > 0) address = normal(hops.pop() ?? "");
  return address?.toString() ?? "";
}

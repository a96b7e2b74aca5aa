// Copy on write for payload objects: a clean one is never copied, and no member is ever deleted from a copy (that is slow).
// Safe for hostile names because those are never copied: the caller starts a copy at the first of them.

/** Copies the members that stand before `stop`. */
export function copyBefore(object: Readonly<Record<string, unknown>>, stop: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name in object) {
    if (name === stop) break;
    out[name] = object[name];
  }
  return out;
}

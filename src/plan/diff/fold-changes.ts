// One edit, one change: a shared property or a default changes every event that uses it, and is told once.
import type { PlanChange } from "./plan-diff.ts";

const PROPERTY = /^events\.([^.]+)\.properties\.(.+)$/;
const POLICY = /^events\.([^.]+)\.(unknown_property|invalid_property|missing_property)$/;

interface Fold {
  readonly key: string;
  readonly event: string;
  /** Path of what the events share. */
  readonly at: string;
}

function foldOf({ kind, at, before, after, where }: PlanChange): Fold | undefined {
  const [, owner, name] = PROPERTY.exec(at) ?? [];
  if (owner !== undefined && name !== undefined && where !== undefined)
    return {
      key: JSON.stringify([kind, name, before, after, where.file, where.line, where.column]),
      event: owner,
      at: `properties.${name}`,
    };
  const [, event, policy] = POLICY.exec(at) ?? [];
  if (event !== undefined && policy !== undefined)
    return { key: JSON.stringify([kind, policy, before, after]), event, at: `defaults.${policy}` };
  return undefined;
}

/** Puts changes with one cause together; the order stays that of the first. */
export function foldChanges(changes: readonly PlanChange[]): readonly PlanChange[] {
  const groups = new Map<string, { readonly fold: Fold; readonly all: PlanChange[] }>();
  for (const [index, change] of changes.entries()) {
    const fold = foldOf(change) ?? { key: `${index}`, event: "", at: change.at };
    const known = groups.get(fold.key);
    if (known === undefined) groups.set(fold.key, { fold, all: [change] });
    else known.all.push(change);
  }
  return [...groups.values()].flatMap(({ fold, all }) => {
    const [first] = all;
    if (first === undefined) return [];
    if (all.length === 1) return [first];
    const events = all.flatMap((change) => foldOf(change)?.event ?? []);
    const { where: _where, ...rest } = first;
    const place = fold.at.startsWith("defaults.") ? {} : { where: first.where };
    const sources = [...new Set(all.flatMap((change) => change.sources))];
    return [{ ...rest, at: fold.at, sources, events, ...place } as PlanChange];
  });
}

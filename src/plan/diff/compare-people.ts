// Profile properties of two plans, of users and of groups, matched by id.
import type { Lock, LockProfileProperty, Owner, ProfileOperation } from "../lock.ts";
import { PROFILE_OPERATIONS } from "../lock.ts";
import type { Change, ChangeKind } from "./change-table.ts";
import { compareDataClass, compareOldNames, compareTexts } from "./compare-care.ts";
import { compareTypes } from "./compare-types.ts";

type People = Readonly<Record<string, LockProfileProperty>>;
interface Sides {
  readonly base: Lock;
  readonly head: Lock;
}

/** How much an owner is trusted. */
const TRUST: Readonly<Record<Owner, number>> = { client: 0, server: 1, state: 1 };

function compareOwner(before: Owner, after: Owner, at: string): readonly Change[] {
  if (before === after) return [];
  const difference = TRUST[after] - TRUST[before];
  const kind: ChangeKind =
    difference > 0 ? "owner-tightened" : difference < 0 ? "owner-loosened" : "owner-changed";
  return [{ kind, at, detail: `${before} → ${after}` }];
}

function compareOperations(
  before: LockProfileProperty,
  after: LockProfileProperty,
  at: string,
): readonly Change[] {
  const all: readonly ProfileOperation[] = PROFILE_OPERATIONS;
  const [was, is] = [before.operations ?? all, after.operations ?? all];
  return [
    ...was
      .filter((one) => !is.includes(one))
      .map((one): Change => ({ kind: "operation-removed", at, detail: `\`${one}\`` })),
    ...is
      .filter((one) => !was.includes(one))
      .map((one): Change => ({ kind: "operation-added", at, detail: `\`${one}\`` })),
  ];
}

function compareSources(
  before: LockProfileProperty,
  after: LockProfileProperty,
  at: string,
): readonly Change[] {
  const [was, is] = [before.sources, after.sources];
  if (was === undefined && is === undefined) return [];
  if (was === undefined)
    return [{ kind: "source-dropped", at, detail: `Only ${(is ?? []).join(", ")} may write it` }];
  if (is === undefined)
    return [{ kind: "source-gained", at, detail: "Every source of its owner may write it" }];
  const gone = was.filter((source) => !is.includes(source));
  const added = is.filter((source) => !was.includes(source));
  return [
    ...(gone.length === 0 ? [] : [{ kind: "source-dropped", at, sources: gone } as const]),
    ...(added.length === 0 ? [] : [{ kind: "source-gained", at, sources: added } as const]),
  ];
}

function compareProperty(
  { base, head }: Sides,
  [before, after]: readonly [LockProfileProperty, LockProfileProperty],
  at: string,
): readonly Change[] {
  const renamed: readonly Change[] =
    before.name === after.name
      ? []
      : [
          {
            kind: after.was.includes(before.name)
              ? "profile-property-renamed"
              : "profile-property-renamed-without-was",
            at,
            detail: `\`${before.name}\` → \`${after.name}\``,
          },
        ];
  return [
    ...renamed,
    ...compareOwner(before.owner, after.owner, at),
    ...compareOperations(before, after, at),
    ...compareSources(before, after, at),
    ...compareTypes(before.type, after.type, at),
    ...compareDataClass([base, before.data], [head, after.data], at),
    ...compareOldNames(before, after, at),
    ...compareTexts(
      before.description === undefined ? {} : { description: before.description },
      after.description === undefined ? {} : { description: after.description },
      at,
    ),
  ];
}

function compareSection(
  sides: Sides,
  [before, after]: readonly [People, People],
  section: string,
): readonly Change[] {
  const changes: Change[] = [];
  const namesBefore = new Map(Object.entries(before).map(([id, { name }]) => [name, id]));
  for (const [id, property] of Object.entries(after)) {
    const at = `${section}.${id}`;
    const old = before[id];
    const holder = namesBefore.get(property.name);
    if (holder !== undefined && holder !== id)
      changes.push({ kind: "name-reused", at, detail: `\`${property.name}\` was \`${holder}\`` });
    else if (old === undefined) changes.push({ kind: "profile-property-added", at });
    if (old !== undefined) changes.push(...compareProperty(sides, [old, property], at));
  }
  const namesAfter = new Set(Object.values(after).map(({ name }) => name));
  for (const [id, { name }] of Object.entries(before))
    if (!Object.hasOwn(after, id) && !namesAfter.has(name))
      changes.push({ kind: "profile-property-removed", at: `${section}.${id}` });
  return changes;
}

/** Every difference between the profile properties of two plans. */
export function comparePeople(sides: Sides): readonly Change[] {
  const { base, head } = sides;
  const groups = [...new Set([...Object.keys(base.groups), ...Object.keys(head.groups)])].sort();
  return [
    ...compareSection(sides, [base.people, head.people], "people"),
    ...groups.flatMap((key) =>
      compareSection(sides, [base.groups[key] ?? {}, head.groups[key] ?? {}], `groups.${key}`),
    ),
  ];
}

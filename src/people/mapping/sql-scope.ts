// What names mean inside of a query: the items of each level's `from`, the common tables in reach, and the level around. Pure.

/** A column of a mention, or of what a subquery answers. */
export type Place = string;

export interface Item {
  readonly alias: string;
  readonly columns: ReadonlyMap<string, Place | undefined>;
  /** It may have columns of which nothing is known. */
  readonly isOpaque: boolean;
}

export interface CommonTable {
  readonly query: unknown;
  readonly columns: readonly string[];
  readonly common: Common;
  readonly isRecursive: boolean;
}
export type Common = ReadonlyMap<string, CommonTable>;

export interface Level {
  readonly parent: Level | undefined;
  readonly items: Item[];
  /** Columns that `using` has made one. */
  readonly merged: Map<string, Place>;
  readonly common: Common;
}

export interface Found {
  readonly place: Place;
  readonly item: Item | undefined;
  readonly isLocal: boolean;
}

/** What a name means: in this level, else in those around it; `undefined` where that is not sure. */
export function findPlace(parts: readonly string[] | undefined, level: Level): Found | undefined {
  if (!parts) return undefined;
  const column = parts.at(-1) ?? "";
  const alias = parts.length > 1 ? parts.at(-2) : undefined;
  for (let at: Level | undefined = level; at; at = at.parent) {
    const isLocal = at === level;
    const merged = alias === undefined ? at.merged.get(column) : undefined;
    if (merged !== undefined) return { place: merged, item: undefined, isLocal };
    const items = at.items.filter((item) =>
      alias === undefined ? item.columns.has(column) : item.alias === alias,
    );
    const [item] = items;
    if (item && items.length === 1) {
      const place = item.columns.get(column);
      return place === undefined ? undefined : { place, item, isLocal };
    }
    if (items.length > 1 || (alias === undefined && at.items.some(({ isOpaque }) => isOpaque)))
      return undefined;
  }
  return undefined;
}

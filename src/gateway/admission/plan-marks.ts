// The marks of one request: which users are to be marked, and which marks are refused at once. Pure.
// A mark is carried out before the answer and judged by nobody later, so the plan's word on its id is asked for here.
import type { PeopleMarks } from "../../core/index.ts";
import type { JudgedUserId } from "../judge/judge-user-id.ts";
import type { ItemRefusal, ReceivedItem } from "../receiver.ts";
import type { SourceTable } from "../sources.ts";

/** What the door needs to take marks. */
export interface MarkTaker {
  readonly marks: PeopleMarks;
  /** The plan's word on an id that a source names. */
  readonly judgeUserId: (named: { readonly source: string; readonly id: string }) => JudgedUserId;
}

export interface PlannedMarks {
  /** Each once. */
  readonly userIds: readonly string[];
  readonly cause: string;
  /** By index of the item. */
  readonly refused: ReadonlyMap<number, ItemRefusal>;
}

const NO_DATABASE: ItemRefusal = { reason: "no people database is configured" };
/** Tables that a cause repeats; more would not be read. */
const TABLES_SHOWN_MAX = 10;

function causeOf(source: string, tables: ReadonlySet<string>): string {
  const named = [...tables].toSorted().slice(0, TABLES_SHOWN_MAX);
  const rest = tables.size > named.length ? ", …" : "";
  return named.length === 0 ? `gateway: ${source}` : `gateway: ${source}: ${named.join(", ")}${rest}`;
}

/** Plans the marks of a request; `undefined` where it has none. */
export function planMarks(
  items: readonly ReceivedItem[],
  sources: SourceTable,
  taker: MarkTaker | undefined,
): PlannedMarks | undefined {
  if (!items.some(({ kind }) => kind === "mark")) return undefined;
  const userIds = new Set<string>();
  const tables = new Set<string>();
  const refused = new Map<number, ItemRefusal>();
  let from = "";
  for (const [index, item] of items.entries()) {
    if (item.kind !== "mark") continue;
    if (taker === undefined) {
      refused.set(index, NO_DATABASE);
      continue;
    }
    // Admitted: its token has a source. All items of a request share the token of its header.
    from = sources.find(item.token)?.id ?? "";
    const judged = taker.judgeUserId({ source: from, id: item.userId });
    if (judged.kind === "refused") {
      refused.set(index, { reason: `${judged.message} (${judged.finding})`, field: "user_id" });
      continue;
    }
    userIds.add(judged.id);
    for (const table of item.tables) tables.add(table);
  }
  return { userIds: [...userIds], cause: causeOf(from, tables), refused };
}

// Walks over the profiles that a step is about, page by page, so that another process can go on after any page.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import {
  AppError,
  assertNever,
  isObject,
  type JsonObject,
  type ProfilePage,
  type ProfileQuery,
  type StoredProfile,
} from "../../core/index.ts";
import { askProvider, stoppedError } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import type { Selector } from "../change-set/change-set.ts";

/** What an operation needs of the profiles. */
export interface ProfileNeeds {
  /** It has nothing to do with profiles that have none of these; absent: with all. */
  readonly havingAny?: readonly string[];
  /** Absent: all. */
  readonly properties?: readonly string[];
}

/** A page, and where the walk goes on after it. */
export interface SelectedPage {
  readonly profiles: readonly StoredProfile[];
  /** Absent on the last page. */
  readonly next: JsonObject | undefined;
  /** Of the whole walk, where the provider says it. */
  readonly total: number | undefined;
  /** The walk had to begin anew: everything comes again. */
  readonly isRestarted?: boolean;
}

type WalkContext = Pick<StepContext, "step" | "reader" | "limits" | "clock" | "signal">;

function requireSelector({ of, id }: WalkContext["step"], needs: ProfileNeeds): Selector {
  if (of) return of;
  // Operations on properties are about those who have them; nothing else is about anybody by itself.
  if (needs.havingAny) return { kind: "everyone" };
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot do step ${id}: it does not say which profiles`);
}

/** The query of a selector; `undefined`: it lists ids. */
function queryOf(
  selector: Selector,
  { havingAny, properties }: ProfileNeeds,
  group: string | undefined,
): ProfileQuery | undefined {
  const base = {
    ...(properties === undefined ? {} : { properties }),
    ...(group === undefined ? {} : { group }),
  };
  const having = havingAny === undefined ? {} : { havingAny };
  switch (selector.kind) {
    case "property":
      return { ...base, havingAny: [selector.property] };
    case "where":
      return { ...base, ...having, where: selector.where };
    case "everyone":
      return { ...base, ...having };
    case "ids":
    case "file":
      return undefined;
    default:
      return assertNever(selector);
  }
}

function idOfLine(line: string, file: string): string | undefined {
  const text = line.trim();
  if (text === "") return undefined;
  if (!text.startsWith("{")) return text;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && typeof value["id"] === "string") return value["id"];
  } catch {
    // Told below, without the line.
  }
  throw new AppError(
    "CLEANUP_OPERATION_UNKNOWN",
    `Cannot read ${file}: a line is neither an id nor JSON with \`id\``,
  );
}

async function* idsOf(selector: Selector): AsyncIterable<string> {
  if (selector.kind === "ids") yield* selector.ids;
  if (selector.kind !== "file") return;
  const lines = createInterface({
    input: createReadStream(selector.file),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    const id = idOfLine(line, selector.file);
    if (id !== undefined) yield id;
  }
}

async function* walkIds(
  context: WalkContext,
  parts: { readonly selector: Selector; readonly needs: ProfileNeeds; readonly skip: number },
): AsyncIterable<SelectedPage> {
  const { reader, signal, step } = context;
  const { selector, needs, skip } = parts;
  const query = queryOf({ kind: "everyone" }, { ...needs }, step.group);
  let [ids, seen]: [string[], number] = [[], 0];
  const page = async (): Promise<SelectedPage> => {
    const asked = { ...query, ids };
    const found = await askProvider(context, "query", () => reader.profiles(asked, { signal }));
    return { profiles: found.profiles, next: { skip: seen }, total: undefined };
  };
  for await (const id of idsOf(selector)) {
    seen += 1;
    if (seen <= skip) continue;
    ids.push(id);
    if (ids.length < reader.limits.profilesPerPage) continue;
    yield await page();
    ids = [];
  }
  if (ids.length > 0) yield await page();
  yield { profiles: [], next: undefined, total: undefined };
}

/** Walks; `from`: the `next` of a page. */
export async function* walkSelection(
  context: WalkContext,
  needs: ProfileNeeds,
  from: JsonObject | undefined,
): AsyncIterable<SelectedPage> {
  const { reader, signal, step } = context;
  const selector = requireSelector(step, needs);
  const query = queryOf(selector, needs, step.group);
  if (!query) {
    yield* walkIds(context, { selector, needs, skip: Number(from?.["skip"] ?? 0) });
    return;
  }
  const ask = (after: string | undefined): Promise<ProfilePage> => {
    if (signal.aborted) return Promise.reject(stoppedError());
    const options = { signal, ...(after === undefined ? {} : { after }) };
    const asked = askProvider(context, "query", () => reader.profiles(query, options));
    // A failure is met when it is this page's turn, or never where the walk ends before.
    asked.catch(() => undefined);
    return asked;
  };
  let coming: Promise<ProfilePage> | undefined = ask(
    typeof from?.["after"] === "string" ? from["after"] : undefined,
  );
  while (coming !== undefined) {
    const page: ProfilePage = await coming;
    // The next page is on its way while this one is worked on.
    coming = page.next === undefined ? undefined : ask(page.next);
    yield {
      profiles: page.profiles,
      next: page.next === undefined ? undefined : { after: page.next },
      total: page.total,
      ...(page.isRestarted === true ? { isRestarted: true } : {}),
    };
  }
}

/** How many profiles there are, in one request; `undefined` for lists of ids, of which only reading tells. */
export async function countSelection(context: WalkContext, needs: ProfileNeeds): Promise<number | undefined> {
  const { reader, signal, step } = context;
  const query = queryOf(requireSelector(step, needs), { ...needs, properties: [] }, step.group);
  if (!query) return undefined;
  const page = await askProvider(context, "query", () => reader.profiles(query, { signal }));
  return page.total;
}

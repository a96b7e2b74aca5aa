// Ids that a selector names, page by page, from a place where an earlier walk stopped. Everybody is never meant by a privacy request.
import { createReadStream } from "node:fs";
import { AppError, assertNever, isObject, type JsonValue, type ProfileQuery } from "../../core/index.ts";
import { askProvider } from "../apply/ask-provider.ts";
import type { StepContext } from "../apply/executor.ts";
import type { Selector, Step } from "../change-set/change-set.ts";

type Selecting = Pick<StepContext, "step" | "reader" | "limits" | "clock" | "signal">;

/** Ids that came together, and where the walk goes on after them; `undefined`: this was the end. */
export interface IdPage {
  readonly ids: readonly string[];
  readonly next: JsonValue | undefined;
}

const PAGE_IDS = 1000;

function selectorOf({ id, of: selector }: Step): Exclude<Selector, { kind: "everyone" }> {
  if (selector && selector.kind !== "everyone") return selector;
  throw new AppError(
    "CLEANUP_REFUSED",
    `Cannot do step ${id}: a privacy request names the people whom it concerns`,
  );
}

/** One id a line, or an object with `id`. */
function idOfLine(line: string): string {
  if (!line.startsWith("{")) return line;
  const value: unknown = JSON.parse(line);
  const id = isObject(value) ? value["id"] : undefined;
  return typeof id === "string" ? id : "";
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let held = "";
  try {
    for await (const chunk of createReadStream(file, { encoding: "utf8" }) as AsyncIterable<string>) {
      const lines = (held + chunk).split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) yield line.trim();
    }
  } catch (cause) {
    throw new AppError("INPUT_UNREADABLE", `Cannot read ${file}`, { cause });
  }
  yield held.trim();
}

async function* listed(
  ids: AsyncIterable<string> | readonly string[],
  after: number,
): AsyncGenerator<IdPage> {
  let page: string[] = [];
  let at = 0;
  for await (const id of ids) {
    at += 1;
    if (at > after && id !== "") page.push(id);
    if (page.length < PAGE_IDS) continue;
    yield { ids: page, next: at };
    page = [];
  }
  yield { ids: page, next: undefined };
}

async function* idsOfFile(file: string): AsyncGenerator<string> {
  for await (const line of linesOf(file)) yield line === "" ? "" : idOfLine(line);
}

async function* walked(
  context: Selecting,
  query: ProfileQuery,
  after: string | undefined,
): AsyncGenerator<IdPage> {
  const { reader, signal } = context;
  let from = after;
  for (;;) {
    const options = { signal, ...(from === undefined ? {} : { after: from }) };
    const page = await askProvider(context, "query", () => reader.profiles(query, options));
    yield { ids: page.profiles.map(({ id }) => id), next: page.next };
    if (page.next === undefined) return;
    from = page.next;
  }
}

/** The ids of a step; `after`: a page's `next`. */
export function selectIds(context: Selecting, after?: JsonValue): AsyncGenerator<IdPage> {
  const { step } = context;
  const selector = selectorOf(step);
  const group = step.group === undefined ? {} : { group: step.group };
  const position = typeof after === "number" ? after : 0;
  const cursor = typeof after === "string" ? after : undefined;
  switch (selector.kind) {
    case "ids":
      return listed(selector.ids, position);
    case "file":
      return listed(idsOfFile(selector.file), position);
    case "where":
      return walked(context, { where: selector.where, properties: [], ...group }, cursor);
    case "property":
      return walked(context, { havingAny: [selector.property], properties: [], ...group }, cursor);
    default:
      return assertNever(selector);
  }
}

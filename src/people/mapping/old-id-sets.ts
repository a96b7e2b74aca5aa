// Ids that old releases send (`identity.translate`) as sets that are read beside the profile properties: by the same paths, with the same
// watches, so that a changed address marks its user. What they answer is never sent to a destination.
import type { Lock, LockProfileProperty } from "../../plan/index.ts";
import { type Draft, tableSet } from "./assemble-mapping.ts";
import type { QueryDraft, TableDraft } from "./compile-mapping.ts";
import type { OldIdSet, PropertySet } from "./mapping.ts";
import type { Subject } from "./paths.ts";
import { readStateSource, type SourceProblem } from "./state-source.ts";

/** What compiling asks of the compiler of a mapping. */
export interface SetCompiler {
  readonly timeZone: string;
  problem(at: string, problem: SourceProblem): void;
  tableDraft(ask: TableDraft, subject: Subject): Draft | undefined;
  sqlSet(
    query: QueryDraft,
    at: { readonly index: number; readonly subject: Subject },
  ): Promise<PropertySet | undefined>;
}

/** Compiles the old ids of a plan. */
export async function oldIdSets(
  compiler: SetCompiler,
  lock: Pick<Lock, "identity">,
  { subject, firstIndex }: { readonly subject: Subject; readonly firstIndex: number },
): Promise<{ readonly sets: readonly OldIdSet[]; readonly drafts: ReadonlyMap<number, readonly Draft[]> }> {
  const sets: OldIdSet[] = [];
  const drafts = new Map<number, readonly Draft[]>();
  for (const [id, { form, from }] of Object.entries(lock.identity.translate ?? {})) {
    const at = `identity.translate.${id}`;
    const index = firstIndex + sets.length;
    const source = readStateSource(from);
    const property: LockProfileProperty = {
      name: id,
      type: { type: "string" },
      data: "pseudonymous",
      owner: "state",
      was: [],
    };
    if (source.kind === "problem") compiler.problem(at, source);
    else if (source.kind === "sql") {
      const set = await compiler.sqlSet({ id, at, property, source }, { index, subject });
      if (set) sets.push({ ...set, form });
    } else {
      const draft = compiler.tableDraft({ id, at, property, source, isMany: true }, subject);
      if (!draft) continue;
      drafts.set(index, [draft]);
      sets.push({ ...tableSet([draft], { index, subject, timeZone: compiler.timeZone }), form });
    }
  }
  return { sets, drafts };
}

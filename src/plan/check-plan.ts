// Checks a plan and compiles it: every finding at once, and a lock when none of them is an error.
import type { FileLocation, Finding, FindingLevel, PlanLimits } from "../core/index.ts";
import { compileLock } from "./compile-lock.ts";
import type { DocumentPath } from "./files/located-document.ts";
import type { PlanFiles } from "./files/plan-files.ts";
import { readPlan } from "./files/read-plan.ts";
import type { Lock } from "./lock.ts";
import type { RawDiff, RawGenerate, RawIgnore, RawPlan } from "./raw-plan.ts";
import { resolvePlan } from "./resolve/resolve-plan.ts";
import { careRules } from "./rules/care-rules.ts";
import { limitRules } from "./rules/limit-rules.ts";
import { nameRules } from "./rules/name-rules.ts";
import type { RuleHit } from "./rules/rule-context.ts";
import { isPlanRule, PLAN_RULES, type PlanRuleId } from "./rules/rule-table.ts";

export interface CheckOptions {
  /** Limits of the providers that the plan's data goes to. */
  readonly limits: readonly PlanLimits[];
  /** `YYYY-MM-DD`, for expiry dates. */
  readonly today: string;
}

export interface CheckedPlan {
  /** Sorted by file, line and id. */
  readonly findings: readonly Finding[];
  /** Undefined when a finding is an error. */
  readonly lock: Lock | undefined;
  /** Settings of generated clients by source id. Not part of the lock: where files go does not change what is sent. */
  readonly clients: Readonly<Record<string, RawGenerate>>;
  /** Settings of `plumbline diff`. Not part of the lock: they judge a change, not an event. */
  readonly diff: RawDiff;
}

function clientsOf(plan: RawPlan): Record<string, RawGenerate> {
  return Object.fromEntries(
    Object.entries(plan.sources).flatMap(([id, { generate }]) => (generate ? [[id, generate]] : [])),
  );
}

type Locate = (path: DocumentPath) => FileLocation;

function levelOf(id: PlanRuleId, plan: RawPlan): FindingLevel | "off" {
  const entry: { readonly level: FindingLevel; readonly fixed?: true } = PLAN_RULES[id];
  return entry.fixed === true ? entry.level : (plan.lint.rules?.[id] ?? entry.level);
}

function covers(ignore: RawIgnore, id: string, at: string): boolean {
  if (ignore.rule !== id) return false;
  return ignore.at.endsWith("*") ? at.startsWith(ignore.at.slice(0, -1)) : ignore.at === at;
}

/** Exceptions: each needs to be used, in time, and for a rule that can have one. */
function applyIgnores(
  hits: readonly RuleHit[],
  plan: RawPlan,
  today: string,
): { readonly kept: readonly RuleHit[]; readonly own: readonly RuleHit[] } {
  const ignores = plan.lint.ignore ?? [];
  const used = new Set<number>();
  const kept = hits.filter(({ id, path }) => {
    if ("fixed" in PLAN_RULES[id]) return true;
    const index = ignores.findIndex((ignore) => ignore.until >= today && covers(ignore, id, path.join(".")));
    if (index >= 0) used.add(index);
    return index < 0;
  });
  const own: RuleHit[] = [];
  for (const [index, { rule, until }] of ignores.entries()) {
    const path = ["lint", "ignore", index];
    if (!isPlanRule(rule)) own.push({ id: "unused-ignore", path, message: `There is no rule \`${rule}\`` });
    else if (until < today)
      own.push({
        id: "expired-ignore",
        path,
        message: `The exception ended on ${until}`,
        fix: "Repair what it excused, or set a new date.",
      });
    else if (!used.has(index))
      own.push({
        id: "unused-ignore",
        path,
        message: "Nothing needs this exception any more",
        fix: "Remove it.",
      });
  }
  return { kept, own };
}

function unknownRules(plan: RawPlan): RuleHit[] {
  return Object.keys(plan.lint.rules ?? {})
    .filter((id) => !isPlanRule(id))
    .map((id) => ({ id: "bad-value", path: ["lint", "rules", id], message: `There is no rule \`${id}\`` }));
}

function toFindings(hits: readonly RuleHit[], plan: RawPlan, locate: Locate): Finding[] {
  return hits.flatMap(({ id, path, message, fix }) => {
    const level = levelOf(id, plan);
    if (level === "off") return [];
    return [
      { id, level, at: path.join("."), where: locate(path), message, ...(fix === undefined ? {} : { fix }) },
    ];
  });
}

/** Rules about what is not there. Nothing can be said about that while a part of the plan cannot be read. */
const ABSENCE: ReadonlySet<string> = new Set(["dangling-reference", "identity-missing"]);

function byPlace(a: Finding, b: Finding): number {
  const file =
    (a.where?.file ?? "") < (b.where?.file ?? "")
      ? -1
      : (a.where?.file ?? "") > (b.where?.file ?? "")
        ? 1
        : 0;
  return (
    file ||
    (a.where?.line ?? 0) - (b.where?.line ?? 0) ||
    (a.where?.column ?? 0) - (b.where?.column ?? 0) ||
    (a.id < b.id ? -1 : 1)
  );
}

/** Checks the plan whose entry file is `entry`. Never throws for what stands in the files. */
export function checkPlan(entry: string, files: PlanFiles, options: CheckOptions): CheckedPlan {
  const read = readPlan(entry, files);
  const { plan, findings } = read;
  const locate: Locate = (path) => read.locate(path);
  if (plan === undefined) return { findings, lock: undefined, clients: {}, diff: {} };
  const resolved = resolvePlan(plan);
  const context = { raw: plan, resolved, ...options };
  const hits = [
    ...resolved.hits,
    ...nameRules(context),
    ...careRules(context),
    ...limitRules(context),
    ...unknownRules(plan),
  ];
  const told = read.isIncomplete ? hits.filter(({ id }) => !ABSENCE.has(id)) : hits;
  const { kept, own } = applyIgnores(told, plan, options.today);
  const all = [
    ...findings,
    ...toFindings(
      [...kept, ...own.filter(({ id }) => !read.isIncomplete || id !== "unused-ignore")],
      plan,
      locate,
    ),
  ].sort(byPlace);
  const hasError = all.some(({ level }) => level === "error");
  return {
    findings: all,
    clients: clientsOf(plan),
    diff: plan.diff,
    lock: hasError ? undefined : compileLock({ entry, plan, resolved, limits: options.limits, locate }),
  };
}

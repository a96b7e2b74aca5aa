// What a listener has seen of a plan: events by id, names it does not know, findings by kind. Names and counts only.
import type { Finding, FindingLevel } from "../../core/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Judged } from "../judge/judge-item.ts";

export interface SeenEvent {
  readonly id: string;
  readonly name: string;
  readonly count: number;
}

/** One kind of finding: the same event, rule and place. */
export interface SeenFinding {
  readonly event: string;
  readonly source: string;
  readonly finding: Finding;
  readonly count: number;
}

export interface ListenReport {
  readonly plan: string;
  readonly items: number;
  readonly seen: readonly SeenEvent[];
  readonly neverSeen: readonly string[];
  /** Names that the plan does not know, with how often they came. */
  readonly unknown: readonly { readonly name: string; readonly count: number }[];
  /** Of `expect`: ids that never came. */
  readonly missing: readonly string[];
  readonly findings: readonly SeenFinding[];
  /** Part of the planned events that came, 0 to 1. */
  readonly coverage: number;
  readonly passed: boolean;
}

export interface ListenOptions {
  readonly lock: Lock;
  /** Least level that fails the run. */
  readonly failOn: FindingLevel;
  /** Ids of events that must come. */
  readonly expect: readonly string[];
}

const FAILING: Readonly<Record<FindingLevel, readonly FindingLevel[]>> = {
  error: ["error"],
  warn: ["error", "warn"],
  info: ["error", "warn", "info"],
};
/** Kinds remembered: names come from outside. */
const KINDS_MAX = 5000;

export class ListenCollector {
  readonly #options: ListenOptions;
  readonly #idByName = new Map<string, string>();
  readonly #seen = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  readonly #findings = new Map<string, { event: string; source: string; finding: Finding; count: number }>();
  #items = 0;

  constructor(options: ListenOptions) {
    this.#options = options;
    for (const [id, { name }] of Object.entries(options.lock.events)) this.#idByName.set(name, id);
  }

  /** Adds one judged item; answers the findings of a kind that was not there before. */
  add(source: string, judged: Judged): readonly SeenFinding[] {
    this.#items += 1;
    const id = this.#idByName.get(judged.label);
    if (id !== undefined) this.#seen.set(id, (this.#seen.get(id) ?? 0) + 1);
    else if (
      judged.label === "(unknown)" &&
      (this.#unknown.has(judged.name) || this.#unknown.size < KINDS_MAX)
    )
      this.#unknown.set(judged.name, (this.#unknown.get(judged.name) ?? 0) + 1);
    const fresh: SeenFinding[] = [];
    for (const finding of judged.findings) {
      const key = JSON.stringify([judged.name, source, finding.id, finding.at]);
      const known = this.#findings.get(key);
      if (known) known.count += 1;
      else if (this.#findings.size < KINDS_MAX) {
        const first = { event: judged.name, source, finding, count: 1 };
        this.#findings.set(key, first);
        fresh.push(first);
      }
    }
    return fresh;
  }

  report(): ListenReport {
    const { lock, failOn, expect } = this.#options;
    const ids = Object.keys(lock.events).filter((id) => lock.events[id]?.deprecated === undefined);
    const findings = [...this.#findings.values()];
    const missing = expect.filter((id) => !this.#seen.has(id));
    const failed = findings.some(({ finding }) => FAILING[failOn].includes(finding.level));
    return {
      plan: lock.hash,
      items: this.#items,
      seen: [...this.#seen].map(([id, count]) => ({ id, name: lock.events[id]?.name ?? id, count })),
      neverSeen: ids.filter((id) => !this.#seen.has(id)),
      unknown: [...this.#unknown].map(([name, count]) => ({ name, count })),
      missing,
      findings,
      coverage: ids.length === 0 ? 1 : ids.filter((id) => this.#seen.has(id)).length / ids.length,
      passed: !failed && missing.length === 0,
    };
  }
}

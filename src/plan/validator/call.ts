// What one judgement has found so far. One object is reused for every call (judging is synchronous), so that a clean event
// allocates nothing for it. Holds names, never values.
import type { Finding, Repair, Verdict } from "../../core/index.ts";
import { VERDICTS } from "../../core/index.ts";
import type { OldIdLookup } from "../judgement.ts";
import type { UnknownPropertyPolicy } from "../lock.ts";
import { type RepairRule, RUNTIME_FINDINGS, type RuntimeFindingId } from "./finding-ids.ts";

/** Findings listed in one judgement; a hostile payload must not turn into a larger report. */
export const FINDINGS_MAX = 50;
/** Characters of a payload's own name that a finding repeats. */
export const NAME_MAX_CHARACTERS = 120;

const NO_REPAIRS: readonly Repair[] = Object.freeze([]);
const NO_FINDINGS: readonly Finding[] = Object.freeze([]);

/** Positions in {@link VERDICTS}. */
export const RANK = { accepted: 0, repaired: 1, stripped: 2, quarantined: 3, dropped: 4 } as const;

function shortName(name: string): string {
  return name.length <= NAME_MAX_CHARACTERS ? name : `${name.slice(0, NAME_MAX_CHARACTERS)}…`;
}

/** Collects repairs, findings and the worst verdict of one judgement. */
export class Call {
  /** What the payload's own unknown members meet; set with the table that judges it. */
  unknownMembers: UnknownPropertyPolicy = "strip";
  /** True while the policy accepts what does not fit: findings are `info`. */
  lenient = false;
  /** `properties`, `$set`, …; the first step of every path. */
  root = "properties";
  /** Path of what is being judged, for example `properties.plan_tier`; the root between properties. */
  place = "properties";
  /** Who knows whose old ids are, for the item being judged. */
  oldIds: OldIdLookup | undefined;
  #source = "";
  #rank = 0;
  #repairs: Repair[] | undefined;
  #findings: Finding[] | undefined;
  #steps: string[] = [];
  #withhold: Record<string, string[]> | undefined;

  begin(source: string, root: string): void {
    this.#source = source;
    this.root = root;
    this.place = root;
    this.lenient = false;
    this.oldIds = undefined;
    this.#rank = 0;
    this.#repairs = undefined;
    this.#findings = undefined;
    this.#withhold = undefined;
    if (this.#steps.length > 0) this.#steps = [];
  }

  /** Path of a member of the root. Long names are cut. */
  placeOf(name: string): string {
    return `${this.root}.${shortName(name)}`;
  }

  /** Descends into a member or list of the property being judged. */
  enter(step: string): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  /** Makes the verdict at least this bad. */
  atLeast(rank: number): void {
    if (rank > this.#rank) this.#rank = rank;
  }

  get rank(): number {
    return this.#rank;
  }

  get repairCount(): number {
    return this.#repairs === undefined ? 0 : this.#repairs.length;
  }

  /** Forgets repairs of a value that was not used after all. */
  rollBack(repairCount: number, rank: number): void {
    if (this.#repairs !== undefined) this.#repairs.length = repairCount;
    this.#rank = rank;
  }

  repair(rule: RepairRule): void {
    const at = this.#at();
    this.atLeast(RANK.repaired);
    if (this.#repairs === undefined) {
      this.#repairs = [{ rule, at }];
      return;
    }
    const last = this.#repairs.at(-1);
    // A list of a thousand texts is one repair.
    if (last === undefined || last.rule !== rule || last.at !== at) this.#repairs.push({ rule, at });
  }

  renamed(rule: RepairRule, at: string, names: { readonly from: string; readonly to: string }): void {
    (this.#repairs ??= []).push({ rule, at, from: shortName(names.from), to: names.to });
    this.atLeast(RANK.repaired);
  }

  /** Adds a finding at the place being judged, or at `options.at`. */
  find(
    id: RuntimeFindingId,
    options: { readonly at?: string; readonly message?: string; readonly level?: "info" } = {},
  ): void {
    const findings = (this.#findings ??= []);
    if (findings.length >= FINDINGS_MAX) return;
    const known = findings.length === FINDINGS_MAX - 1 ? "too-many-findings" : id;
    const text: { level: Finding["level"]; message: string; fix?: string } = RUNTIME_FINDINGS[known];
    findings.push({
      id: known,
      level: known === id ? (options.level ?? (this.lenient ? "info" : text.level)) : text.level,
      at: options.at ?? this.#at(),
      source: this.#source,
      message: known === id ? (options.message ?? text.message) : text.message,
      ...(text.fix === undefined ? {} : { fix: text.fix }),
    });
  }

  /** Notes that these kinds of providers must not get the property. */
  withholdFrom(kinds: readonly string[], property: string): void {
    const withhold = (this.#withhold ??= {});
    for (const kind of kinds) (withhold[kind] ??= []).push(property);
  }

  get verdict(): Verdict {
    return VERDICTS[this.#rank] ?? "dropped";
  }

  get repairs(): readonly Repair[] {
    return this.#repairs ?? NO_REPAIRS;
  }

  get findings(): readonly Finding[] {
    return this.#findings ?? NO_FINDINGS;
  }

  get withhold(): Readonly<Record<string, readonly string[]>> | undefined {
    return this.#withhold;
  }

  #at(): string {
    if (this.#steps.length === 0) return this.place;
    return this.place + this.#steps.map((step) => (step === "[]" ? step : `.${shortName(step)}`)).join("");
  }
}

// Which old id becomes which immutable one: read, checked, and put together by person. Pure. No id stands in a finding: lines do.
// Invariant of what passes: every old id has one new id, which the plan lets be a user's; so no two people become one.
import type { Finding } from "../../core/index.ts";
import { foldedId, type IdRules } from "./id-shape.ts";

export interface IdPair {
  readonly old: string;
  readonly new: string;
}

/** Everything that was ever the id of one person. */
export interface MappedPerson {
  readonly new: string;
  readonly olds: readonly string[];
}

export interface CheckedMapping {
  readonly people: readonly MappedPerson[];
  readonly findings: readonly Finding[];
  /** Lines that map an id to itself. */
  readonly same: number;
}

/** Ids of one person at a provider that joins ids. Source (read 2026-11): Mixpanel "Identifying Users (Original)": 500. */
export const CLUSTER_IDS_MAX = 500;
/** Findings of one kind that are told one by one. */
const TOLD_MAX = 20;

interface Line extends IdPair {
  readonly line: number;
}

/** One line of CSV: fields in quotes may hold commas, and quotes written twice. */
function fields(line: string): string[] {
  const out: string[] = [];
  const field = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;
  for (const [, quoted, plain = ""] of line.matchAll(field))
    out.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
  return out;
}

function isHeader([first = "", second = ""]: readonly string[]): boolean {
  return /^old(?:_?id)?$/i.test(first) && /^new(?:_?id)?$/i.test(second);
}

class MappingCheck {
  readonly findings: Finding[] = [];
  readonly #told = new Map<string, number>();
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  find(id: string, line: number, { message, fix }: { readonly message: string; readonly fix: string }): void {
    const told = this.#told.get(id) ?? 0;
    this.#told.set(id, told + 1);
    if (told >= TOLD_MAX) return;
    const where = { file: this.#file, line, column: 1 };
    this.findings.push({ id, level: "error", at: "mapping", where, message, fix });
  }

  end(): readonly Finding[] {
    for (const [id, told] of this.#told)
      if (told > TOLD_MAX)
        this.findings.push({
          id,
          level: "error",
          at: "mapping",
          count: told,
          message: `${told - TOLD_MAX} more lines like these`,
        });
    return this.findings;
  }
}

const MALFORMED = {
  message: "The line is not an old and a new id",
  fix: "Write `old,new`, one pair a line; ids of devices are left out.",
};

/** Lines of CSV, `old,new`, with or without that header; or NDJSON with `old` and `new`. */
function readLines(content: string, check: MappingCheck): Line[] {
  const lines: Line[] = [];
  for (const [index, raw] of content.split(/\r?\n/).entries()) {
    if (raw.trim() === "") continue;
    const line = index + 1;
    let pair: readonly unknown[];
    if (raw.startsWith("{")) {
      try {
        const { old: first, new: second } = JSON.parse(raw) as {
          readonly old?: unknown;
          readonly new?: unknown;
        };
        pair = [first, second];
      } catch {
        // Told as what it is: a line that is no pair.
        pair = [];
      }
    } else {
      const cells = fields(index === 0 ? raw.replace(/^\uFEFF/, "") : raw);
      if (line === 1 && isHeader(cells)) continue;
      pair = cells;
    }
    const [old, next] = pair;
    const isPair = pair.length === 2 && typeof old === "string" && typeof next === "string";
    if (!isPair || old.trim() === "" || next === "" || old.startsWith("$device:"))
      check.find("ids-malformed", line, MALFORMED);
    else lines.push({ old, new: next, line });
  }
  return lines;
}

/** Follows a → b → c to its end; undefined for a circle. */
function endOf(start: Line, next: ReadonlyMap<string, Line>): string | undefined {
  const passed = new Set([foldedId(start.old)]);
  let at = start.new;
  for (let line = next.get(foldedId(at)); line !== undefined; line = next.get(foldedId(at))) {
    if (line.new === at) return at;
    if (passed.has(foldedId(at))) return undefined;
    passed.add(foldedId(at));
    at = line.new;
  }
  return at;
}

/** Reads a mapping and checks it whole; with an error in it nothing should be done. */
export function readMapping(content: string, file: string, rules: IdRules): CheckedMapping {
  const check = new MappingCheck(file);
  const lines = readLines(content, check);
  const next = new Map<string, Line>();
  for (const line of lines) {
    const key = foldedId(line.old);
    const known = next.get(key);
    if (known !== undefined && known.new !== line.new)
      check.find("ids-ambiguous", line.line, {
        message: `The old id has another new id on line ${known.line}: two people would become one`,
        fix: "Decide whose it is, or leave it out: an address that two people had belongs to neither.",
      });
    else if (known === undefined) next.set(key, line);
  }
  const people = new Map<string, Set<string>>();
  let same = 0;
  for (const line of lines) {
    const own = rules.tellsPeople ? rules.canonical(line.old) : undefined;
    if (line.old === line.new || (own !== undefined && own === rules.canonical(line.new))) {
      same += 1;
      continue;
    }
    if (own !== undefined) {
      check.find("ids-ambiguous", line.line, {
        message: "The old id has the form of an immutable one: two known people would become one",
        fix: "Leave it out. Where it really is one person with two accounts, join the accounts in the application first.",
      });
      continue;
    }
    const end = endOf(line, next);
    const canonical = end === undefined ? undefined : rules.canonical(end);
    if (end === undefined)
      check.find("ids-ambiguous", line.line, {
        message: "The ids lead round in a circle: none of them is the last",
        fix: "Say which id is the immutable one.",
      });
    else if (canonical === undefined)
      check.find("ids-unfit", line.line, {
        message: "The new id does not have the form that the plan says",
        fix: "Map to the id that `identity.user_id` of the plan describes.",
      });
    else {
      const olds = people.get(canonical) ?? new Set<string>();
      people.set(canonical, olds.add(line.old));
    }
  }
  return {
    people: [...people].map(([id, olds]) => ({ new: id, olds: [...olds] })),
    findings: check.end(),
    same,
  };
}

/** The mapping as apply reads it: a person a few lines, in order. */
export function writeMapping(people: readonly MappedPerson[]): string {
  return people
    .flatMap((person) => person.olds.map((old) => `${JSON.stringify({ old, new: person.new })}\n`))
    .join("");
}

/** Reads what {@link writeMapping} wrote. */
export function parseMapping(content: string): readonly MappedPerson[] {
  const people = new Map<string, string[]>();
  for (const line of content.split("\n")) {
    if (line === "") continue;
    const pair = JSON.parse(line) as IdPair;
    const olds = people.get(pair.new);
    if (olds === undefined) people.set(pair.new, [pair.old]);
    else olds.push(pair.old);
  }
  return [...people].map(([id, olds]) => ({ new: id, olds }));
}

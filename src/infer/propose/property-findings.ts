// What is said about one property: its kinds by source, its spellings, and what its values may give away. Names and counts, never values.
import type { Finding } from "../../core/index.ts";
import type { Personal } from "../profile/personal-text.ts";
import { KIND, KINDS, type PropertyProfile } from "../profile/property-profile.ts";
import type { DataClassChoice } from "./choose-data-class.ts";
import type { ChosenType } from "./choose-type.ts";
import { inferFinding } from "./infer-findings.ts";
import { byCount, type Spelling } from "./name-style.ts";
import type { PropertyFacts } from "./property-facts.ts";
import { counted, share, shown } from "./words.ts";

/** One property with everything that was decided about it. */
export interface DecidedProperty {
  /** As the plan spells it. */
  readonly name: string;
  readonly profiles: readonly PropertyProfile[];
  readonly spellings: readonly Spelling[];
  readonly facts: PropertyFacts;
  readonly chosen: ChosenType;
  readonly choice: DataClassChoice;
}

const KIND_WORDS: readonly (readonly [number, string])[] = [
  [KIND.text, "text"],
  [KIND.integer, "whole number"],
  [KIND.number, "number"],
  [KIND.boolean, "boolean"],
  [KIND.list, "list"],
  [KIND.object, "object"],
];

const PERSONAL_WORDS: Readonly<Record<Personal | "name", string>> = {
  email: "e-mail addresses",
  phone: "phone numbers",
  token: "tokens",
  "url-query": "full URLs with a query",
  "email-inside": "e-mail addresses inside texts",
  name: "its name says so",
};

/** Kinds with their shares, most frequent first: "88 % boolean, 12 % text". */
export function kindShares(kinds: readonly number[]): string {
  const counts = KIND_WORDS.map(([kind, word]) => ({ word, count: kinds[kind] ?? 0 })).filter(
    ({ count }) => count > 0,
  );
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  return counts
    .sort((a, b) => b.count - a.count)
    .map(({ word, count }) => `${share(count, total)} ${word}`)
    .join(", ");
}

/** The same by source, where sources differ: "web: text; ios: boolean". */
function kindsBySource(facts: PropertyFacts, sourceIds: readonly string[]): string {
  const rows = sourceIds.flatMap((id, index) => {
    const kinds = facts.bySource[index] ?? [];
    const text = kindShares(kinds.map((count, kind) => (kind === KIND.null ? 0 : count)));
    return text === "" ? [] : [`${id}: ${text.replaceAll("100 % ", "")}`];
  });
  return rows.length > 1 ? ` (${rows.join("; ")})` : "";
}

function typeFinding(
  at: string,
  { chosen, facts }: DecidedProperty,
  sourceIds: readonly string[],
): Finding | undefined {
  const shares = `${kindShares(facts.kinds)}${kindsBySource(facts, sourceIds)}`;
  const type = chosen.type.type;
  if (!chosen.fitsAll)
    return inferFinding("types-clash", {
      at,
      count: facts.total,
      message: `No type takes all values: ${shares}; \`${type}\` is the most frequent`,
      fix: "Decide on one type; the event lets the others pass until `invalid_property` is taken out.",
    });
  if (chosen.mixed)
    return inferFinding("mixed-types", {
      at,
      count: facts.total,
      message: `One property, several types: ${shares}`,
      fix: `Keep \`${type}\`: the gateway repairs the rest (\`${chosen.repair ?? ""}\`), and typed clients end it.`,
    });
  if (chosen.repair !== undefined)
    return inferFinding("text-for-boolean", {
      at,
      count: facts.total,
      message: "Every value is the text `true` or `false`",
      fix: "Keep `boolean`: the gateway repairs the texts, and typed clients end it.",
    });
  return undefined;
}

function dataFinding(at: string, choice: DataClassChoice): Finding | undefined {
  if (choice.found.length === 0) return undefined;
  const what = choice.found.map((kind) => PERSONAL_WORDS[kind]).join(", ");
  const amount =
    choice.count === 0 ? "" : ` in ${share(choice.count, choice.looked)} of the values looked at`;
  return inferFinding("personal-data", {
    at,
    ...(choice.count === 0 ? {} : { count: choice.count }),
    message: `Probably personal data: ${what}${amount}`,
    fix: `Proposed data class \`${choice.data ?? ""}\`: decide under \`data_classes\` who may receive it, or stop sending it.`,
  });
}

/** "`Sign up` 120 (web), `sign_up` 30 (ios)". */
export function spellingList(
  spellings: readonly Spelling[],
  sourcesOf: (name: string) => readonly string[],
): string {
  return byCount(spellings)
    .slice(0, 6)
    .map(
      ({ name, count }) =>
        `\`${shown(name)}\` ${count}${sourcesOf(name).length === 0 ? "" : ` (${sourcesOf(name).join(", ")})`}`,
    )
    .join(", ");
}

function sourcesOfProfile({ counts }: PropertyProfile, sourceIds: readonly string[]): readonly string[] {
  return sourceIds.filter((_, source) =>
    counts.subarray(source * KINDS, (source + 1) * KINDS).some((count) => count > 0),
  );
}

function spellingFinding(
  at: string,
  { name, profiles, spellings, facts }: DecidedProperty,
  sourceIds: readonly string[],
): Finding | undefined {
  if (spellings.length < 2) return undefined;
  const sourcesOf = (spelling: string): readonly string[] => [
    ...new Set(
      profiles.filter((one) => one.name === spelling).flatMap((one) => sourcesOfProfile(one, sourceIds)),
    ),
  ];
  return inferFinding("many-spellings", {
    at,
    count: facts.total,
    message: `${counted(spellings.length, "spelling")} of one property: ${spellingList(spellings, sourcesOf)}`,
    fix: `Keep \`${shown(name)}\`; the gateway renames the others.`,
  });
}

function togetherFinding(at: string, { profiles }: DecidedProperty): Finding | undefined {
  const together = new Set(profiles.map(({ overlap }) => overlap));
  const both = [...together].reduce((sum, overlap) => sum + (overlap?.events ?? 0), 0);
  if (both === 0) return undefined;
  return inferFinding("spellings-together", {
    at,
    count: both,
    message: `Two spellings stand in ${counted(both, "event")} together; the gateway keeps one of them`,
    fix: "Look at the code that sends both; where they mean different things, give one another name.",
  });
}

/** Everything that is wrong with a property. */
export function propertyFindings(decided: DecidedProperty, sourceIds: readonly string[]): readonly Finding[] {
  const at = `properties.${shown(decided.name)}`;
  return [
    spellingFinding(at, decided, sourceIds),
    togetherFinding(at, decided),
    typeFinding(at, decided, sourceIds),
    dataFinding(at, decided.choice),
  ].filter((finding) => finding !== undefined);
}

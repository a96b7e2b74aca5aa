// The properties of a proposed plan: one entry a name over all events, since a provider has one column for it.
import type { Finding } from "../../core/index.ts";
import { KIND, KINDS, type PropertyProfile } from "../profile/property-profile.ts";
import type { Personal } from "../profile/personal-text.ts";
import { chooseDataClass, type DataClassChoice } from "./choose-data-class.ts";
import { chooseType, type ChosenType } from "./choose-type.ts";
import { type EventCluster, spellingsOf, timesSeen } from "./event-cluster.ts";
import { inferFinding } from "./infer-findings.ts";
import { byCount, canonicalName, commonStyle, type Spelling } from "./name-style.ts";
import type { DraftProperty } from "./plan-draft.ts";
import { factsOf, type PropertyFacts } from "./property-facts.ts";
import { counted, share, shown } from "./words.ts";

export interface ProposedProperties {
  readonly properties: ReadonlyMap<string, DraftProperty>;
  readonly chosen: ReadonlyMap<string, ChosenType>;
  readonly findings: readonly Finding[];
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
function kindShares(kinds: readonly number[]): string {
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
  { chosen, facts }: { readonly chosen: ChosenType; readonly facts: PropertyFacts },
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
  const amount = choice.count === 0 ? "" : ` in ${share(choice.count, choice.looked)} of the values looked at`;
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
    .map(({ name, count }) => `\`${shown(name)}\` ${count}${sourcesOf(name).length === 0 ? "" : ` (${sourcesOf(name).join(", ")})`}`)
    .join(", ");
}

function sourcesOfProfile({ counts }: PropertyProfile, sourceIds: readonly string[]): readonly string[] {
  return sourceIds.filter((_, source) =>
    counts.subarray(source * KINDS, (source + 1) * KINDS).some((count) => count > 0),
  );
}

function evidenceOf(
  facts: PropertyFacts,
  chosen: ChosenType,
  spellings: readonly Spelling[],
  choice: DataClassChoice,
): readonly string[] {
  const nulls = facts.kinds[KIND.null] ?? 0;
  return [
    ...(spellings.length > 1 ? [counted(spellings.length, "spelling")] : []),
    ...(chosen.mixed || facts.total < 100 ? [kindShares(facts.kinds) || "only null"] : []),
    ...(nulls > 0 ? [`${share(nulls, facts.total)} null`] : []),
    ...(chosen.fitsAll ? [] : ["no type takes them all"]),
    ...(choice.count > 0 ? [`${share(choice.count, choice.looked)} look personal`] : []),
    `seen ${counted(facts.total, "time")}`,
  ];
}

/** Proposes an entry for every property of the events. */
export function proposeProperties(
  events: readonly EventCluster[],
  sourceIds: readonly string[],
): ProposedProperties {
  const all = new Map<string, PropertyProfile[]>();
  for (const { properties } of events)
    for (const [key, profiles] of properties) {
      const known = all.get(key);
      if (known === undefined) all.set(key, [...profiles]);
      else known.push(...profiles);
    }
  const rows = [...all]
    .map(([key, profiles]) => ({
      key,
      profiles,
      spellings: spellingsOf(profiles, timesSeen),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const style = commonStyle(rows.map(({ spellings }) => spellings));
  const properties = new Map<string, DraftProperty>();
  const chosenByKey = new Map<string, ChosenType>();
  const findings: Finding[] = [];
  for (const { key, profiles, spellings } of rows) {
    const facts = factsOf(profiles, sourceIds.length);
    const name = canonicalName(spellings, style);
    const bare = chooseType(facts);
    const choice = chooseDataClass(name, bare.type, facts);
    const chosen = withoutValuesOf(bare, choice);
    const at = `properties.${shown(name)}`;
    const was = byCount(spellings)
      .map((spelling) => spelling.name)
      .filter((spelling) => spelling !== name);
    chosenByKey.set(key, chosen);
    const evidence = evidenceOf(facts, chosen, spellings, choice);
    properties.set(key, {
      name,
      was,
      type: chosen.type,
      ...(choice.data === undefined ? {} : { data: choice.data }),
      evidence,
    });
    if (was.length > 0)
      findings.push(
        inferFinding("many-spellings", {
          at,
          count: facts.total,
          message: `${counted(spellings.length, "spelling")} of one property: ${spellingList(spellings, (spelling) => [
            ...new Set(profiles.filter((one) => one.name === spelling).flatMap((one) => sourcesOfProfile(one, sourceIds))),
          ])}`,
          fix: `Keep \`${shown(name)}\`; the gateway renames the others.`,
        }),
      );
    const together = new Set(profiles.map(({ overlap }) => overlap));
    const both = [...together].reduce((sum, overlap) => sum + (overlap?.events ?? 0), 0);
    if (both > 0)
      findings.push(
        inferFinding("spellings-together", {
          at,
          count: both,
          message: `Two spellings stand in ${counted(both, "event")} together; the gateway keeps one of them`,
          fix: "Look at the code that sends both; where they mean different things, give one another name.",
        }),
      );
    for (const finding of [typeFinding(at, { chosen, facts }, sourceIds), dataFinding(at, choice)])
      if (finding !== undefined) findings.push(finding);
  }
  return { properties, chosen: chosenByKey, findings };
}

/** Values of what may be personal are never written into a file. */
function withoutValuesOf(chosen: ChosenType, choice: DataClassChoice): ChosenType {
  const { type } = chosen;
  if (choice.found.length === 0 || type.type !== "string" || type.enum === undefined) return chosen;
  return { ...chosen, type: { type: "string", ...(type.nullable === true ? { nullable: true } : {}) } };
}

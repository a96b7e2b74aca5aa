// The properties of a proposed plan: one entry a name over all events, since a provider has one column for it.
import type { Finding } from "../../core/index.ts";
import { KIND, type PropertyProfile } from "../profile/property-profile.ts";
import { chooseDataClass, type DataClassChoice } from "./choose-data-class.ts";
import { chooseType, type ChosenType } from "./choose-type.ts";
import { type EventCluster, spellingsOf, timesSeen } from "./event-cluster.ts";
import { byCount, canonicalName, commonStyle, type NameStyle, type Spelling } from "./name-style.ts";
import type { DraftProperty } from "./plan-draft.ts";
import { factsOf } from "./property-facts.ts";
import { type DecidedProperty, kindShares, propertyFindings } from "./property-findings.ts";
import { counted, share } from "./words.ts";

export interface ProposedProperties {
  readonly properties: ReadonlyMap<string, DraftProperty>;
  readonly chosen: ReadonlyMap<string, ChosenType>;
  readonly findings: readonly Finding[];
}

/** Fewer values than this say with their kinds how little is known. */
const FEW_VALUES = 100;

function evidenceOf({ facts, chosen, spellings, choice }: DecidedProperty): readonly string[] {
  const nulls = facts.kinds[KIND.null] ?? 0;
  return [
    ...(spellings.length > 1 ? [counted(spellings.length, "spelling")] : []),
    ...(chosen.mixed || facts.total < FEW_VALUES ? [kindShares(facts.kinds) || "only null"] : []),
    ...(nulls > 0 ? [`${share(nulls, facts.total)} null`] : []),
    ...(chosen.fitsAll ? [] : ["no type takes them all"]),
    ...(choice.count > 0 ? [`${share(choice.count, choice.looked)} look personal`] : []),
    `seen ${counted(facts.total, "time")}`,
  ];
}

function decide(
  profiles: readonly PropertyProfile[],
  spellings: readonly Spelling[],
  { style, sources }: { readonly style: NameStyle | undefined; readonly sources: number },
): DecidedProperty {
  const facts = factsOf(profiles, sources);
  const name = canonicalName(spellings, style);
  const bare = chooseType(facts);
  const choice = chooseDataClass(name, bare.type, facts);
  return { name, profiles, spellings, facts, choice, chosen: withoutValuesOf(bare, choice) };
}

function draftOf(decided: DecidedProperty): DraftProperty {
  const { name, spellings, chosen, choice } = decided;
  return {
    name,
    was: byCount(spellings)
      .map((spelling) => spelling.name)
      .filter((spelling) => spelling !== name),
    type: chosen.type,
    ...(choice.data === undefined ? {} : { data: choice.data }),
    evidence: evidenceOf(decided),
  };
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
    .map(([key, profiles]) => ({ key, profiles, spellings: spellingsOf(profiles, timesSeen) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const style = commonStyle(rows.map(({ spellings }) => spellings));
  const decided = rows.map(
    ({ key, profiles, spellings }) =>
      [key, decide(profiles, spellings, { style, sources: sourceIds.length })] as const,
  );
  return {
    properties: new Map(decided.map(([key, property]) => [key, draftOf(property)])),
    chosen: new Map(decided.map(([key, { chosen }]) => [key, chosen])),
    findings: decided.flatMap(([, property]) => propertyFindings(property, sourceIds)),
  };
}

/** Values of what may be personal are never written into a file. */
function withoutValuesOf(chosen: ChosenType, choice: DataClassChoice): ChosenType {
  const { type } = chosen;
  if (choice.found.length === 0 || type.type !== "string" || type.enum === undefined) return chosen;
  return { ...chosen, type: { type: "string", ...(type.nullable === true ? { nullable: true } : {}) } };
}

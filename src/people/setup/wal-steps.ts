// Steps for tables that are read from the log: identity indexes, replica identities, publication, slot; and their removal.
// Order matters: an identity stands before its table is published, and the publication before the slot, whose stream looks for it.
import type { CapturePlan, TableCapture } from "../capture/capture-plan.ts";
import { quoteLiteral, quoteName, quoteTable, shortName } from "../database/identifiers.ts";
import { sha256Hex } from "../hash.ts";
import { tablesBy } from "./plan-capture.ts";
import {
  FAILOVER_VERSION_MIN,
  identityBefore,
  leavesOf,
  OWN_PREFIX,
  type OwnIndex,
  type RelationFacts,
  type RememberedIdentity,
  type ServerFacts,
} from "./server-facts.ts";
import { loneStep, type Step, step } from "./step.ts";

function identitiesSql(role: string): string {
  return `create schema if not exists plumbline;
-- Replica identities that set-up changed, as they were: teardown puts them back.
create table plumbline.identities (oid oid primary key, before "char" not null, index text);
grant usage, create on schema plumbline to ${quoteName(role)};
grant select on plumbline.identities to ${quoteName(role)}`;
}

const NAME_LETTERS = 40;

/** Name of the identity index of a table; other columns have another name. */
export function identityIndexName(table: string, columns: readonly string[]): string {
  return `${OWN_PREFIX}${table.slice(0, NAME_LETTERS)}_${sha256Hex(JSON.stringify([table, columns])).slice(0, 8)}`;
}

/** A relation whose rows stand in the log, and the identity that it must have. */
interface WantedIdentity {
  readonly capture: TableCapture;
  readonly relation: RelationFacts;
  /** `undefined`: whole rows. */
  readonly index: string | undefined;
}

/** Identities that the plan asks for, beyond what the tables have by themselves. */
export function wantedIdentities(plan: CapturePlan, facts: ServerFacts): readonly WantedIdentity[] {
  return tablesBy(plan, "wal").flatMap((capture): WantedIdentity[] => {
    const { wal, table } = capture;
    const found = facts.tables.get(table.oid);
    if (!found || !wal || wal.identity === "as-is") return [];
    return leavesOf(found).map((relation) => ({
      capture,
      relation,
      index: wal.identity === "index" ? identityIndexName(relation.table, wal.identityColumns) : undefined,
    }));
  });
}

function isInForce({ relation, index }: WantedIdentity): boolean {
  return index === undefined
    ? relation.identity === "f"
    : relation.identity === "i" && relation.identityIndex === index;
}

function rememberSql(relation: RelationFacts, facts: ServerFacts): string {
  const { kind } = identityBefore(relation, facts);
  const index = kind === "i" ? relation.identityIndex : undefined;
  return `insert into plumbline.identities (oid, before, index) values (${quoteLiteral(quoteTable(relation))}::regclass, '${kind}', ${index === undefined ? "null" : quoteLiteral(index)}) on conflict (oid) do nothing`;
}

function identitySql({ relation, index }: WantedIdentity, facts: ServerFacts): string {
  const how = index === undefined ? "full" : `using index ${quoteName(index)}`;
  return `${rememberSql(relation, facts)};\nalter table ${quoteTable(relation)} replica identity ${how}`;
}

function indexSteps(wanted: readonly WantedIdentity[], facts: ServerFacts): readonly Step[] {
  const steps: Step[] = [];
  for (const { capture, relation, index } of wanted) {
    if (index === undefined) continue;
    const found = facts.indexes.find(({ name, tableOid }) => name === index && tableOid === relation.oid);
    if (found?.isValid === true) continue;
    if (found) steps.push(dropIndexStep(found, "An earlier attempt left it half built."));
    const columns = capture.wal?.identityColumns ?? [];
    const rows =
      relation.rows > 0 ? ` About ${relation.rows.toLocaleString("en")} rows are read for it.` : "";
    steps.push(
      loneStep({
        what: `index ${shortName(relation)} (${columns.join(", ")})`,
        sql: `create unique index concurrently ${quoteName(index)} on ${quoteTable(relation)} (${columns.map(quoteName).join(", ")})`,
        why: `With it a change of ${shortName(relation)} carries its old links, and nothing else. Writes go on meanwhile.${rows}`,
      }),
    );
  }
  return steps;
}

function dropIndexStep({ table, name }: OwnIndex, why: string): Step {
  return loneStep({
    what: `remove the index ${name}`,
    sql: `drop index concurrently ${quoteName(table.schema)}.${quoteName(name)}`,
    why,
  });
}

function tableList(captures: readonly TableCapture[]): string {
  return captures
    .map(({ table, wal }) => {
      const columns = wal?.published;
      return `${quoteTable(table)}${columns === undefined ? "" : ` (${columns.map(quoteName).join(", ")})`}`;
    })
    .join(", ");
}

function isSame(left: readonly string[] | undefined, right: readonly string[] | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((column) => right.includes(column));
}

/** Whether the publication names exactly the tables and columns of the plan. */
export function isPublishedAsPlanned(plan: CapturePlan, facts: ServerFacts): boolean {
  const captures = tablesBy(plan, "wal");
  const { publication } = facts;
  if (!publication) return captures.length === 0;
  return (
    publication.viaRoot &&
    publication.tables.length === captures.length &&
    captures.every(({ table, wal }) =>
      publication.tables.some(({ oid, columns }) => oid === table.oid && isSame(columns, wal?.published)),
    )
  );
}

function publicationSql(plan: CapturePlan, facts: ServerFacts): string {
  const captures = tablesBy(plan, "wal");
  const name = quoteName(plan.publication);
  if (!facts.publication)
    return `create publication ${name} for table ${tableList(captures)} with (publish_via_partition_root = true)`;
  const viaRoot = facts.publication.viaRoot
    ? ""
    : `;\nalter publication ${name} set (publish_via_partition_root = true)`;
  return `alter publication ${name} set table ${tableList(captures)}${viaRoot}`;
}

/** Identities and publication. Where a table is published already both change at once: in between, the application's updates would fail. */
function identityAndPublicationSteps(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  const missing = wantedIdentities(plan, facts).filter((wanted) => !isInForce(wanted));
  const isPublished = ({ capture }: WantedIdentity): boolean =>
    facts.publication?.tables.some(({ oid }) => oid === capture.table.oid) === true;
  const isOutdated = tablesBy(plan, "wal").length > 0 && !isPublishedAsPlanned(plan, facts);
  const together = isOutdated ? missing.filter(isPublished) : [];
  const steps = missing
    .filter((wanted) => !together.includes(wanted))
    .map((wanted) =>
      step(
        {
          what: `let changes of ${shortName(wanted.relation)} carry their old links`,
          sql: identitySql(wanted, facts),
          why:
            wanted.index === undefined
              ? "A link can be null, or there is no key: the whole old row goes into the log."
              : "Otherwise the owner of a deleted row, or the one before a change of owner, would not be known.",
        },
        true,
      ),
    );
  if (!isOutdated) return steps;
  const publish = step(
    {
      what: `publish ${tablesBy(plan, "wal").length} tables`,
      sql: [...together.map((wanted) => identitySql(wanted, facts)), publicationSql(plan, facts)].join(";\n"),
      why: "Only what is published is sent, and of each table only keys and links.",
    },
    together.length > 0,
  );
  return [...steps, publish];
}

/**
 * The slot of a first set-up. One that is gone later is for the running sync to replace: it knows how far it had come, and compares everybody; made
 * here, the new one would look like the old, and what was committed in between would be missed.
 */
function slotSteps(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  if (facts.slot || facts.publication || tablesBy(plan, "wal").length === 0) return [];
  const failover = facts.version >= FAILOVER_VERSION_MIN ? ", failover => true" : "";
  return [
    loneStep({
      what: `make the replication slot ${plan.slot}`,
      sql: `select pg_catalog.pg_create_logical_replication_slot(${quoteLiteral(plan.slot)}, 'pgoutput'${failover})`,
      why: "From here on the server keeps the log until it was read. It waits for transactions that are open now.",
    }),
  ];
}

/** Steps that make what is missing. */
export function walSteps(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  const wanted = wantedIdentities(plan, facts);
  const needsMemory = !facts.hasIdentities && wanted.some((one) => !isInForce(one));
  return [
    ...(needsMemory
      ? [
          step({
            what: "make a place to remember replica identities",
            sql: identitiesSql(facts.role),
            why: "`plumbline people teardown` puts back what was there before.",
          }),
        ]
      : []),
    ...indexSteps(wanted, facts),
    ...identityAndPublicationSteps(plan, facts),
    ...slotSteps(plan, facts),
  ];
}

function restoreSql({ table, before, index }: RememberedIdentity, hasMemory: boolean): string {
  const how =
    before === "i" && index !== undefined
      ? `using index ${quoteName(index)}`
      : { d: "default", n: "nothing", f: "full", i: "default" }[before];
  const forget = hasMemory
    ? `;\ndelete from plumbline.identities where oid = ${quoteLiteral(quoteTable(table))}::regclass`
    : "";
  return `alter table ${quoteTable(table)} replica identity ${how}${forget}`;
}

/** Puts back the identities of all tables but those in `keep` (oids), then removes the indexes that are not in `keep` (names). */
export function restoreSteps(facts: ServerFacts, keep: ReadonlySet<string>): readonly Step[] {
  const known = new Set(facts.remembered.map(({ oid }) => oid));
  // An index of ours that is an identity, and nothing remembers what was there before: the default then.
  const unknown = facts.indexes
    .filter(({ isIdentity, tableOid }) => isIdentity && !known.has(tableOid))
    .map(
      ({ tableOid, table }): RememberedIdentity => ({ oid: tableOid, table, before: "d", index: undefined }),
    );
  const restored = [...facts.remembered, ...unknown]
    .filter(({ oid }) => !keep.has(oid))
    .map((one) =>
      step(
        {
          what: `put the replica identity of ${shortName(one.table)} back`,
          sql: restoreSql(one, known.has(one.oid)),
          why: "The log of the table is not read any more.",
        },
        true,
      ),
    );
  const dropped = facts.indexes
    .filter(({ name, tableOid }) => !keep.has(`${tableOid} ${name}`))
    .map((index) => dropIndexStep(index, "Nothing uses it any more."));
  return [...restored, ...dropped];
}

/** Steps that give up slot and publication. An active slot refuses: whoever reads it is stopped first. */
export function dropSlotSteps(facts: ServerFacts): readonly Step[] {
  const steps: Step[] = [];
  if (facts.slot?.database === facts.database)
    steps.push(
      loneStep({
        what: `give up the replication slot ${facts.names.slot}`,
        sql: `select pg_catalog.pg_drop_replication_slot(${quoteLiteral(facts.names.slot)})`,
        why: "The server does not keep the log for it any more.",
      }),
    );
  if (facts.publication)
    steps.push(
      step({
        what: `remove the publication ${facts.names.publication}`,
        sql: `drop publication ${quoteName(facts.names.publication)}`,
        why: "Nothing reads it any more.",
      }),
    );
  return steps;
}

/** Steps that remove what an earlier plan needed and this one does not. */
export function staleWalSteps(plan: CapturePlan, facts: ServerFacts): readonly Step[] {
  const keep = new Set(
    wantedIdentities(plan, facts).flatMap(({ relation, index }) => [
      relation.oid,
      `${relation.oid} ${index ?? ""}`,
    ]),
  );
  const isUnused = tablesBy(plan, "wal").length === 0;
  return [...(isUnused ? dropSlotSteps(facts) : []), ...restoreSteps(facts, keep)];
}

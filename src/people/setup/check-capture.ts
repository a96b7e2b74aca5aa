// The doctor: how what was set up stands, and what on the server endangers the application or the copy. Looks at facts only.
// What a configuration asks for and cannot have is told by `planCapture`; here it is what is there.
import type { Finding } from "../../core/index.ts";
import type { CapturePlan, CaptureSettings, TableCapture } from "../capture/capture-plan.ts";
import { quoteName, quoteTable, shortName } from "../database/identifiers.ts";
import { checkSlot } from "./check-slot.ts";
import { captureFinding } from "./findings.ts";
import { tablesBy } from "./plan-capture.ts";
import { leavesOf, type RelationFacts, type ServerFacts } from "./server-facts.ts";
import { setupSql } from "./setup-sql.ts";
import { hasFunctions, needsOutbox, triggerPlaces } from "./trigger-steps.ts";
import { wantedIdentities } from "./wal-steps.ts";

const SETUP = "Run `plumbline people setup --apply`.";

function coversAll(columns: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((column) => columns.includes(column));
}

/** The identity of a relation fails the application's writes: 55000 without an index, 42P10 beside a column list. */
function checkHazards({ table }: TableCapture, facts: ServerFacts): readonly Finding[] {
  const found = facts.tables.get(table.oid);
  const published = facts.publication?.tables.find(({ oid }) => oid === table.oid);
  if (!found) return [];
  const leaves = leavesOf(found);
  const findings: Finding[] = [];
  const lost = leaves.filter(
    ({ identity, identityIndex }) => identity === "i" && identityIndex === undefined,
  );
  for (const leaf of lost)
    findings.push(
      captureFinding("capture-identity-lost", table, {
        message: `The identity index of ${shortName(leaf)} is gone: every update and delete of the application fails (55000) while it is published`,
        fix: `alter table ${quoteTable(leaf)} replica identity default; then run \`plumbline people setup --apply\`.`,
      }),
    );
  if (!published) return findings;
  const { columns } = published;
  const full = leaves.filter(({ identity }) => identity === "f");
  const partial = leaves.filter(
    ({ identity, identityColumns }) =>
      (identity === "d" || identity === "i") && columns !== undefined && !coversAll(columns, identityColumns),
  );
  if (columns !== undefined && full.length + partial.length > 0) {
    const name = shortName(full[0] ?? partial[0] ?? table);
    const why = full.length > 0 ? "is whole rows" : "has columns that are not published";
    findings.push(
      captureFinding("capture-full-with-columns", table, {
        message: `The replica identity of ${name} ${why}, and a publication lists columns: every update and delete of the application fails (42P10)`,
        fix: `alter publication ${quoteName(facts.names.publication)} drop table ${quoteTable(table)}; then run \`plumbline people setup --apply\`.`,
      }),
    );
  }
  // Without identity at all, updates and deletes of a published table fail too.
  const none = leaves.filter(
    ({ identity, primaryKey }) => identity === "n" || (identity === "d" && primaryKey.length === 0),
  );
  const [bare] = none;
  if (bare)
    findings.push(
      captureFinding("capture-identity-lost", table, {
        message: `${shortName(bare)} is published and has no replica identity: every update and delete of the application fails (55000)`,
        fix: `Run \`plumbline people setup --apply\`, or alter table ${quoteTable(bare)} replica identity full.`,
      }),
    );
  return findings;
}

/** The identity works for the application, and does not carry the links. */
function checkIdentities(plan: CapturePlan, facts: ServerFacts): readonly Finding[] {
  if (!facts.publication) return [];
  const isFine = (
    { identity, identityIndex, identityColumns }: RelationFacts,
    columns: readonly string[],
  ): boolean =>
    identity === "f" ||
    // Without its index it is reported as lost already.
    (identity === "i" && identityIndex === undefined) ||
    coversAll(identityColumns, columns);
  return wantedIdentities(plan, facts)
    .filter(({ relation, capture }) => !isFine(relation, capture.columns))
    .map(({ relation, capture: { table } }) => {
      const isPartition = relation.oid !== table.oid;
      return isPartition
        ? captureFinding("capture-partition-identity", table, {
            message: `The partition ${shortName(relation)} does not carry old links: the owner of a row that is deleted there is not noticed`,
            fix: `${SETUP} Do it after every new partition, or use \`method: trigger\` for ${shortName(table)}.`,
          })
        : captureFinding("capture-identity-lost", table, {
            message: `${shortName(table)} does not carry old links any more: the owner of a row that is deleted is not noticed`,
            fix: SETUP,
          });
    });
}

function checkPublication(plan: CapturePlan, facts: ServerFacts): readonly Finding[] {
  const captures = tablesBy(plan, "wal");
  if (!facts.publication) return [];
  return captures.flatMap(({ table, columns }): Finding[] => {
    const published = facts.publication?.tables.find(({ oid }) => oid === table.oid);
    if (published && (published.columns === undefined || coversAll(published.columns, columns))) return [];
    if (facts.publication?.isForAllTables === true) return [];
    return [
      captureFinding("capture-published-table-missing", table, {
        message: published
          ? `${shortName(table)} is published without one of ${columns.join(", ")}: its changes are not noticed`
          : `${shortName(table)} is not in the publication (dropping a column with \`cascade\` removes it): its changes are not noticed`,
        fix: `${SETUP} Then run \`plumbline people reconcile --apply\` for what was missed.`,
      }),
    ];
  });
}

function checkTriggers(plan: CapturePlan, facts: ServerFacts): readonly Finding[] {
  return tablesBy(plan, "trigger").flatMap((capture): Finding[] => {
    const places = triggerPlaces(capture, facts);
    const disabled = places.filter(({ isDisabled }) => isDisabled);
    return disabled.map(({ relation }) =>
      captureFinding("capture-trigger-disabled", capture.table, {
        message: `A trigger of ${shortName(relation)} is switched off: its changes are not noticed`,
        fix: `alter table ${quoteTable(relation)} enable trigger user; or ${SETUP} Then \`plumbline people reconcile --apply\` for what was missed.`,
      }),
    );
  });
}

/** What set-up would still make, beyond what has a finding of its own. */
function checkSetUp(plan: CapturePlan, facts: ServerFacts): readonly Finding[] {
  const missing: string[] = [];
  const wal = tablesBy(plan, "wal");
  if (wal.length > 0 && !facts.publication) {
    missing.push(`the publication ${plan.publication}`);
    if (!facts.slot) missing.push(`the replication slot ${plan.slot}`);
  }
  if (needsOutbox(plan) && !facts.hasOutbox) missing.push("the outbox");
  for (const capture of tablesBy(plan, "trigger")) {
    const isThere =
      hasFunctions(capture, facts) &&
      triggerPlaces(capture, facts).every(({ isWhole, isDisabled }) => isWhole || isDisabled);
    if (!isThere) missing.push(`triggers of ${shortName(capture.table)}`);
  }
  if (missing.length === 0) return [];
  const steps = setupSql(plan, facts).length;
  return [
    captureFinding("capture-not-set-up", undefined, {
      message: `Changes cannot be noticed yet; missing: ${missing.join(", ")}`,
      fix: `Run \`plumbline people setup\` to see the SQL of its ${steps} steps, and \`plumbline people setup --apply\` to run them.`,
    }),
  ];
}

function checkRights(plan: CapturePlan, facts: ServerFacts): readonly Finding[] {
  return plan.tables
    .filter(({ table }) => {
      const found = facts.tables.get(table.oid);
      return found !== undefined && !found.canSelect;
    })
    .map(({ table }) =>
      captureFinding("capture-rights", table, {
        message: `The role may not read ${shortName(table)}`,
        fix: `grant select on ${quoteTable(table)} to the role of \`people.database\`.`,
      }),
    );
}

function checkSurroundings(plan: CapturePlan, facts: ServerFacts): readonly Finding[] {
  const findings: Finding[] = [];
  const wal = tablesBy(plan, "wal");
  if (facts.hasReplicaSessions && tablesBy(plan, "trigger").length > 0)
    findings.push(
      captureFinding("capture-session-replication-role", undefined, {
        message:
          "Some sessions work as `session_replication_role = replica`, or this database subscribes to another: triggers do not fire for their changes",
        fix: "Use `method: wal` for tables that they change, or run `plumbline people reconcile --apply` after a bulk load.",
      }),
    );
  if (facts.allTablesPublications.length > 0)
    findings.push(
      captureFinding("capture-all-tables", undefined, {
        message: `${facts.allTablesPublications.join(", ")} publishes all tables, so tables of the schema plumbline as well: a subscriber that does not have them stops`,
        fix: "Make the schema at the subscriber too, keep the state elsewhere with `people.state` and use `method: wal`, or list the tables of that publication.",
      }),
    );
  if (facts.synchronousStandbys !== "" && wal.length > 0)
    findings.push(
      captureFinding("capture-synchronous-standby", undefined, {
        message:
          "Commits wait for a synchronous standby: a change is in the log before anybody can read it, and a profile follows once the standby has answered",
        fix: "Nothing; a standby that is silent holds the profiles back as it holds the application back.",
      }),
    );
  for (const { table } of wal.filter((capture) => capture.table.kind === "partitioned"))
    findings.push(
      captureFinding("capture-partition-changes", table, {
        message: `Partitions of ${shortName(table)} that are truncated alone, attached, detached or dropped say nothing of their rows`,
        fix: "Run `plumbline people reconcile --apply` afterwards.",
      }),
    );
  return findings;
}

/**
 * Checks what was set up against a plan.
 *
 * @param settings Only `slotBudgetBytes` matters here.
 */
export function checkCapture(
  plan: CapturePlan,
  facts: ServerFacts,
  settings: CaptureSettings = {},
): readonly Finding[] {
  const wal = tablesBy(plan, "wal");
  return [
    ...checkSetUp(plan, facts),
    ...wal.flatMap((capture) => checkHazards(capture, facts)),
    ...checkIdentities(plan, facts),
    ...checkPublication(plan, facts),
    ...checkTriggers(plan, facts),
    ...checkRights(plan, facts),
    ...(wal.length > 0 ? checkSlot(facts, settings) : []),
    ...checkSurroundings(plan, facts),
  ];
}

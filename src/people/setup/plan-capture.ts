// Chooses for every table of a mapping how its changes are noticed, and says why. Pure: the facts were read before.
// A method that the configuration names is kept, also where it cannot work: then a finding says so.
import type { Finding } from "../../core/index.ts";
import {
  type CaptureMethod,
  type CapturePlan,
  type CaptureSettings,
  type TableCapture,
} from "../capture/capture-plan.ts";
import { shortName } from "../database/identifiers.ts";
import type { CatalogueTable } from "../mapping/catalogue.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { captureFinding } from "./findings.ts";
import { type ServerFacts, type TableFacts, WAL_VERSION_MIN } from "./server-facts.ts";
import { type WalChoice, walChoice } from "./wal-identity.ts";

/** Why a method cannot be used, and as which finding that is told where the configuration asks for it. */
interface Obstacle {
  readonly id:
    | "capture-version"
    | "capture-wal-level"
    | "capture-rights"
    | "capture-standby"
    | "capture-method-impossible";
  readonly because: string;
  readonly fix: string;
}

interface Ask {
  readonly table: CatalogueTable;
  readonly facts: TableFacts | undefined;
  readonly columns: readonly string[];
  readonly server: ServerFacts;
}

interface Choice {
  readonly method: CaptureMethod;
  readonly wal: TableCapture["wal"];
  readonly reason: string;
}

const STANDBY: Obstacle = {
  id: "capture-standby",
  because: "the server is a standby, where nothing can be set up",
  fix: "Name the primary in `people.database`.",
};

function isPublished({ table, server }: Ask): boolean {
  return server.publication?.tables.some(({ oid }) => oid === table.oid) === true;
}

function hasTriggers({ table, server }: Ask): boolean {
  return server.triggers.some(({ oid }) => oid === table.oid);
}

function walObstacle(ask: Ask): Obstacle | undefined {
  const { server, facts, table } = ask;
  if (server.isStandby) return STANDBY;
  if (server.version < WAL_VERSION_MIN)
    return {
      id: "capture-version",
      because: "the server is older than Postgres 15, and its publications cannot list columns",
      fix: "Use `method: trigger`, or a newer Postgres.",
    };
  if (server.walLevel !== "logical")
    return {
      id: "capture-wal-level",
      because: `\`wal_level\` is ${server.walLevel}`,
      fix: "alter system set wal_level = 'logical', then restart the server; or use `method: trigger`.",
    };
  if (!server.canReplicate)
    return {
      id: "capture-rights",
      because: "the role may not replicate",
      fix: "alter role … replication (on Amazon RDS: grant rds_replication to …), or use `method: trigger`.",
    };
  if (!isPublished(ask) && (!server.canCreate || facts?.isOwner !== true))
    return {
      id: "capture-rights",
      because: `the role does not own ${shortName(table)} or may not create a publication`,
      fix: "Let the owner run the SQL that `plumbline people doctor` prints, or use `method: trigger`.",
    };
  return undefined;
}

function triggerObstacle(ask: Ask): Obstacle | undefined {
  const { server, facts, table } = ask;
  if (server.isStandby) return STANDBY;
  if (facts?.partitions.some(({ kind }) => kind === "foreign"))
    return {
      id: "capture-method-impossible",
      because: `${shortName(table)} has a foreign table as partition, whose changes no trigger sees`,
      fix: "Use `method: touch` or `method: poll`.",
    };
  const canTrigger = [facts, ...(facts?.partitions ?? [])].every((one) => one?.canTrigger === true);
  if (hasTriggers(ask) || (canTrigger && (server.canCreate || server.hasOutbox))) return undefined;
  return {
    id: "capture-rights",
    because: `the role may not create triggers on ${shortName(table)}`,
    fix: "Let the owner run the SQL that `plumbline people doctor` prints, or use `method: touch` or `method: poll`.",
  };
}

function choiceOfWal({ table, facts, columns, server }: Ask): WalChoice {
  return facts
    ? walChoice({ table, facts, columns, server })
    : { kind: "impossible", because: "the server does not show it" };
}

const WAL_REASON = {
  "as-is": "the log carries the old links already",
  index: "an index over key and links lets the log carry the old links, and nothing else travels",
  full: "whole old rows carry the links",
} as const;

/** What is used where the configuration says nothing. */
function chooseByDefault(ask: Ask, pollColumn: string | undefined): Choice {
  const wal = choiceOfWal(ask);
  const against = walObstacle(ask)?.because ?? (wal.kind === "impossible" ? wal.because : wal.caution);
  if (against === undefined && wal.kind === "possible")
    return { method: "wal", wal: wal.wal, reason: WAL_REASON[wal.wal.identity] };
  const trigger = triggerObstacle(ask);
  if (!trigger) return { method: "trigger", wal: undefined, reason: `not by the log: ${against ?? ""}` };
  const method = pollColumn === undefined ? "touch" : "poll";
  return {
    method,
    wal: undefined,
    reason: `neither by the log (${against ?? ""}) nor by triggers: ${trigger.because}`,
  };
}

interface Configured {
  readonly method: CaptureMethod;
  readonly pollColumn: string | undefined;
}

function obstacleOf(ask: Ask, { method }: Configured): Obstacle | undefined {
  if (method === "trigger") return triggerObstacle(ask);
  if (method === "touch") return ask.server.isStandby ? STANDBY : undefined;
  if (method === "poll") return undefined;
  const wal = choiceOfWal(ask);
  return (
    walObstacle(ask) ??
    (wal.kind === "possible"
      ? undefined
      : {
          id: "capture-method-impossible",
          because: `${shortName(ask.table)} cannot be read from the log: ${wal.because}`,
          fix: "Use `method: trigger` for it.",
        })
  );
}

function pollFinding({ table }: Ask, { pollColumn }: Configured): Finding | undefined {
  const column = pollColumn === undefined ? undefined : table.columns.get(pollColumn);
  if (column?.isNotNull === true) return undefined;
  const message =
    pollColumn === undefined
      ? `${shortName(table)} is polled, and nothing says by which column`
      : column
        ? `${shortName(table)} is polled by ${pollColumn}, which can be null: a change that leaves it null is never seen`
        : `${shortName(table)} is polled by ${pollColumn}, which it does not have`;
  return captureFinding("capture-poll-column", table, {
    message,
    fix: "Name a column whose value grows with every change and is never null, as in `{ method: poll, column: updated_at }`.",
  });
}

/** What speaks against a method that the configuration names. */
function findingsOf(ask: Ask, configured: Configured): readonly Finding[] {
  const { table, columns } = ask;
  const findings: Finding[] = [];
  const obstacle = obstacleOf(ask, configured);
  if (obstacle)
    findings.push(
      captureFinding(obstacle.id, table, {
        message: `Changes of ${shortName(table)} cannot be noticed by \`${configured.method}\`: ${obstacle.because}`,
        fix: obstacle.fix,
      }),
    );
  const wal = choiceOfWal(ask);
  if (configured.method === "wal" && wal.kind === "possible" && wal.wal.identity === "full") {
    const nullable = columns.filter((name) => table.columns.get(name)?.isNotNull !== true);
    findings.push(
      captureFinding("capture-nullable-link", table, {
        message: `${shortName(table)} needs whole old rows in the log: ${nullable.length > 0 ? `${nullable.join(", ")} can be null` : "it has no key"}`,
        fix: "Make the column `not null`, or use `method: trigger`; never give the table a column list in a publication.",
      }),
    );
  }
  const poll = configured.method === "poll" ? pollFinding(ask, configured) : undefined;
  return poll ? [...findings, poll] : findings;
}

function choiceFor(ask: Ask, configured: Configured): Choice {
  const wal = configured.method === "wal" ? choiceOfWal(ask) : undefined;
  const capture = wal?.kind === "possible" ? wal.wal : undefined;
  const how = capture ? `: ${WAL_REASON[capture.identity]}` : "";
  return { method: configured.method, wal: capture, reason: `the configuration says so${how}` };
}

function unknownTables(mapping: Mapping, settings: CaptureSettings): readonly Finding[] {
  const known = new Set(
    mapping.tables.flatMap((table) => [shortName(table), `${table.schema}.${table.table}`]),
  );
  return Object.keys(settings.tables ?? {})
    .filter((name) => !known.has(name))
    .map((name) => ({
      ...captureFinding("capture-unknown-table", undefined, {
        message: `The configuration says how ${name} is watched, and no profile property depends on it`,
        fix: `Correct the name, or remove it from \`capture.tables\`. Watched are: ${[...known].filter((one) => !one.startsWith("public.")).join(", ")}.`,
      }),
      at: `people.capture.tables.${name}`,
    }));
}

/** What a plan needs for a table to be watched, and how it will be. */
export interface PlannedCapture {
  readonly plan: CapturePlan;
  /** Why a configured method cannot work. Empty where everything is chosen by default. */
  readonly findings: readonly Finding[];
}

/**
 * Chooses a method for every table of the mapping.
 *
 * Without configuration: `wal` where the server allows it and nothing of the application can break, else `trigger` where the role may create
 * them, else `poll` where a column is named, else `touch`.
 */
export function planCapture(
  mapping: Mapping,
  server: ServerFacts,
  settings: CaptureSettings = {},
): PlannedCapture {
  const findings: Finding[] = [...unknownTables(mapping, settings)];
  const tables = mapping.tables.map((table): TableCapture => {
    const watches = mapping.watches.filter((watch) => watch.table.oid === table.oid);
    const columns = [...new Set(watches.map(({ column }) => column))];
    const ask: Ask = { table, facts: server.tables.get(table.oid), columns, server };
    const own = settings.tables?.[shortName(table)] ?? settings.tables?.[`${table.schema}.${table.table}`];
    const method = own?.method ?? settings.method;
    const pollColumn = own?.pollColumn;
    if (method === undefined) {
      const choice = chooseByDefault(ask, pollColumn);
      return {
        table,
        columns,
        watches,
        pollColumn: choice.method === "poll" ? pollColumn : undefined,
        ...choice,
      };
    }
    const configured = { method, pollColumn };
    findings.push(...findingsOf(ask, configured));
    return {
      table,
      columns,
      watches,
      pollColumn: method === "poll" ? pollColumn : undefined,
      ...choiceFor(ask, configured),
    };
  });
  if (settings.tables === undefined && settings.method === undefined && server.isStandby)
    findings.push(
      captureFinding("capture-standby", undefined, {
        message: `Capture cannot be set up: ${STANDBY.because}`,
        fix: STANDBY.fix,
      }),
    );
  return { plan: { tables, slot: server.names.slot, publication: server.names.publication }, findings };
}

/** Names of the tables of a method, for people. */
export function tablesBy(plan: CapturePlan, method: CaptureMethod): readonly TableCapture[] {
  return plan.tables.filter((one) => one.method === method);
}

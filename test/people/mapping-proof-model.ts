// Random applications for the mapping proof: tables with links of every kind, a mapping over them, and a history of what writers did.
import fc from "fast-check";

export interface LinkSpec {
  readonly from: number;
  readonly to: number;
  readonly isNullable: boolean;
  readonly rule: "cascade" | "set null" | "none";
}

export type IdKind = "uuid" | "bigint" | "text" | "apart";

export interface PropertySpec {
  readonly rule:
    | "field"
    | "count"
    | "distinct"
    | "sum"
    | "min"
    | "max"
    | "latest"
    | "exists"
    | "sql"
    | "lateral";
  /** Which of the hops that lead on is taken, at each table. */
  readonly hops: readonly number[];
  readonly where: number;
}

export interface AppSpec {
  readonly id: IdKind;
  readonly links: readonly LinkSpec[];
  readonly properties: readonly PropertySpec[];
  /** How the first rows are linked. */
  readonly salt: number;
}

export interface Step {
  readonly writer: number;
  readonly action: "insert" | "update" | "relink" | "renumber" | "delete" | "truncate" | "spread";
  readonly table: number;
  readonly row: number;
  readonly other: number;
  readonly commits: boolean;
  readonly drains: boolean;
}

export interface Case {
  readonly app: AppSpec;
  readonly steps: readonly Step[];
}

/** Table 0 holds the users. Names that need quotes, on purpose. */
export const TABLES = ["User", "order", "Group", "t3", "t4", "t5"] as const;
const WRITERS = 3;
const FIRST_ROWS = 4;

const small = fc.nat({ max: 5 });

export interface Sizes {
  readonly tables: number;
  readonly steps: number;
  readonly properties: number;
}

/** Any application with any history. */
export function anyCase(sizes: Sizes): fc.Arbitrary<Case> {
  const table = fc.nat({ max: sizes.tables - 1 });
  const link: fc.Arbitrary<LinkSpec> = fc.record({
    from: table,
    to: table,
    isNullable: fc.boolean(),
    rule: fc.constantFrom("none", "set null", "none", "set null", "cascade"),
  });
  const property: fc.Arbitrary<PropertySpec> = fc.record({
    rule: fc.constantFrom(
      "count",
      "exists",
      "sum",
      "min",
      "max",
      "latest",
      "distinct",
      "field",
      "sql",
      "lateral",
    ),
    hops: fc.array(small, { minLength: 1, maxLength: 3, size: "max" }),
    where: small,
  });
  const step: fc.Arbitrary<Step> = fc.record({
    writer: fc.nat({ max: WRITERS - 1 }),
    action: fc.oneof(
      { weight: 5, arbitrary: fc.constant("insert" as const) },
      { weight: 3, arbitrary: fc.constant("update" as const) },
      { weight: 4, arbitrary: fc.constant("relink" as const) },
      { weight: 2, arbitrary: fc.constant("spread" as const) },
      { weight: 2, arbitrary: fc.constant("renumber" as const) },
      { weight: 1, arbitrary: fc.constant("delete" as const) },
      { weight: 1, arbitrary: fc.constant("truncate" as const) },
    ),
    table,
    row: small,
    other: small,
    commits: fc.boolean(),
    drains: fc.boolean(),
  });
  return fc.record({
    app: fc.record({
      id: fc.constantFrom<IdKind[]>("uuid", "bigint", "text", "apart"),
      links: fc.array(link, { minLength: sizes.tables - 1, maxLength: sizes.tables + 2, size: "max" }),
      salt: fc.nat({ max: 30 }),
      properties: fc.array(property, {
        minLength: Math.min(3, sizes.properties),
        maxLength: sizes.properties,
        size: "max",
      }),
    }),
    steps: fc.array(step, { minLength: 1, maxLength: sizes.steps, size: "max" }),
  });
}

// --- SQL of an application ---

function keyType(app: AppSpec, table: number): string {
  return table !== 0 || app.id === "apart" ? "bigint" : app.id;
}

/** The nth key of a table, as a literal. Texts are odd on purpose. */
export function keyLiteral(app: AppSpec, table: number, nth: number): string {
  switch (keyType(app, table)) {
    case "uuid":
      return `'00000000-0000-4000-8000-00000000000${nth}'`;
    case "text":
      return ["'a'", "'A'", "' a'", `'o''x"{}'`, "'ä,\\'", "''''"][nth] ?? "'z'";
    default:
      return String(nth);
  }
}

function publicId(nth: number): string {
  return `'10000000-0000-4000-8000-00000000000${nth}'`;
}

export function schemaSql(app: AppSpec, tables: number): string {
  const create = TABLES.slice(0, tables).map((name, index) => {
    const own = index === 0 && app.id === "apart" ? ", public_id uuid not null unique" : "";
    const links = app.links.flatMap((link, at) =>
      link.from === index ? [`, l${at} ${keyType(app, link.to)}${link.isNullable ? "" : " not null"}`] : [],
    );
    return `create table "${name}" (id ${keyType(app, index)} primary key${own}, name text, score int, flag boolean${links.join("")});`;
  });
  const keys = app.links.flatMap(({ from, to, isNullable, rule }, at) =>
    rule === "none"
      ? []
      : [
          `alter table "${TABLES[from]}" add foreign key (l${at}) references "${TABLES[to]}" (id) on update cascade on delete ${rule === "set null" && isNullable ? "set null" : "cascade"};`,
        ],
  );
  return [...create, ...keys].join("\n");
}

/** Lets the log carry whole old rows. */
export function identitySql(tables: number): string {
  return TABLES.slice(0, tables)
    .map((name) => `alter table "${name}" replica identity full;`)
    .join("\n");
}

// --- mapping ---

interface Hop {
  readonly from: number;
  readonly fromColumn: string;
  readonly to: number;
  readonly toColumn: string;
  readonly isToOne: boolean;
}

function hopsFrom(app: AppSpec, table: number): readonly Hop[] {
  return app.links.flatMap(({ from, to }, at): Hop[] => [
    ...(to === table ? [{ from: to, fromColumn: "id", to: from, toColumn: `l${at}`, isToOne: false }] : []),
    ...(from === table ? [{ from, fromColumn: `l${at}`, to, toColumn: "id", isToOne: true }] : []),
  ]);
}

function walk(app: AppSpec, choices: readonly number[]): readonly Hop[] {
  const path: Hop[] = [];
  let at = 0;
  for (const choice of choices) {
    const ways = hopsFrom(app, at);
    const hop = ways[choice % Math.max(1, ways.length)];
    if (!hop) break;
    path.push(hop);
    at = hop.to;
  }
  return path;
}

const WHERE: readonly (object | undefined)[] = [
  undefined,
  { flag: true },
  { name: ["a", "o'x"] },
  { score: { gte: 2 } },
  { name: { not: "a" }, score: { lt: 4 } },
  { flag: null },
];

function idColumn(app: AppSpec): string {
  return app.id === "apart" ? "public_id" : "id";
}

function queryOf(app: AppSpec, path: readonly Hop[], isLateral: boolean): string {
  const on = path.map(
    ({ fromColumn, to, toColumn }, at) =>
      [`"${TABLES[to]}" a${at + 1}`, `a${at + 1}.${toColumn} = a${at}.${fromColumn}`] as const,
  );
  const user = `a0.${idColumn(app)}`;
  if (isLateral) {
    const from = on.map(([table]) => table).join(", ");
    const where = on.map(([, equality]) => equality).join(" and ");
    return `select ${user} as user_id, l.n as value from "User" a0 left join lateral (select count(*) as n from ${from} where ${where}) l on true`;
  }
  const joins = on.map(([table, equality]) => `left join ${table} on ${equality}`).join(" ");
  return `select ${user} as user_id, sum(a${path.length}.score) as value from "User" a0 ${joins} group by ${user}`;
}

function sourceOf(
  app: AppSpec,
  { rule, hops, where }: PropertySpec,
): { readonly type: string; readonly from: unknown } {
  const path = walk(app, hops);
  if (path.length === 0) return { type: "string", from: "User.name" };
  if (rule === "sql" || rule === "lateral")
    return { type: "integer", from: { sql: queryOf(app, path, rule === "lateral") } };
  const name = TABLES[path.at(-1)?.to ?? 0] ?? "";
  const via = path.map(
    ({ from, fromColumn, to, toColumn }) => `${TABLES[to]}.${toColumn} = ${TABLES[from]}.${fromColumn}`,
  );
  const more = { via, ...(WHERE[where] ? { where: WHERE[where] } : {}) };
  switch (rule) {
    case "count":
      return { type: "integer", from: { count: name, ...more } };
    case "exists":
      return { type: "boolean", from: { exists: name, ...more } };
    case "distinct":
      return { type: "integer", from: { count: `${name}.score`, distinct: true, ...more } };
    case "sum":
      return { type: "integer", from: { sum: `${name}.score`, ...more } };
    case "min":
    case "max":
      return { type: "string", from: { [rule]: `${name}.name`, ...more } };
    case "field":
      if (path.every(({ isToOne }) => isToOne))
        return { type: "string", from: { field: `${name}.name`, ...more } };
      return { type: "string", from: { latest: `${name}.name`, by: "id", ...more } };
    case "latest":
      return { type: "string", from: { latest: `${name}.name`, by: "score", ...more } };
  }
}

/** The profile properties of an application's plan. */
export function peopleOf(app: AppSpec): object {
  return Object.fromEntries(
    app.properties.map((property, at) => [`p${at}`, { owner: "state", ...sourceOf(app, property) }]),
  );
}

/** Where its users are. */
export function usersOf(app: AppSpec): string {
  return `User.${idColumn(app)}`;
}

/** The plan of an application, as text. */
export function planText(app: AppSpec): string {
  return JSON.stringify({
    plumbline: 1,
    name: "proof",
    sources: { api: { trust: "server" } },
    identity: { user_id: { pattern: "." } },
    state: { users: usersOf(app) },
    people: peopleOf(app),
    lint: {
      rules: Object.fromEntries(
        ["missing-description", "missing-data-class", "missing-owner", "similar-names"].map((rule) => [
          rule,
          "off",
        ]),
      ),
    },
  });
}

// --- history ---

const NAMES = ["'a'", "'b'", "'o''x'", "null", "''", "'b'"];
const FLAGS = ["true", "false", "null", "true", "false", "null"];

function linkValue(app: AppSpec, at: number, nth: number): string {
  const link = app.links[at];
  if (!link) return "null";
  return link.isNullable && nth === 5 ? "null" : keyLiteral(app, link.to, nth);
}

function insertSql(
  app: AppSpec,
  { table, row, other }: Pick<Step, "table" | "row" | "other">,
  link: (at: number) => string,
): string {
  const links = app.links.flatMap(({ from }, at) => (from === table ? [at] : []));
  const hasPublicId = table === 0 && app.id === "apart";
  const columns = [
    "id",
    "name",
    "score",
    "flag",
    ...links.map((at) => `l${at}`),
    ...(hasPublicId ? ["public_id"] : []),
  ];
  const values = [
    keyLiteral(app, table, row),
    NAMES[other],
    String(other),
    FLAGS[row],
    ...links.map(link),
    ...(hasPublicId ? [publicId(row)] : []),
  ];
  return `insert into "${TABLES[table]}" (${columns.join(", ")}) values (${values.join(", ")}) on conflict do nothing`;
}

/** Rows that are there before the history begins: enough that most links lead somewhere. */
export function firstRowsSql(app: AppSpec, tables: number): string {
  const rows = TABLES.slice(0, tables).flatMap((_, table) =>
    Array.from({ length: FIRST_ROWS }, (__, row) => {
      const other = (row * 7 + table + app.salt) % 6;
      return insertSql(app, { table, row, other }, (at) => {
        const nth = (row * (1 + (app.salt % 3)) + at + app.salt) % (FIRST_ROWS + 1);
        const isNull = nth === FIRST_ROWS && app.links[at]?.isNullable === true;
        return isNull ? "null" : keyLiteral(app, app.links[at]?.to ?? 0, nth % FIRST_ROWS);
      });
    }),
  );
  // No key is checked: the tables refer to each other in circles.
  return ["set session_replication_role = replica", ...rows, "reset session_replication_role"].join(";\n");
}

/** One statement of a step. */
export function stepSql(app: AppSpec, step: Step): string {
  const { table, row, other } = step;
  const name = `"${TABLES[table]}"`;
  const key = keyLiteral(app, table, row);
  const links = app.links.flatMap((link, at) => (link.from === table ? [at] : []));
  const link = links[other % Math.max(1, links.length)];
  switch (step.action) {
    case "insert":
      return insertSql(app, step, (at) => linkValue(app, at, (other + at) % 6));
    case "update":
      return `update ${name} set name = ${NAMES[other]}, score = ${other} - 1, flag = ${FLAGS[other]} where id = ${key}`;
    case "relink":
      return link === undefined
        ? `update ${name} set score = score + 1 where id = ${key}`
        : `update ${name} set l${link} = ${linkValue(app, link, row)}, score = ${other} where id = ${keyLiteral(app, table, other)}`;
    case "spread":
      return link === undefined
        ? `update ${name} set flag = not flag`
        : `update ${name} set l${link} = ${linkValue(app, link, row)} where score <= ${other}`;
    case "renumber":
      return table === 0 && app.id === "apart" && row % 2 === 0
        ? `update ${name} set public_id = ${publicId(other)} where id = ${key}`
        : `update ${name} set id = ${keyLiteral(app, table, other)} where id = ${key}`;
    case "delete":
      return `delete from ${name} where id = ${key}`;
    case "truncate":
      if (row === 0) return `truncate ${name} cascade`;
      return row === 1
        ? `delete from ${name} where score < ${other}`
        : `update ${name} set name = 'b' where score < ${other}`;
  }
}

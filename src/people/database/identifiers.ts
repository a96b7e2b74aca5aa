// Names of tables and columns as SQL spells them, and literals of statements that take no parameters.

/** A table by schema and name. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** `"order"`: always quoted, so that no name is a keyword. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteTable({ schema, table }: TableName): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}

/** A text literal, for statements that know no parameters. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** `orders` in `public`, else `billing.invoices`: how people name a table. */
export function shortName({ schema, table }: TableName): string {
  return schema === "public" ? table : `${schema}.${table}`;
}

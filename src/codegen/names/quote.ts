// Texts in the quotes that need fewer escapes, as prettier, ruff and black choose them.

/** A JSON-like literal; `"` unless `'` needs fewer escapes. */
export function quote(text: string): string {
  const json = JSON.stringify(text);
  const doubles = text.split('"').length - 1;
  if (doubles === 0 || doubles <= text.split("'").length - 1) return json;
  return `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

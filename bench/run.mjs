// Runs the benchmarks and prints one table. Every figure that matters is a ratio against a peer or a limit measured in the same run.
// Usage: npm run bench [-- name …] [--json] [--write]
import { cpus, totalmem } from "node:os";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/**
 * One line of the table.
 *
 * @typedef {{ measure: string, value: number, unit: string, ratio?: number, against?: string, target?: string, met?: boolean, note?: string }} Row
 */

const here = new URL(".", import.meta.url);
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const flags = new Set(process.argv.slice(2).filter((word) => word.startsWith("--")));
const names = readdirSync(here)
  .filter((file) => file.endsWith(".mjs") && file !== "run.mjs")
  .map((file) => file.slice(0, -".mjs".length))
  .filter((name) => wanted.length === 0 || wanted.includes(name));

const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no benchmark named ${unknown.join(", ")}\n`);
  process.exit(2);
}

const format = (value) =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en-US")
    : Number(value.toPrecision(3)).toString();

/** @param {Row[]} rows */
function table(rows) {
  const lines = [
    "| measure | value | ratio | target | met | note |",
    "|---|---|---|---|---|---|",
    ...rows.map((row) => {
      const ratio = row.ratio === undefined ? "" : `${format(row.ratio)} × ${row.against ?? ""}`.trim();
      const met = row.met === undefined ? "" : row.met ? "yes" : "**no**";
      const cells = [
        row.measure,
        `${format(row.value)} ${row.unit}`,
        ratio,
        row.target ?? "",
        met,
        row.note ?? "",
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
  return lines.join("\n");
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
const sections = [];
for (const name of names) {
  process.stderr.write(`bench: ${name} …\n`);
  const { run } = await import(new URL(`${name}.mjs`, here).href);
  const started = performance.now();
  const rows = await run();
  process.stderr.write(`bench: ${name} took ${Math.round((performance.now() - started) / 1000)} s\n`);
  sections.push({ name, rows });
}

if (flags.has("--json")) {
  process.stdout.write(`${JSON.stringify({ machine, sections }, undefined, 2)}\n`);
} else {
  const text = [
    `Machine: ${machine}`,
    ...sections.map(({ name, rows }) => `## ${name}\n\n${table(rows)}`),
  ].join("\n\n");
  process.stdout.write(`${text}\n`);
  if (flags.has("--write")) {
    const file = new URL("../docs/benchmarks.md", here);
    const head = `# Benchmarks

\`npm run bench -- --write\` writes this page. Figures move with the machine; ratios are against a peer or a limit in the same run.
`;
    const why = readFileSync(new URL("what-binds.md", here), "utf8");
    writeFileSync(file, `${head}\n${text}\n\n${why}`);
  }
}

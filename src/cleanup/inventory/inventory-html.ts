// An inventory as one page that asks nothing of a network: no script, readable on a phone, on paper and by a screen reader. Names come from outside and
// are escaped here.
import { createHash } from "node:crypto";
import { BUCKETS, type Bucket, type Inventory, type InventoryItem } from "./inventory.ts";
import { BUCKET_TITLES, countOf, evidenceText, lookedText, subjectText } from "./inventory-text.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --back: #ffffff; --link: #0b57c2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a9b4c0; --line: #30363d; --back: #0d1117; --link: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); background: var(--back); }
header, main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: 1rem 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { color: var(--soft); margin: .35rem 0; }
a { color: var(--link); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.count { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
@media print { a { color: inherit; } }
`;

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

function section(bucket: Bucket, items: readonly InventoryItem[]): string {
  if (items.length === 0) return "";
  const rows = items
    .toSorted((a, b) => countOf(b) - countOf(a))
    .map(
      (item) =>
        `<tr><th scope="row">${escaped(subjectText(item.of))}</th><td class="count">${countOf(item).toLocaleString("en-US")}</td><td>${escaped(evidenceText(item))}</td></tr>`,
    );
  return `<section aria-labelledby="${bucket}"><h2 id="${bucket}">${BUCKET_TITLES[bucket]}</h2>
<div class="wide" role="region" tabindex="0" aria-labelledby="${bucket}"><table><caption>${items.length.toLocaleString("en-US")} found</caption><thead><tr><th scope="col">What</th><th scope="col" class="count">Events or profiles</th><th scope="col">Evidence</th></tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div></section>`;
}

/** Writes the page. The same inventory gives the same bytes. */
export function inventoryHtml(inventory: Inventory): string {
  const { destination, items, notes, madeAt } = inventory;
  const hash = createHash("sha256").update(STYLE).digest("base64");
  const grouped = BUCKETS.map((bucket) => ({ bucket, its: items.filter((item) => item.bucket === bucket) }));
  const links = grouped.map(({ bucket, its }) =>
    its.length === 0
      ? `<li>${BUCKET_TITLES[bucket]}: none</li>`
      : `<li><a href="#${bucket}">${BUCKET_TITLES[bucket]}</a>: ${its.length.toLocaleString("en-US")}</li>`,
  );
  const title = `Inventory of ${escaped(destination)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${title}</h1>
<p>${escaped(lookedText(inventory))}. Made ${escaped(madeAt)}.</p>
${notes.map((note) => `<p>${escaped(note)}</p>`).join("\n")}
<nav aria-label="Buckets"><ul>${links.join("")}</ul></nav></header>
<main>
${grouped.map(({ bucket, its }) => section(bucket, its)).join("\n")}
</main>
</body>
</html>
`;
}

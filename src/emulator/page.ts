// The page that lists the latest events and profiles. No asset from elsewhere; what was received is put in as text, never as HTML.

/** Nothing from elsewhere, nothing inline, in no frame. */
export const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

export const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Local Mixpanel</title><link rel="stylesheet" href="/emulator/page.css"></head><body>
<header>
<h1><span aria-hidden="true" class="mark"></span>Local Mixpanel</h1>
<dl aria-label="Totals"><div><dt>Events</dt><dd id="events-count">–</dd></div><div><dt>Profiles</dt><dd id="profiles-count">–</dd></div></dl>
<p id="state" role="status"></p>
<label class="filter">Filter <input id="filter" type="search" autocomplete="off" placeholder="name, id or value"></label>
<button id="pause" type="button" aria-pressed="false">Pause</button>
</header>
<main>
<section aria-labelledby="he"><h2 id="he">Latest events</h2><ol id="events"></ol></section>
<section aria-labelledby="hp"><h2 id="hp">Latest profiles</h2><ol id="profiles"></ol></section>
</main>
<script src="/emulator/page.js"></script></body></html>`;

export const PAGE_STYLE = `:root{color-scheme:light dark;--back:#f6f5fb;--card:#fff;--text:#1d1b2a;--dim:#5f5b73;--line:#e3e0ee;--accent:#5b3df5;--fresh:#ece8ff}
@media(prefers-color-scheme:dark){:root{--back:#14131b;--card:#1e1c28;--text:#efedf7;--dim:#a6a1ba;--line:#322f40;--accent:#a694ff;--fresh:#2b2547}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:var(--back);color:var(--text)}
header{position:sticky;top:0;z-index:1;display:flex;gap:.6rem 2rem;align-items:center;flex-wrap:wrap;padding:.9rem clamp(1rem,4vw,3rem);background:var(--card);border-bottom:1px solid var(--line)}
h1{font-size:1.15rem;margin:0;display:flex;gap:.6rem;align-items:center}
.mark{width:.9rem;height:.9rem;border-radius:50% 50% 50% 0;background:var(--accent);transform:rotate(-45deg)}
dl{display:flex;gap:1.5rem;margin:0}dl div{display:flex;gap:.4rem;align-items:baseline}dt{color:var(--dim)}dd{margin:0;font-weight:600;font-variant-numeric:tabular-nums}
#state{margin:0;color:var(--dim)}.filter{margin-left:auto;color:var(--dim)}
input,button{font:inherit;color:inherit;background:var(--back);border:1px solid var(--line);border-radius:.5rem;padding:.3rem .7rem}
button{cursor:pointer}:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
main{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1.5rem;padding:1.2rem clamp(1rem,4vw,3rem) 3rem}
@media(max-width:60rem){main{grid-template-columns:minmax(0,1fr)}}
h2{font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;color:var(--dim);margin:0 0 .6rem}
ol{list-style:none;padding:0;margin:0;background:var(--card);border:1px solid var(--line);border-radius:.8rem;overflow:hidden}
li+li{border-top:1px solid var(--line)}li.fresh{background:var(--fresh)}
summary{cursor:pointer;display:grid;grid-template-columns:5.5rem minmax(0,1fr) minmax(0,1fr);gap:1rem;padding:.55rem 1rem;align-items:baseline}
#profiles summary{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
summary b{overflow-wrap:anywhere}time,.id{color:var(--dim);font-variant-numeric:tabular-nums;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.id{font-family:ui-monospace,monospace;font-size:.85em}
pre{margin:0;padding:.2rem 1rem 1rem;overflow:auto;font:.85em/1.5 ui-monospace,monospace;color:var(--dim)}
.empty{padding:2rem 1rem;text-align:center;color:var(--dim)}
`;

export const PAGE_SCRIPT = `"use strict";
const REFRESH_MS = 1000;
const seen = new Set();
const open = new Set();
const byId = (id) => document.getElementById(id);
let isFirst = true;
let isPaused = false;
let latest = { events: [], profiles: [], counts: { events: 0, profiles: 0 } };
function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}
function row(key, heads, value) {
  const item = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.append(...heads);
  details.append(summary, element("pre", JSON.stringify(value, null, 2)));
  details.open = open.has(key);
  details.addEventListener("toggle", () => (details.open ? open.add(key) : open.delete(key)));
  if (!isFirst && !seen.has(key)) item.className = "fresh";
  seen.add(key);
  summary.dataset.key = key;
  item.append(details);
  return item;
}
function fill(id, rows, empty) {
  byId(id).replaceChildren(...(rows.length === 0 ? [element("li", empty, "empty")] : rows));
}
function show() {
  // The lists are made anew: whoever reads with the keyboard stays where they were.
  const focused = document.activeElement?.dataset.key;
  const wanted = byId("filter").value.toLowerCase();
  const holds = (one) => wanted === "" || JSON.stringify(one).toLowerCase().includes(wanted);
  const { events, profiles, counts } = latest;
  byId("events-count").textContent = counts.events.toLocaleString();
  byId("profiles-count").textContent = counts.profiles.toLocaleString();
  fill("events", events.filter(holds).map(({ sequence, timeMs, event, properties }) => row("e" + sequence, [
    element("time", new Date(timeMs).toLocaleTimeString()), element("b", event), element("span", properties.distinct_id, "id"),
  ], properties)), wanted === "" ? "No event yet. Send one to /track or /import." : "No event holds that.");
  fill("profiles", profiles.filter(holds).map(({ id, properties }) => row("p" + id, [
    element("b", String(properties.$name ?? properties.$email ?? id)), element("span", id, "id"),
  ], properties)), wanted === "" ? "No profile yet. Send one to /engage." : "No profile holds that.");
  if (focused !== undefined)
    for (const summary of document.querySelectorAll("summary")) if (summary.dataset.key === focused) summary.focus();
}
async function refresh() {
  try {
    if (!isPaused) {
      const before = JSON.stringify(latest);
      latest = await (await fetch("/emulator/latest")).json();
      if (isFirst || before !== JSON.stringify(latest)) show();
      isFirst = false;
    }
    byId("state").textContent = isPaused ? "Paused" : "Live";
  } catch {
    byId("state").textContent = "Not answering";
  }
  setTimeout(refresh, REFRESH_MS);
}
byId("filter").addEventListener("input", show);
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  byId("pause").textContent = isPaused ? "Resume" : "Pause";
});
refresh();
`;

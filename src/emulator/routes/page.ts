// The page that lists the latest events and profiles. No outside asset; everything that was received is put in as text, never as HTML.

/** Headers of the page: nothing from elsewhere, no inline script but this one. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
} as const;

export const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Local Mixpanel</title>
<style>
:root{color-scheme:light dark;--line:#8884;--dim:#888;--accent:#6c4cf1}
body{font:15px/1.5 system-ui,sans-serif;margin:0;padding:2rem clamp(1rem,4vw,4rem)}
h1{font-size:1.4rem;margin:0}header{display:flex;gap:2rem;align-items:baseline;flex-wrap:wrap;margin-bottom:1.5rem}
header p{margin:0;color:var(--dim)}main{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:2rem}
@media(max-width:60rem){main{grid-template-columns:1fr}}
h2{font-size:1rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}
ol{list-style:none;padding:0;margin:0}li{border-bottom:1px solid var(--line);padding:.5rem 0}
summary{cursor:pointer;display:grid;grid-template-columns:6rem minmax(0,1fr) minmax(0,1fr);gap:1rem}
summary b{overflow-wrap:anywhere}time,.id{color:var(--dim);font-variant-numeric:tabular-nums;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
pre{background:#8881;padding:.7rem;overflow:auto;font-size:.85em;border-radius:.4rem;margin:.5rem 0}.empty{color:var(--dim)}
.new summary b{color:var(--accent)}
</style></head><body>
<header><h1>Local Mixpanel</h1><p id="counts" role="status">Loading…</p></header>
<main><section><h2 id="he">Latest events</h2><ol id="events" aria-labelledby="he"></ol></section>
<section><h2 id="hp">Latest profiles</h2><ol id="profiles" aria-labelledby="hp"></ol></section></main>
<script src="/emulator/page.js"></script></body></html>`;

export const PAGE_SCRIPT = `"use strict";
const seen = new Set();
const open = new Set();
function row(key, name, id, when, value) {
  const item = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const time = document.createElement("time");
  const title = document.createElement("b");
  const who = document.createElement("span");
  const code = document.createElement("pre");
  time.textContent = when;
  title.textContent = name;
  who.textContent = id;
  who.className = "id";
  code.textContent = JSON.stringify(value, null, 2);
  if (!seen.has(key)) item.className = "new";
  seen.add(key);
  details.open = open.has(key);
  details.addEventListener("toggle", () => (details.open ? open.add(key) : open.delete(key)));
  summary.append(time, title, who);
  details.append(summary, code);
  item.append(details);
  return item;
}
function fill(id, rows, empty) {
  const list = document.getElementById(id);
  if (rows.length === 0) {
    const item = document.createElement("li");
    item.className = "empty";
    item.textContent = empty;
    rows.push(item);
  }
  list.replaceChildren(...rows);
}
async function refresh() {
  try {
    const { events, profiles, counts } = await (await fetch("/emulator/latest")).json();
    document.getElementById("counts").textContent = counts.events + " events, " + counts.profiles + " profiles";
    fill("events", events.map(({ event, properties }) => row("e" + properties.$insert_id + properties.time, event, properties.distinct_id, new Date(properties.time).toLocaleTimeString(), properties)), "No event yet.");
    fill("profiles", profiles.map(({ id, properties }) => row("p" + id, String(properties.$name ?? properties.$email ?? id), id, "", properties)), "No profile yet.");
  } catch {
    document.getElementById("counts").textContent = "The emulator does not answer.";
  }
  setTimeout(refresh, 1000);
}
refresh();
`;

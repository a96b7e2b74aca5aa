// A plan as a catalogue for analysts: one page that asks nothing of a network, readable on a phone, on paper and by a screen reader.
import type { Lock } from "../lock.ts";
import { escapeHtml, eventCard, profileCard } from "./html/markup.ts";
import { CATALOGUE_SCRIPT } from "./html/script.ts";
import { CATALOGUE_STYLE } from "./html/style.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/** The page allows exactly its own style and script: what a plan says can do nothing, whatever it says. */
function hashOf(text: string): string {
  return `'sha256-${btoa(String.fromCharCode(...sha256(utf8ToBytes(text))))}'`;
}

function select(id: string, label: string, options: readonly (readonly [string, string])[]): string {
  const all = [["", "all"] as const, ...options];
  return `<label>${label}<select id="${id}">${all
    .map(([value, text]) => `<option value="${escapeHtml(value)}">${escapeHtml(text)}</option>`)
    .join("")}</select></label>`;
}

function plain(words: Iterable<string>): readonly (readonly [string, string])[] {
  return [...new Set(words)].sort().map((word) => [word, word]);
}

function tools(lock: Lock): string {
  const events = Object.values(lock.events);
  const classes = [
    ...events.flatMap(({ properties }) => Object.values(properties).map(({ data }) => data)),
    ...Object.values(lock.people).map(({ data }) => data),
  ];
  return [
    '<form id="tools" role="search" hidden>',
    '<label class="wide">Search names, old names and meanings<input id="q" type="search" autocomplete="off"></label>',
    select("source", "Sent from", plain(Object.keys(lock.sources))),
    select("owner", "Owner", plain(events.flatMap(({ owner }) => owner ?? []))),
    select("data", "Data class", plain(classes)),
    select("state", "State", [
      ["current", "current"],
      ["deprecated", "deprecated"],
    ]),
    '<output id="count" for="q source owner data state"></output>',
    "</form>",
  ].join("");
}

function section(title: string, id: string, cards: readonly string[]): string {
  return cards.length === 0
    ? ""
    : `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>\n${cards.join("\n")}\n</section>`;
}

/** Writes the plan as one HTML page. The same plan gives the same bytes. */
export function exportHtml(lock: Lock): string {
  const events = Object.entries(lock.events).sort(([, a], [, b]) => (a.name < b.name ? -1 : 1));
  const people = Object.entries(lock.people).sort(([, a], [, b]) => (a.name < b.name ? -1 : 1));
  const policy = `default-src 'none'; style-src ${hashOf(CATALOGUE_STYLE)}; script-src ${hashOf(CATALOGUE_SCRIPT)}; base-uri 'none'; form-action 'none'`;
  const name = escapeHtml(lock.name);
  return `${[
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${name}: tracking plan</title>`,
    `<style>${CATALOGUE_STYLE}</style>`,
    "</head>",
    "<body>",
    '<a class="skip" href="#main">Skip to the events</a>',
    `<header><h1>${name}: tracking plan</h1><p class="soft">${events.length} events, ${people.length} profile properties. Version <code>${lock.hash.slice(0, 12)}</code>.</p></header>`,
    '<main id="main">',
    tools(lock),
    section(
      "Events",
      "events",
      events.map(([id, event]) => eventCard(id, event)),
    ),
    section(
      "User profile",
      "profile",
      people.map(([id, property]) => profileCard("profile", id, property)),
    ),
    ...Object.entries(lock.groups).map(([key, properties], index) =>
      section(
        `Group profile: ${key}`,
        `group-${index}`,
        Object.entries(properties).map(([id, property]) => profileCard(`group-${index}`, id, property)),
      ),
    ),
    "</main>",
    '<footer><p class="soft">Made by Plumbline from the plan in git.</p></footer>',
    `<script>${CATALOGUE_SCRIPT}</script>`,
    "</body>",
    "</html>",
  ].join("\n")}\n`;
}

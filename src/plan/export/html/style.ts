// The look of the catalogue: one column on a phone, calm, printable, both colour schemes.
/** Style sheet of the page. */
export const CATALOGUE_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --back: #ffffff; --card: #f6f8fa; --link: #0b57c2; --warn: #8a3c00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a9b4c0; --line: #30363d; --back: #0d1117; --card: #161b22; --link: #79b8ff; --warn: #ffb77c; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); background: var(--back); }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 1rem 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; padding-bottom: .35rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .35rem 0; }
a { color: var(--link); }
code { font: .875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--back); padding: .5rem; z-index: 2; }
#tools { position: sticky; top: 0; z-index: 1; background: var(--back); padding: .75rem 0; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
#tools label { display: grid; gap: .15rem; font-size: .8rem; color: var(--soft); flex: 1 1 9rem; min-width: 0; }
#tools label.wide { flex: 3 1 16rem; }
#tools input, #tools select { font: inherit; font-size: 1rem; width: 100%; min-width: 0; padding: .45rem .6rem; color: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: .4rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
#count { flex-basis: 100%; font-size: .85rem; color: var(--soft); }
article { padding: 1rem 0; border-bottom: 1px solid var(--line); scroll-margin-top: 9rem; content-visibility: auto; contain-intrinsic-size: auto 14rem; }
article:target { border-inline-start: .25rem solid var(--link); padding-inline-start: .75rem; margin-inline-start: -1rem; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem .75rem; margin: .5rem 0; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.gone { color: var(--warn); font-weight: 600; }
summary { cursor: pointer; font-size: .9rem; padding: .25rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--soft); font-weight: 600; border-top: 0; }
tbody th { font-weight: 600; }
[hidden] { display: none !important; }
@media (max-width: 40rem) {
  thead { position: absolute; left: -100rem; }
  tr, th, td { display: block; border: 0; padding: 0; }
  tbody tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  td::before { content: attr(data-label) ": "; color: var(--soft); }
  #tools { position: static; }
  article { scroll-margin-top: 1rem; }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --back: #fff; --card: #fff; --link: #000; --warn: #000; }
  #tools, .skip { display: none; }
  body { font-size: 10pt; }
  article { break-inside: avoid; content-visibility: visible; }
  details > summary { display: none; }
  details::details-content { content-visibility: visible; display: block; }
}
`;

// What the page does when scripts run; without them everything is there to read, and only the search is missing.
/** Script of the page: filters, deep links, and everything opened for print. */
export const CATALOGUE_SCRIPT = `
"use strict";
(() => {
  const tools = document.getElementById("tools");
  const count = document.getElementById("count");
  const inputs = { text: "q", source: "source", owner: "owner", data: "data", state: "state" };
  const field = (name) => document.getElementById(inputs[name]);
  const cards = [...document.querySelectorAll("article")].map((card) => ({
    card,
    text: card.textContent.toLowerCase(),
    words: { source: " " + card.dataset.source + " ", data: " " + card.dataset.data + " " },
    owner: card.dataset.owner,
    state: card.dataset.state,
  }));
  const sections = [...document.querySelectorAll("main section")];
  const has = (words, word) => word === "" || words.includes(" " + word + " ");
  const apply = () => {
    const terms = field("text").value.toLowerCase().split(/\\s+/).filter(Boolean);
    const source = field("source").value;
    const owner = field("owner").value;
    const data = field("data").value;
    const state = field("state").value;
    let shown = 0;
    for (const its of cards) {
      const fits =
        terms.every((term) => its.text.includes(term)) &&
        has(its.words.source, source) &&
        (owner === "" || its.owner === owner) &&
        has(its.words.data, data) &&
        (state === "" || its.state === state);
      if (its.card.hidden === fits) its.card.hidden = !fits;
      if (fits) shown++;
    }
    for (const section of sections) section.hidden = !section.querySelector("article:not([hidden])");
    count.textContent = shown + " of " + cards.length;
  };
  const open = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    target.hidden = false;
    target.closest("section").hidden = false;
    for (const details of target.querySelectorAll("details")) details.open = true;
    target.scrollIntoView();
  };
  tools.hidden = false;
  tools.addEventListener("input", apply);
  tools.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", open);
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  apply();
  open();
})();
`;

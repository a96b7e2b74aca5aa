// Writes a new name into one entry of a YAML or JSON text by replacing exact ranges: every other byte stays, comments and layout too.
import { isMap, isScalar, isSeq, type Pair, parse, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { AppError } from "../../core/index.ts";
import type { DocumentPath } from "../files/located-document.ts";

export interface EntryEdit {
  /** Path of the entry in its file. */
  readonly path: DocumentPath;
  /** Names that the entry has, and gets. */
  readonly from: string;
  readonly to: string;
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const PLAIN = /^[A-Za-z_$][\w $.-]*(?<! )$/;

/** A text as a scalar: plain where it reads back as the same text, in a list too. */
function scalar(text: string, isJson: boolean): string {
  if (!isJson && PLAIN.test(text) && parse(text) === text) return text;
  return JSON.stringify(text);
}

class Editor {
  readonly #text: string;
  readonly #map: YAMLMap;
  readonly #isJson: boolean;
  readonly #lineEnd: string;

  constructor(text: string, map: YAMLMap) {
    this.#text = text;
    this.#map = map;
    this.#lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
    const [first] = map.items;
    this.#isJson = isScalar(first?.key) && first.key.type === "QUOTE_DOUBLE";
  }

  #pair(name: string): Pair | undefined {
    return this.#map.items.find(({ key }) => isScalar(key) && key.value === name);
  }

  #member(name: string, value: string): string {
    return this.#isJson ? `"${name}": ${value}` : `${name}: ${value}`;
  }

  #scalar(text: string): string {
    return scalar(text, this.#isJson);
  }

  /** End of the line that a position is on; a comment there stays with what it says. */
  #lineEndAfter(position: number): number {
    const end = this.#text.indexOf(this.#lineEnd, position);
    return end < 0 ? this.#text.length : end;
  }

  /** White space before the first member on its line, so that a new line stands under it. */
  #indent(position: number): string {
    const start = this.#text.lastIndexOf("\n", position - 1) + 1;
    return " ".repeat(position - start);
  }

  /** New members: after the member that is given, else before the first. */
  #insert(members: readonly string[], after: Pair | undefined): Splice {
    const [first] = this.#map.items;
    const firstKey = first?.key;
    const start = isScalar(firstKey) ? (firstKey.range?.[0] ?? 0) : 0;
    const last = after?.value;
    const end = isScalar(last) ? (last.range?.[1] ?? 0) : 0;
    if (this.#map.flow === true)
      return after === undefined
        ? { start, end: start, text: `${members.join(", ")}, ` }
        : { start: end, end, text: `, ${members.join(", ")}` };
    const indent = this.#indent(start);
    const separator = `${this.#lineEnd}${indent}`;
    if (after === undefined) return { start, end: start, text: `${members.join(separator)}${separator}` };
    const at = this.#lineEndAfter(end);
    return { start: at, end: at, text: members.map((member) => `${separator}${member}`).join("") };
  }

  /** The list of old names with one more, and without the new one. */
  #was(list: YAMLSeq, { from, to }: EntryEdit): readonly Splice[] {
    const items = list.items.filter((item) => isScalar(item));
    const kept = items.filter(({ value }) => value !== to);
    const isKnown = kept.some(({ value }) => value === from);
    const source = (item: (typeof items)[number]): string =>
      this.#text.slice(item.range?.[0] ?? 0, item.range?.[1] ?? 0);
    const [start = 0, end = 0] = list.range ?? [];
    if (list.flow === true) {
      const last = kept.at(-1);
      if (kept.length === items.length && last !== undefined && !isKnown) {
        const at = last.range?.[1] ?? 0;
        return [{ start: at, end: at, text: `, ${this.#scalar(from)}` }];
      }
      const texts = [...kept.map(source), ...(isKnown ? [] : [this.#scalar(from)])];
      return [{ start, end, text: `[${texts.join(", ")}]` }];
    }
    const gone = items.filter(({ value }) => value === to);
    const removed = gone.map((item) => {
      const line = this.#text.lastIndexOf("\n", item.range?.[0] ?? 0);
      return { start: line, end: this.#lineEndAfter(item.range?.[1] ?? 0), text: "" };
    });
    const last = items.at(-1);
    if (isKnown || last === undefined) return removed;
    const at = this.#lineEndAfter(last.range?.[1] ?? 0);
    return [
      ...removed,
      { start: at, end: at, text: `${this.#lineEnd}${this.#indent(start)}- ${this.#scalar(from)}` },
    ];
  }

  splices(edit: EntryEdit): readonly Splice[] {
    const name = this.#pair("name");
    const was = this.#pair("was");
    const nameMember = this.#member("name", this.#scalar(edit.to));
    const wasMember = this.#member("was", `[${this.#scalar(edit.from)}]`);
    const splices: Splice[] = [];
    if (isScalar(name?.value) && name.value.range)
      splices.push({ start: name.value.range[0], end: name.value.range[1], text: this.#scalar(edit.to) });
    if (isSeq(was?.value)) {
      splices.push(...this.#was(was.value, edit));
      if (name === undefined) splices.push(this.#insert([nameMember], undefined));
    } else
      splices.push(
        name === undefined
          ? this.#insert([nameMember, wasMember], undefined)
          : this.#insert([wasMember], name),
      );
    return splices;
  }
}

/**
 * The text with the entry renamed.
 *
 * @throws {AppError} `RENAME_NOT_HERE` when the entry only refers to a shared property.
 */
export function editEntry(text: string, edit: EntryEdit): string {
  const node = parseDocument(text, { version: "1.2" }).getIn(edit.path, true);
  if (!isMap(node) || node.items.length === 0)
    throw new AppError(
      "RENAME_NOT_HERE",
      `Cannot rename ${edit.path.join(".")}: it has no members of its own`,
    );
  return [...new Editor(text, node).splices(edit)]
    .sort((a, b) => b.start - a.start)
    .reduce((done, { start, end, text: more }) => done.slice(0, start) + more + done.slice(end), text);
}

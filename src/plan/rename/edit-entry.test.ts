import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { editEntry } from "./edit-entry.ts";

const edit = (text: string, path: readonly string[], [from, to]: readonly [string, string]) =>
  editEntry(text, { path, from, to });

const EXAMPLES: readonly (readonly [
  title: string,
  before: string,
  names: readonly [string, string],
  after: string,
])[] = [
  [
    "a block: the name is replaced, the old one stands on a line of its own, comments stay",
    "a:\n  # why\n  b:\n    name: Old name   # said so\n    type: string\n",
    ["Old name", "New name"],
    "a:\n  # why\n  b:\n    name: New name   # said so\n    was: [Old name]\n    type: string\n",
  ],
  [
    "a block without a name",
    "a:\n  b:\n    # first\n    type: string # text\n    data: none\n",
    ["b", "c"],
    "a:\n  b:\n    # first\n    name: c\n    was: [b]\n    type: string # text\n    data: none\n",
  ],
  [
    "one line without a name",
    "a:\n  b: { type: string, data: none } # short\n",
    ["b", "c"],
    "a:\n  b: { name: c, was: [b], type: string, data: none } # short\n",
  ],
  [
    "one line with a name",
    "a:\n  b: {type: string, name: x}\n",
    ["x", "y"],
    "a:\n  b: {type: string, name: y, was: [x]}\n",
  ],
  [
    "a list of old names in one line",
    "a:\n  b: { name: x, was: [w, 'v v'] }\n",
    ["x", "y"],
    "a:\n  b: { name: y, was: [w, 'v v', x] }\n",
  ],
  [
    "a list of old names by lines, with a comment",
    "a:\n  b:\n    was:\n      - w # 2024\n    name: x\n    type: string\n",
    ["x", "y"],
    "a:\n  b:\n    was:\n      - w # 2024\n      - x\n    name: y\n    type: string\n",
  ],
  [
    "back to an old name: it leaves the list",
    "a:\n  b: { name: x, was: [w, y] }\n",
    ["x", "y"],
    "a:\n  b: { name: y, was: [w, x] }\n",
  ],
  [
    "back to an old name, by lines",
    "a:\n  b:\n    name: x\n    was:\n      - y\n      - w\n",
    ["x", "y"],
    "a:\n  b:\n    name: y\n    was:\n      - w\n      - x\n",
  ],
  ["an empty list", "a:\n  b: { name: x, was: [] }\n", ["x", "y"], "a:\n  b: { name: y, was: [x] }\n"],
  [
    "names that need quotes",
    "a:\n  b: { name: x }\n",
    ["a, b: [c] #d", "true"],
    'a:\n  b: { name: "true", was: ["a, b: [c] #d"] }\n',
  ],
  [
    "lines that end as on Windows",
    "a:\r\n  b:\r\n    name: x\r\n    type: string\r\n",
    ["x", "y"],
    "a:\r\n  b:\r\n    name: y\r\n    was: [x]\r\n    type: string\r\n",
  ],
  [
    "JSON stays JSON",
    '{\n  "a": {\n    "b": { "type": "string" }\n  }\n}\n',
    ["b", "c"],
    '{\n  "a": {\n    "b": { "name": "c", "was": ["b"], "type": "string" }\n  }\n}\n',
  ],
  ["no line end at the end", "a:\n  b:\n    name: x", ["x", "y"], "a:\n  b:\n    name: y\n    was: [x]"],
];

describe("every byte that is not the name stays", () => {
  test.each(EXAMPLES)("%s", (_, before, names, after) => {
    const text = edit(before, ["a", "b"], names);
    expect(text).toBe(after);
    const { b } = (parse(text) as { a: { b: { name: string; was: string[] } } }).a;
    expect(b.name).toBe(names[1]);
    expect(b.was).toContain(names[0]);
    expect(b.was).not.toContain(names[1]);
  });

  test("there and back again leaves the name, and one old name", () => {
    const start = "a:\n  b: { name: x }\n";
    const back = edit(edit(start, ["a", "b"], ["x", "y"]), ["a", "b"], ["y", "x"]);
    expect(back).toBe("a:\n  b: { name: x, was: [y] }\n");
  });

  test("a reference has nothing to write into", () => {
    expect(() => edit("a:\n  b: required\n", ["a", "b"], ["b", "c"])).toThrow(
      expect.objectContaining({ code: "RENAME_NOT_HERE" }),
    );
  });
});

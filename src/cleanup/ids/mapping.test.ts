// A mapping passes only when every old id has one new id that the plan wants, so that no two people become one.
import { expect, test } from "vitest";
import { compile } from "../../../test/support/plans.ts";
import { makeIdRules } from "./id-shape.ts";
import { parseMapping, readMapping, writeMapping } from "./mapping.ts";

const plan = (format: string): string => `
plumbline: 1
name: ids
sources: { web: { trust: client } }
identity: { user_id: { format: ${format} } }
events: { seen: { name: Seen, description: Somebody looked, owner: growth, sources: { web: {} } } }
`;
const A = "0190a5e0-1111-7222-8333-00000000000a";
const B = "0190a5e0-1111-7222-8333-00000000000b";
const read = (content: string, format = "uuid") =>
  readMapping(content, "ids.csv", makeIdRules(compile(plan(format))));
const found = (content: string, format = "uuid") =>
  read(content, format).findings.map(({ id, where }) => [id, where?.line]);

test("CSV with a header, quotes and capitals, and NDJSON, are the same mapping", () => {
  const people = [
    { new: A, olds: ["ada@example.com", 'ada "work"@example.com'] },
    { new: B, olds: ["17"] },
  ];
  const csv = `\uFEFFold_id,new_id\r\nada@example.com,${A.toUpperCase()}\r\n"ada ""work""@example.com",${A}\n17, ${B}\n\n`;
  expect(read(csv)).toEqual({ people, findings: [], same: 0 });
  expect(read(writeMapping(people))).toEqual({ people, findings: [], same: 0 });
  expect(parseMapping(writeMapping(people))).toEqual(people);
});

test("a chain leads to its last id; an id mapped to itself is left out", () => {
  const chain = `first@example.com,second@example.com\nsecond@example.com,${A}\n${B},${B}\n`;
  expect(read(chain)).toEqual({
    people: [{ new: A, olds: ["first@example.com", "second@example.com"] }],
    findings: [],
    same: 1,
  });
});

test("what would join two people is refused, with its line and without the id", () => {
  expect(found(`ada@example.com,${A}\nADA@example.com ,${B}\n`)).toEqual([["ids-ambiguous", 2]]);
  expect(found(`${A},${B}\n`)).toEqual([["ids-ambiguous", 1]]);
  expect(found("12,34\n", "integer")).toEqual([["ids-ambiguous", 1]]);
  expect(found("a@example.com,b@example.com\nb@example.com,a@example.com\n")).toEqual([
    ["ids-ambiguous", 1],
    ["ids-ambiguous", 2],
  ]);
  expect(JSON.stringify(read(`ada@example.com,${A}\nada@example.com,${B}\n`).findings)).not.toContain("ada@");
});

test("a new id that the plan refuses, and a line that is no pair, are refused; many alike are summed up", () => {
  expect(found("ada@example.com,bob@example.com\nonly-one\n$device:x,y\n{broken\n,b\n")).toEqual([
    ["ids-malformed", 2],
    ["ids-malformed", 3],
    ["ids-malformed", 4],
    ["ids-malformed", 5],
    ["ids-unfit", 1],
  ]);
  const many = Array.from({ length: 25 }, (_, n) => `${n}@example.com,x`).join("\n");
  const { findings } = read(many);
  expect(findings.length).toBe(21);
  expect(findings.at(-1)).toMatchObject({ id: "ids-unfit", count: 25 });
});

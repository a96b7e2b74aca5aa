// Swift clients. No registry at hand has a Swift compiler: the files are held to a Swift grammar, which proves their form and nothing more.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Node } from "web-tree-sitter";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock } from "./golden-cases.ts";
import { broken, makeSwiftParser } from "./swift-grammar.ts";

const folder = tempDirectory("codegen-swift");
const settings = { language: "swift", out: "", adapters: ["mixpanel-swift"] } as const;
const files = writeClient(folder, { lock: goldenLock("client"), source: "web", settings });
const source = (file: string): string => readFileSync(join(folder, file), "utf8");

describe("Swift (by parser: there is no compiler to be had here)", () => {
  const parser: { parse?: (text: string) => Node } = {};

  beforeAll(async () => {
    parser.parse = await makeSwiftParser();
  });

  test("the parser finds what is broken", () => {
    const root = parser.parse?.("public struct A { let b: = 1 }");
    expect(root?.hasError).toBe(true);
  });

  test.each(files)("%s parses", (file) => {
    const root = parser.parse?.(source(file));
    expect(root && broken(root)).toEqual([]);
    expect(root?.hasError).toBe(false);
  });

  test("what belongs to the state has no setter, ids have a type, ending a session is known", () => {
    const plan = source("Plan.swift");
    expect(plan).toContain("public static func setTheme(_ value: Theme) -> ProfileUpdate");
    expect(plan).not.toContain("setEmail");
    expect(plan).not.toContain("usedIosApp");
    expect(plan).toContain("endsSession: true");
    expect(source("Plumbline.swift")).toContain("public func identify(_ userId: UserId)");
  });
});

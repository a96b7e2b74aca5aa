// Swift clients. No registry at hand has a Swift compiler: the files are held to a Swift grammar, which proves their form and nothing more.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock } from "./golden-cases.ts";
import { parseSwift } from "./toolchains.ts";

const folder = tempDirectory("codegen-swift");
const settings = { language: "swift", out: "", adapters: ["mixpanel-swift"] } as const;
writeClient(folder, { lock: goldenLock("client"), source: "web", settings });
const source = (file: string): string => readFileSync(join(folder, file), "utf8");

describe("Swift (by parser: there is no compiler to be had here)", () => {
  test("the parser finds what is broken", async () => {
    const wrong = tempDirectory("codegen-swift-wrong");
    writeFileSync(join(wrong, "A.swift"), "public struct A { let b: = 1 }");
    expect(await parseSwift(wrong)).toContain("A.swift:1");
  });

  test("every file parses", async () => {
    expect(await parseSwift(folder)).toBe("");
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

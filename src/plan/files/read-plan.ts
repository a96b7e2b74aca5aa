// Reads all files of a plan and puts their sections together. Any section may stand in any file; nothing may be said twice.
import { type FileLocation, type Finding, isObject } from "../../core/index.ts";
import { PLAN_SCHEMA } from "../plan-schema.ts";
import type { RawPlan } from "../raw-plan.ts";
import { type DocumentPath, type LocatedDocument, parseLocated } from "./located-document.ts";
import type { PlanFiles } from "./plan-files.ts";
import { makeSchemaChecker } from "./schema-findings.ts";

/** Sections that are maps by id, and so may be spread over files. */
const MAP_SECTIONS = [
  "sources",
  "data_classes",
  "properties",
  "groups_of_properties",
  "events",
  "people",
  "support",
] as const;
/** Sections that one file holds whole. */
const WHOLE_SECTIONS = ["plumbline", "name", "version", "defaults", "identity", "state", "diff"] as const;
/** Files that include each other are read once; more than this is a mistake. */
const FILES_MAX = 2000;

const checker = makeSchemaChecker(PLAN_SCHEMA);

/** Path of the entry that a mistake is in: one event, one property, or a whole section that is no map. */
function entryOf(path: DocumentPath): DocumentPath {
  const [section] = path;
  if (section === "groups") return path.slice(0, 3);
  return (MAP_SECTIONS as readonly unknown[]).includes(section) ? path.slice(0, 2) : path.slice(0, 1);
}

function leaveOut(value: Record<string, unknown>, path: DocumentPath): void {
  let target: unknown = value;
  for (const step of path.slice(0, -1)) target = isObject(target) ? target[step] : undefined;
  const last = path.at(-1);
  if (isObject(target) && last !== undefined) delete target[last];
}

export interface ReadPlan {
  /** Undefined when the files are not a plan at all. */
  readonly plan: RawPlan | undefined;
  readonly findings: readonly Finding[];
  /** Something was left out because it could not be read: what is missing elsewhere says nothing. */
  readonly isIncomplete: boolean;
  /** Where a path of the plan stands, for example `["events", "userSignsUp", "name"]`. */
  locate(path: DocumentPath): FileLocation;
}

interface Section {
  readonly document: LocatedDocument;
  /** Path inside its file. */
  readonly path: DocumentPath;
}

class PlanReader {
  readonly findings: Finding[] = [];
  readonly documents: LocatedDocument[] = [];
  readonly places = new Map<string, Section>();
  readonly merged: Record<string, unknown> = {};
  readonly #files: PlanFiles;
  readonly #seen = new Set<string>();

  constructor(files: PlanFiles) {
    this.#files = files;
  }

  read(
    path: string,
    from: { readonly document: LocatedDocument; readonly at: DocumentPath } | undefined,
  ): void {
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    const text = this.#files.read(path);
    if (text === undefined) {
      this.findings.push({
        id: "unresolved-include",
        level: "error",
        at: path,
        where: from?.document.locate(from.at) ?? { file: path, line: 1, column: 1 },
        message: "The file cannot be read",
        fix: "Correct the path, or create the file with `plumbline init`.",
      });
      return;
    }
    const document = parseLocated(text, path);
    this.findings.push(...document.findings);
    if (document.findings.length > 0) return;
    const shape = checker.check(document);
    this.findings.push(...shape.map(({ finding }) => finding));
    if (!isObject(document.value)) return;
    this.documents.push(document);
    // What has the wrong shape is left out; the rest is looked at, so that all findings come at once.
    const value = structuredClone(document.value);
    for (const { finding, path } of shape)
      leaveOut(value, finding.id === "unknown-key" ? path : entryOf(path));
    this.#include(document, document.value["include"]);
    this.#merge(document, value);
  }

  #include(document: LocatedDocument, include: unknown): void {
    if (!Array.isArray(include)) return;
    for (const [index, glob] of include.entries()) {
      if (typeof glob !== "string") continue;
      const at = ["include", index];
      const paths = this.#files.expand([glob], document.file);
      if (paths.length === 0)
        this.findings.push({
          id: "unresolved-include",
          level: "error",
          at: `include.${index}`,
          where: document.locate(at),
          message: `No file fits \`${glob}\``,
          fix: "Correct the glob; it is read from this file's folder.",
        });
      for (const path of paths) if (this.#seen.size < FILES_MAX) this.read(path, { document, at });
    }
  }

  #merge(document: LocatedDocument, value: Record<string, unknown>): void {
    for (const name of WHOLE_SECTIONS)
      if (value[name] !== undefined && this.#claim(name, { document, path: [name] }, name === "plumbline"))
        this.merged[name] = value[name];
    for (const name of MAP_SECTIONS) this.#mergeMap([name], document, value[name]);
    const groups = value["groups"];
    if (isObject(groups))
      for (const [key, properties] of Object.entries(groups))
        this.#mergeMap(["groups", key], document, properties);
    this.#mergeLint(document, value["lint"]);
  }

  /** True when the path was free; otherwise a finding names both places, unless repeating is harmless. */
  #claim(key: string, section: Section, harmless = false): boolean {
    const before = this.places.get(key);
    if (before === undefined) {
      this.places.set(key, section);
      return true;
    }
    if (harmless) return false;
    const { file, line } = before.document.locate(before.path);
    this.findings.push({
      id: "duplicate-id",
      level: "error",
      at: key,
      where: section.document.locate(section.path),
      message: `\`${key}\` is also defined in ${file}:${line}`,
      fix: "Keep one of them; an id names one thing in the whole plan.",
    });
    return false;
  }

  #mergeMap(
    at: readonly [string] | readonly [string, string],
    document: LocatedDocument,
    entries: unknown,
  ): void {
    if (!isObject(entries)) return;
    let target = this.merged;
    for (const step of at) {
      const next = (target[step] ??= {});
      if (!isObject(next)) return;
      target = next;
    }
    for (const [id, entry] of Object.entries(entries))
      if (this.#claim([...at, id].join("."), { document, path: [...at, id] }) && id !== "__proto__")
        target[id] = entry;
  }

  #mergeLint(document: LocatedDocument, lint: unknown): void {
    if (!isObject(lint)) return;
    const before = isObject(this.merged["lint"]) ? this.merged["lint"] : { rules: {}, ignore: [] };
    const { rules = {}, ignore = [] } = lint;
    const ignored = Array.isArray(before["ignore"]) ? (before["ignore"] as unknown[]) : [];
    if (Array.isArray(ignore))
      for (const index of ignore.keys())
        this.places.set(`lint.ignore.${ignored.length + index}`, {
          document,
          path: ["lint", "ignore", index],
        });
    this.merged["lint"] = {
      rules: { ...(before["rules"] as object), ...(rules as object) },
      ignore: [...ignored, ...(Array.isArray(ignore) ? (ignore as unknown[]) : [])],
    };
  }

  locate(path: DocumentPath): FileLocation {
    for (let length = path.length; length > 0; length--) {
      const section = this.places.get(path.slice(0, length).join("."));
      if (section) return section.document.locate([...section.path, ...path.slice(length)]);
    }
    return this.documents[0]?.locate([]) ?? { file: "", line: 1, column: 1 };
  }
}

/** Reads a plan from its entry file. */
export function readPlan(entry: string, files: PlanFiles): ReadPlan {
  const reader = new PlanReader(files);
  reader.read(entry, undefined);
  const locate = (path: DocumentPath): FileLocation => reader.locate(path);
  const { merged, findings } = reader;
  const isIncomplete = findings.length > 0;
  for (const name of ["plumbline", "name"] as const)
    if (merged[name] === undefined && !isIncomplete)
      findings.push({
        id: "bad-value",
        level: "error",
        at: name,
        where: locate([]),
        message: `\`${name}\` is missing`,
        fix: name === "plumbline" ? "Add `plumbline: 1`." : "Give the plan a name.",
      });
  const empty = {
    defaults: {},
    sources: {},
    data_classes: {},
    properties: {},
    groups_of_properties: {},
    events: {},
    people: {},
    support: {},
    state: {},
    groups: {},
    lint: {},
    diff: {},
    identity: undefined,
    name: "",
  };
  // Every file went through the schema; what did not was left out above.
  const plan = reader.documents.length === 0 ? undefined : ({ ...empty, ...merged } as RawPlan);
  return { plan, findings, isIncomplete, locate };
}

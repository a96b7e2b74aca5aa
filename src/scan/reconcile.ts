// The plan beside the code: which events are called where, which calls are not in the plan, and what should not be called so. Pure.
import type { Finding, FindingLevel } from "../core/index.ts";
import { didYouMean, foldName, isBuiltInEvent, type Lock } from "../plan/index.ts";
import { type CallSite, SCAN_LANGUAGES, type UnsafeCall } from "./call-site.ts";
import { generatedNames } from "./generated-names.ts";
import { SERVER_FLAG_FIXES } from "./server-flag-fixes.ts";

export interface FileCalls {
  /** Below the folder that was scanned, with `/`. */
  readonly file: string;
  readonly calls: readonly CallSite[];
  readonly unsafe: readonly UnsafeCall[];
  /** Reasons for exceptions, by the line that they hold for; an empty one is none. */
  readonly ignored: ReadonlyMap<number, string>;
  readonly broken: boolean;
}

export interface InventoryCall {
  readonly file: string;
  readonly line: number;
  readonly kind: "generated" | "raw";
}

export interface Inventory {
  readonly events: Readonly<
    Record<string, { readonly name: string; readonly calls: readonly InventoryCall[] }>
  >;
  readonly unplanned: readonly { readonly name: string; readonly file: string; readonly line: number }[];
  readonly dynamic: readonly { readonly callee: string; readonly file: string; readonly line: number }[];
  readonly findings: readonly Finding[];
}

/** Finding ids with their levels; each has a page. */
export const SCAN_FINDINGS = {
  "unplanned-call": "error",
  "scan-ignore-reason": "error",
  "call-site-lost": "error",
  "raw-call": "warn",
  "dynamic-name": "warn",
  "old-name-call": "warn",
  "deprecated-call": "warn",
  "server-side-flags": "warn",
  "no-call-site": "warn",
  "unused-scan-ignore": "warn",
  "code-unreadable": "warn",
} as const satisfies Record<string, FindingLevel>;
export type ScanFindingId = keyof typeof SCAN_FINDINGS;

type Place = { readonly file: string; readonly line: number; readonly column: number };

class Reconciler {
  readonly findings: Finding[] = [];
  readonly calls = new Map<string, InventoryCall[]>();
  readonly unplanned: Inventory["unplanned"][number][] = [];
  readonly dynamic: Inventory["dynamic"][number][] = [];
  readonly #lock: Lock;
  /** What is not known to be an app's code is a server's. */
  readonly #isServer: boolean;
  readonly #byName = new Map<string, { readonly id: string; readonly isOld: boolean }>();
  readonly #folded = new Map<string, string>();

  constructor(lock: Lock, sources: readonly string[] = []) {
    this.#lock = lock;
    this.#isServer = sources.length > 0 && sources.every((one) => lock.sources[one]?.trust === "server");
    for (const [id, { name, was }] of Object.entries(lock.events)) {
      this.#byName.set(name, { id, isOld: false });
      this.#folded.set(foldName(name), name);
      for (const old of was) this.#byName.set(old, { id, isOld: true });
    }
  }

  find(
    id: ScanFindingId,
    at: string,
    what: { readonly where?: Place; readonly message: string; readonly fix: string },
  ): void {
    this.findings.push({ id, level: SCAN_FINDINGS[id], at, ...what });
  }

  #called(id: string, kind: InventoryCall["kind"], where: Place): void {
    const sites = this.calls.get(id) ?? [];
    sites.push({ file: where.file, line: where.line, kind });
    this.calls.set(id, sites);
    if (this.#lock.events[id]?.deprecated)
      this.find("deprecated-call", `events.${id}`, {
        where,
        message: `\`${id}\` is deprecated`,
        fix: "Call what replaces it.",
      });
  }

  #raw(name: string, where: Place): void {
    const known = this.#byName.get(name);
    if (known === undefined) {
      if (isBuiltInEvent(name)) return;
      this.unplanned.push({ name, file: where.file, line: where.line });
      const near = this.#folded.get(foldName(name)) ?? didYouMean(name, [...this.#byName.keys()]);
      this.find("unplanned-call", "events", {
        where,
        message: `\`${name}\` is not in the plan`,
        fix: near === undefined ? "Plan it, or take the call out." : `Did you mean \`${near}\`?`,
      });
      return;
    }
    const { id, isOld } = known;
    this.#called(id, "raw", where);
    if (isOld)
      this.find("old-name-call", `events.${id}`, {
        where,
        message: `\`${name}\` is an old name`,
        fix: `Call the generated function of \`${id}\`.`,
      });
    this.find("raw-call", `events.${id}`, {
      where,
      message: `An SDK is called directly for \`${id}\``,
      fix: "Call the generated function: nothing checks this call before it is sent.",
    });
  }

  #unsafe({ lacks, callee }: UnsafeCall, where: Place): void {
    const language = SCAN_LANGUAGES[where.file.replace(/^.*\./, "")];
    const isEvent = lacks.includes("ip");
    this.find("server-side-flags", isEvent ? "events" : "people", {
      where,
      message: `\`${callee}\` lacks ${lacks.map((flag) => `\`${flag}\``).join(" and ")}: ${isEvent ? "the event is placed where this server is" : 'it may move the user\'s place or "last seen"'}`,
      fix: `Call the generated function, or write \`${language === undefined ? "" : SERVER_FLAG_FIXES[language][isEvent ? "event" : "profile"]}\`.`,
    });
  }

  file({ file, calls, unsafe, ignored, broken }: FileCalls): void {
    if (broken)
      this.find("code-unreadable", file, {
        where: { file, line: 1, column: 1 },
        message: "The parser cannot read this file",
        fix: "Its calls are not counted; look whether it compiles.",
      });
    const language = SCAN_LANGUAGES[file.replace(/^.*\./, "")];
    const names = language ? generatedNames(this.#lock, language) : new Map<string, string>();
    const used = new Set<number>();
    for (const { kind, name, others = [], line, column } of calls) {
      const where = { file, line, column };
      if (kind === "generated") {
        this.#called(names.get(name) ?? name, "generated", where);
        continue;
      }
      if (ignored.has(line)) {
        used.add(line);
        continue;
      }
      if (kind === "raw") this.#raw([name, ...others].find((one) => this.#byName.has(one)) ?? name, where);
      else if (kind === "profile")
        this.find("raw-call", "people", {
          where,
          message: "An SDK is called directly for a profile",
          fix: "Call the generated function; what belongs to the state has none.",
        });
      else {
        this.dynamic.push({ callee: name, file, line });
        this.find("dynamic-name", "events", {
          where,
          message: "The event's name is made at run time",
          fix: "Call a generated function for each event.",
        });
      }
    }
    for (const call of unsafe) {
      const { side, line, column } = call;
      if (side !== "server" && !this.#isServer) continue;
      if (ignored.has(line)) used.add(line);
      else this.#unsafe(call, { file, line, column });
    }
    for (const [line, reason] of ignored)
      this.#ignore({ file, line, column: 1 }, { reason, isUsed: used.has(line) });
  }

  #ignore(where: Place, { reason, isUsed }: { readonly reason: string; readonly isUsed: boolean }): void {
    if (reason === "")
      this.find("scan-ignore-reason", where.file, {
        where,
        message: "An exception without a reason",
        fix: "Write `plumbline-scan-ignore: why`.",
      });
    if (!isUsed)
      this.find("unused-scan-ignore", where.file, {
        where,
        message: "Nothing needs this exception any more",
        fix: "Remove it.",
      });
  }

  missing(sources: readonly string[] | undefined): void {
    for (const [id, event] of Object.entries(this.#lock.events)) {
      const isWanted =
        sources === undefined || sources.some((source) => Object.hasOwn(event.sources, source));
      if (this.calls.has(id) || event.deprecated || !isWanted) continue;
      this.find("no-call-site", `events.${id}`, {
        message: `\`${id}\` is planned and nothing here sends it`,
        fix: "Send it, or remove it from the plan or from this source.",
      });
    }
  }

  lost(baseline: Readonly<Record<string, number>>): void {
    for (const [id, before] of Object.entries(baseline)) {
      const now = this.calls.get(id)?.length ?? 0;
      if (now >= before || !Object.hasOwn(this.#lock.events, id)) continue;
      this.find("call-site-lost", `events.${id}`, {
        message: `\`${id}\` was called in ${before} places and is in ${now}`,
        fix: "Bring the call back, or write a new baseline.",
      });
    }
  }
}

export interface ReconcileOptions {
  /** Sources whose code this is; undefined: all. */
  readonly sources?: readonly string[] | undefined;
  /** Calls by event id of an earlier scan. */
  readonly baseline?: Readonly<Record<string, number>> | undefined;
}

/** Holds the code against the plan. */
export function reconcile(lock: Lock, files: readonly FileCalls[], options: ReconcileOptions): Inventory {
  const reconciler = new Reconciler(lock, options.sources);
  for (const file of files) reconciler.file(file);
  reconciler.missing(options.sources);
  if (options.baseline) reconciler.lost(options.baseline);
  const events = Object.entries(lock.events).map(([id, { name }]) => [
    id,
    { name, calls: reconciler.calls.get(id) ?? [] },
  ]);
  return {
    events: Object.fromEntries(events) as Inventory["events"],
    unplanned: reconciler.unplanned,
    dynamic: reconciler.dynamic,
    findings: reconciler.findings,
  };
}

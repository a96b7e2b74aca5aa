// Names in code that the generators give the plan's events: a scan knows a generated call by them.
import { EVENT_NAMES } from "../codegen/index.ts";
import type { Lock } from "../plan/index.ts";
import type { ScanLanguage } from "./call-site.ts";

/** Event ids by their name in code. */
export function generatedNames(lock: Lock, language: ScanLanguage): ReadonlyMap<string, string> {
  const spell = EVENT_NAMES[language === "javascript" ? "typescript" : language];
  return new Map(spell ? Object.keys(lock.events).map((id) => [spell(id), id]) : []);
}

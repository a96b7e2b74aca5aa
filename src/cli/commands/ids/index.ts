// `plumbline ids …`: ids that were never meant to change: found, planned away, and brought to ids that do not.
import type { Command } from "commander";
import { addCleanApply } from "../clean/apply.ts";
import { addIdsCheck } from "./check.ts";
import { addIdsPlan } from "./plan.ts";

export function addIds(program: Command): void {
  const ids = program.command("ids").description("Ids that can change or name a person, and the way out");
  addIdsCheck(ids);
  addIdsPlan(ids);
  // The same engine, journal and report as every change set; `clean undo` takes it back.
  addCleanApply(ids);
}

// `plumbline clean …`: the provider brought to what the plan says, by reviewed change sets.
import type { Command } from "commander";
import { addCleanApply } from "./apply.ts";
import { addCleanCheck } from "./check.ts";
import { addCleanInventory } from "./inventory.ts";
import { addCleanPlan } from "./plan.ts";
import { addCleanPrivacy } from "./privacy.ts";
import { addCleanUndo } from "./undo.ts";

export function addClean(program: Command): void {
  const clean = program.command("clean").description("Bring the provider to what the plan says");
  addCleanInventory(clean);
  addCleanPlan(clean);
  addCleanCheck(clean);
  addCleanApply(clean);
  addCleanUndo(clean);
  addCleanPrivacy(clean);
}

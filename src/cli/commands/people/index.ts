// `plumbline people …`: profiles as a copy of the application's database, set up, looked at and repaired.
import type { Command } from "commander";
import { addBackfill } from "./backfill.ts";
import { addDoctor } from "./doctor.ts";
import { addDrift } from "./drift.ts";
import { addErase } from "./erase.ts";
import { addExplainMapping } from "./explain-mapping.ts";
import { addExplain } from "./explain.ts";
import { addPeopleQuarantine } from "./quarantine.ts";
import { addSetup } from "./setup.ts";
import { addStatus } from "./status.ts";

export function addPeople(program: Command): void {
  const people = program
    .command("people")
    .description("Profiles as a copy of the application's database")
    .option("--database <name>", "one of `people.databases`, instead of the application's own");
  addDoctor(people);
  addSetup(people);
  addExplainMapping(people);
  addBackfill(people);
  addDrift(people);
  addStatus(people);
  addExplain(people);
  addPeopleQuarantine(people);
  addErase(people);
}

// Sets up everything that capture needs in a test's database, as `plumbline people setup --apply` does.
import type { PeopleContext } from "../../src/people/people-context.ts";
import { applySetup } from "../../src/people/setup/apply-setup.ts";
import { planCapture } from "../../src/people/setup/plan-capture.ts";
import { readServerFacts } from "../../src/people/setup/read-server-facts.ts";
import { setupSql } from "../../src/people/setup/setup-sql.ts";

export async function setUpCapture({ source, mapping, capture }: PeopleContext): Promise<void> {
  const facts = await readServerFacts(source, mapping, capture);
  const { plan } = planCapture(mapping, facts, capture);
  await applySetup(source, setupSql(plan, facts), {});
}

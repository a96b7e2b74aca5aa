// Worked examples of changes of a plan: the tests run them, and `docs/guide/changing-the-plan.md` shows them.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { ChangeKind, Lock } from "../../src/plan/index.ts";
import { compile } from "./plans.ts";

export interface ChangeExample {
  readonly kind: ChangeKind;
  /** Path in the plan at which the change is told. */
  readonly at: string;
  /** What it does; an axis that is not named is `none`. */
  readonly axes: Readonly<Record<string, string>>;
  readonly step: string;
  /** Other changes that the same edit makes, as `<kind> <path>`. */
  readonly also?: readonly string[];
  readonly before: string;
  readonly after: string;
}

/** Sections of the examples, in the order of the guide. */
export const EXAMPLE_SECTIONS = ["events", "properties", "people", "plan"] as const;

/** What an example leaves out, and so has in both of its plans. */
const FRAME = {
  plumbline: "plumbline: 1\n",
  name: "name: shop\n",
  sources: "sources: { web: { trust: client }, ios: { trust: client }, api: { trust: server } }\n",
  identity: "identity: { user_id: { format: uuid } }\n",
} as const;

/** Completes a part of a plan to a whole one, and compiles it. */
export function examplePlan(part: string): Lock {
  const frame = Object.entries(FRAME).filter(([key]) => !new RegExp(`^${key}:`, "m").test(part));
  return compile(frame.map(([, text]) => text).join("") + part);
}

/** The examples of one section. */
export function changeExamples(section: (typeof EXAMPLE_SECTIONS)[number]): readonly ChangeExample[] {
  const file = new URL(`../golden/plan-changes/${section}.yaml`, import.meta.url);
  return parse(readFileSync(file, "utf8")) as readonly ChangeExample[];
}

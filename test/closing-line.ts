// Prints the one closing line that CI reads: "N passed, N failed". Vitest's own summary is not read there.
import type { Reporter, TestModule } from "vitest/node";

function count(modules: readonly TestModule[], state: "passed" | "failed"): number {
  return modules.reduce((sum, module) => sum + [...module.children.allTests(state)].length, 0);
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    // A file that failed before its first test has no failed test to count, but must not look like a pass.
    const brokenFiles = modules.filter((module) => !module.ok() && count([module], "failed") === 0).length;
    const failed = count(modules, "failed") + brokenFiles + unhandled.length;
    const skipped = modules.flatMap((module) => [...module.children.allTests("skipped")]);
    for (const { fullName } of skipped) process.stdout.write(`\nskipped: ${fullName}`);
    process.stdout.write(`\n${count(modules, "passed")} passed, ${failed} failed\n`);
  }
}

// Tests that start real processes run what is built. `npm test` builds first; a single file run from an editor may not have.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../..", import.meta.url).pathname;

/** Builds when `dist` is missing or older than a source file. */
export function ensureDist(): void {
  const built = join(root, "dist/.tsbuildinfo");
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0;
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const stale = sources.some(
    (file) =>
      /(?<!\.test)\.(?:ts|template)$/.test(file) && statSync(join(root, "src", file)).mtimeMs > builtAt,
  );
  if (stale) execFileSync("npm", ["run", "build"], { cwd: root, stdio: "ignore" });
}

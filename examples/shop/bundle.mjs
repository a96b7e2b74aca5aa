// Bundles the shop's scripts with the generated clients, as the build of any web app does.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * One module as text.
 *
 * @param {string} contents
 * @param {"browser" | "node"} platform
 */
export async function bundle(contents, platform) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    format: "esm",
    platform,
    write: false,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0].text;
}

/**
 * Bundles and imports: Node 20 does not run TypeScript by itself.
 *
 * @param {string} contents
 */
export async function loadModule(contents) {
  const text = await bundle(contents, "node");
  return import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
}

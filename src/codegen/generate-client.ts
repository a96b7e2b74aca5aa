// From a lock and a source's settings to the files of its client.
import { AppError } from "../core/index.ts";
import type { Lock } from "../plan/index.ts";
import type { GeneratedFile, Generator } from "./generator.ts";
import { type ClientModel, makeClientModel } from "./model/client-model.ts";
import { refuseCollisions } from "./names/collisions.ts";
import type { GenerateSettings } from "./settings.ts";
import { go } from "./go/index.ts";
import { java } from "./java/index.ts";
import { kotlin } from "./kotlin/index.ts";
import { php } from "./php/index.ts";
import { python } from "./python/index.ts";
import { ruby } from "./ruby/index.ts";
import { swift } from "./swift/index.ts";
import { typescript } from "./typescript/index.ts";

/** Generators that come with Plumbline, by language. */
export const GENERATORS: Readonly<Record<string, Generator>> = {
  go,
  java,
  kotlin,
  php,
  python,
  ruby,
  swift,
  typescript,
};

function byPath(a: GeneratedFile, b: GeneratedFile): number {
  return a.path < b.path ? -1 : 1;
}

/**
 * Makes the files of one source's client, sorted by path.
 *
 * @throws {AppError} `GENERATE_ADAPTER_UNKNOWN`, `GENERATE_TRUST_UNSUPPORTED`, `GENERATE_NAME_COLLISION`
 */
export function generateClient(
  generator: Generator,
  lock: Lock,
  { source, settings }: { readonly source: string; readonly settings: GenerateSettings },
): readonly GeneratedFile[] {
  const trust = lock.sources[source]?.trust ?? "client";
  if (generator.trusts && !generator.trusts.includes(trust))
    throw new AppError(
      "GENERATE_TRUST_UNSUPPORTED",
      `Cannot write a ${generator.language} client for ${source}: its trust is \`${trust}\`, and ${generator.language} clients are for \`${generator.trusts.join(", ")}\``,
    );
  const adapters = Object.keys(generator.adapters).filter((adapter) => generator.adapters[adapter] === trust);
  const unknown = (settings.adapters ?? []).find((adapter) => !adapters.includes(adapter));
  if (unknown !== undefined)
    throw new AppError(
      "GENERATE_ADAPTER_UNKNOWN",
      `Cannot write adapter \`${unknown}\` for ${source}: ${generator.language} has ${adapters.join(", ") || "none"} for a ${trust}`,
    );
  const model: ClientModel = makeClientModel(lock, source, settings);
  refuseCollisions(model);
  return [...generator.generate(model)].sort(byPath);
}

// The keyed hash of ids that old releases send: one for the sync that reads them and for the gateway that looks them up. Its key is configured,
// so that a gateway whose database is away has it too, and so that it does not stand beside the hashes.
import { createHmac } from "node:crypto";
import type { Finding, Journal } from "../../core/index.ts";
import { OldIdOwners } from "../../gateway/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config } from "../config/config.ts";

/** 192 bits, so that no two old ids share a hash. */
const HASH_CHARACTERS = 32;

type OldIdHash = (spelling: string) => string;

/** The hash of a configuration: by `privacy.hash_key`, else by `people.key`; `undefined` where neither is set. */
export function oldIdHash({ hashKey, people }: Pick<Config, "hashKey" | "people">): OldIdHash | undefined {
  const key = hashKey ?? people?.key;
  if (key === undefined) return undefined;
  return (spelling) =>
    createHmac("sha256", key).update(`old-id\u0000${spelling}`).digest("base64url").slice(0, HASH_CHARACTERS);
}

/** Who knows whose old ids are; `undefined` where no key is configured. */
export function oldIdOwners(config: Config, journal: Pick<Journal, "table">): OldIdOwners | undefined {
  const hash = oldIdHash(config);
  return hash && new OldIdOwners(journal, hash);
}

/** A plan that translates old ids needs somebody who knows them, and a key: without these all of them would wait for ever. */
export function checkOldIds(config: Config, lock: Lock): readonly Finding[] {
  if (lock.identity.translate === undefined) return [];
  const finding = (at: string, missing: string, fix: string): Finding => ({
    id: "config-contradiction",
    level: "error",
    at,
    message: `The plan translates ids that old releases send (\`identity.translate\`), and the configuration has no ${missing}`,
    fix,
  });
  return [
    ...(config.people === undefined
      ? [finding("people", "`people`", "Name the application's database: it knows whose these ids are.")]
      : []),
    ...(oldIdHash(config) === undefined
      ? [
          finding(
            "privacy.hash_key",
            "key to hash them with",
            'Add `privacy: { hash_key: "${PLUMBLINE_HASH_KEY}" }`.',
          ),
        ]
      : []),
  ];
}

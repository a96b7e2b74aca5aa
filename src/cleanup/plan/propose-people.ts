// Steps on whole profiles: several of one person, and those without a user. A profile that is deleted comes back without the ids that it was joined
// to, so nothing here happens before a person has said so.
import type { InventoryItem } from "../inventory/inventory.ts";
import { type Draft, type Drafts, profilesWith, some, type ToPropose } from "./proposal.ts";

type Item<B extends InventoryItem["bucket"]> = Extract<InventoryItem, { readonly bucket: B }>;

function itemsOf<B extends InventoryItem["bucket"]>({ inventory }: ToPropose, bucket: B): readonly Item<B>[] {
  return inventory.items.filter((item): item is Item<B> => item.bucket === bucket);
}

function joined({ by, people, count }: Item<"duplicate_profiles">, { inventory }: ToPropose): Draft {
  const having = profilesWith(inventory.profiles, by, undefined);
  return {
    slug: `deduplicate by ${by}`,
    because: `${some(people, "value")} of \`${by}\` on several profiles: ${some(count, "profile")} too many. The one whose id is a user's stays, and gets what it lacks`,
    enabled: false,
    operation: { do: "deduplicate", by, isCaseSensitive: false, survivor: "user_id_format", merge: true },
    of: { kind: "property", property: by },
    ...(having === 0 ? {} : { expect: { count: having } }),
  };
}

function gone({ count, idsFile }: Item<"profiles_without_user">, wanted: ToPropose): Draft {
  return {
    slug: "delete profiles without a user",
    because: `${some(count, "profile")} whose id the database does not have (any more)`,
    enabled: false,
    operation: { do: "delete_profiles", ignoreAlias: true },
    of: { kind: "file", file: wanted.idsFile(idsFile) },
    expect: { count },
  };
}

/** Proposes them, none enabled. */
export function proposePeople(wanted: ToPropose): Drafts & { readonly idsFiles: readonly string[] } {
  const withoutUser = itemsOf(wanted, "profiles_without_user");
  return {
    steps: [
      ...itemsOf(wanted, "duplicate_profiles").map((item) => joined(item, wanted)),
      ...withoutUser.map((item) => gone(item, wanted)),
    ],
    notes: itemsOf(wanted, "unfit_ids").map(
      ({ count, shape }) =>
        `${some(count, "profile")} under ids that the plan refuses (${shape}): \`plumbline ids plan\` brings them to immutable ids.`,
    ),
    idsFiles: withoutUser.map(({ idsFile }) => idsFile),
  };
}

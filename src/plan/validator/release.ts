// The release of the app that sent an event.

const RELEASE_NAMES = ["$app_version_string", "$app_version", "app_version", "$app_release", "release"];
const RELEASE_MAX_CHARACTERS = 40;

/** Release as the SDK or the app names it; empty when none does. */
export function releaseOf(properties: Readonly<Record<string, unknown>>): string {
  for (const name of RELEASE_NAMES) {
    const value = properties[name];
    if (typeof value === "string" || typeof value === "number")
      return String(value).slice(0, RELEASE_MAX_CHARACTERS);
  }
  return "";
}

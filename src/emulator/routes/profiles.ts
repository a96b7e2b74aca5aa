// `/engage` and `/groups`: applies updates in the order of the request. Source (read 2026-11): Mixpanel "Create Profile", "Geolocation".
import { isObject } from "../../core/index.ts";
import { type Place, placeAt, placeOf } from "../geolocation.ts";
import { type Answer, type Call, senderAddress } from "../http/call.ts";
import { answerError, answerFull, answerIngestion } from "../http/ingestion-answers.ts";
import { readPayload } from "../http/payload.ts";
import {
  operandError,
  PROFILE_OPERATIONS,
  type Profile,
  type ProfileOperation,
  type ProfileStore,
} from "../store/profile-store.ts";
import { ITEMS_MAX, mixedError } from "./track.ts";

type Update = Readonly<Record<string, unknown>>;
type ProfileKind = "engage" | "groups";

/** Source (read 2026-11): Mixpanel's ingestion OpenAPI has no other operators for groups. */
const GROUP_OPERATIONS: readonly ProfileOperation[] = [
  "$set",
  "$set_once",
  "$unset",
  "$remove",
  "$union",
  "$delete",
];
const UPDATE_MAX_CHARACTERS = 1_000_000;

interface Target {
  readonly update: Update;
  readonly store: ProfileStore;
  readonly id: string;
  readonly operations: readonly ProfileOperation[];
}

function idOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function readOperations(update: Update, kind: ProfileKind): readonly ProfileOperation[] | string {
  const operations = PROFILE_OPERATIONS.filter((operation) => Object.hasOwn(update, operation));
  if (operations.length === 0) return "operator, missing";
  for (const operation of operations) {
    if (kind === "groups" && !GROUP_OPERATIONS.includes(operation))
      return `${operation}, not supported for groups`;
    const error = operandError(operation, update[operation]);
    if (error !== undefined) return error;
  }
  return operations;
}

/** What an update is about, or why it is refused. */
function readTarget(call: Call, update: unknown, kind: ProfileKind): Target | string {
  const { project } = call;
  if (!isObject(update)) return "data, not an object";
  if (typeof update["$token"] !== "string" || update["$token"] === "") return "$token, missing or empty";
  if (kind === "groups") {
    const key = idOf(update["$group_key"]);
    const id = idOf(update["$group_id"]);
    if (key === "") return "$group_key, missing or empty";
    if (id === "") return "$group_id, missing or empty";
    const operations = readOperations(update, kind);
    return typeof operations === "string"
      ? operations
      : { update, store: project.groupProfiles(key), id, operations };
  }
  const given = idOf(update["$distinct_id"]);
  if (given === "") return "$distinct_id, missing or empty";
  const isExact = update["$ignore_alias"] === true && project.switches.text("ignore_alias") === "obey";
  const operations = readOperations(update, kind);
  if (typeof operations === "string") return operations;
  if (JSON.stringify(update).length > UPDATE_MAX_CHARACTERS) return "data, an update larger than 1 MB";
  return {
    update,
    store: project.profiles,
    id: isExact ? given : project.identities.profileId(given),
    operations,
  };
}

interface Context {
  readonly address: string;
  /** The parameter `ip`, or its default. */
  readonly ip: string;
  readonly recordWins: boolean;
  readonly now: string;
}

function placeFor(update: Update, { address, ip, recordWins }: Context): Place | undefined {
  const own = update["$ip"];
  if (!recordWins && ip === "0") return undefined;
  if (own === 0 || own === "0") return undefined;
  if (typeof own === "string" && own !== "") return placeOf(own);
  return ip === "0" ? undefined : placeOf(address);
}

/** What the server writes beside what was asked for. */
function touch({ properties }: Profile, update: Update, context: Context): void {
  const { $latitude: latitude, $longitude: longitude } = update;
  const hasPoint = typeof latitude === "number" && typeof longitude === "number";
  const place = hasPoint ? placeAt(latitude, longitude) : placeFor(update, context);
  if (place) {
    properties["$city"] = place.city;
    properties["$region"] = place.region;
    properties["$country_code"] = place.country;
    properties["$timezone"] = place.timezone;
    if (hasPoint) properties["$geo_source"] = "reverse_geocoding";
  }
  if (update["$ignore_time"] !== true) properties["$last_seen"] = context.now;
}

/** Applies an update; false when there is no room for its profile. */
function applyUpdate({ update, store, id, operations }: Target, context: Context): boolean {
  const creates = operations.some((one) => one !== "$delete" && one !== "$unset" && one !== "$remove");
  if (creates && store.isFullFor(id)) return false;
  for (const operation of operations) {
    const profile = store.apply(id, operation, update[operation]);
    if (profile) touch(profile, update, context);
  }
  return true;
}

function answerUpdates(call: Call, kind: ProfileKind): Answer {
  const { project } = call;
  const payload = readPayload(call);
  if (payload === "too-large") return answerError(413, "request exceeds max limit");
  if (payload === "unreadable")
    return answerIngestion(call, new URLSearchParams(), "data, missing or invalid");
  const { items, form } = payload;
  if (items.length > ITEMS_MAX) return answerIngestion(call, form, `data, more than ${ITEMS_MAX} updates`);
  const context: Context = {
    address: senderAddress(call),
    ip: call.query.get("ip") ?? form.get("ip") ?? project.switches.text("engage_ip_default"),
    recordWins: project.switches.text("ip_precedence") === "record",
    now: new Date(project.clock.now()).toISOString().slice(0, 19),
  };
  const refused = call.fault?.partial ?? 0;
  let error: string | null = null;
  let taken = 0;
  for (const [index, item] of items.entries()) {
    const target = index < refused ? "a temporary failure occurred" : readTarget(call, item, kind);
    if (typeof target === "string") {
      error ??= target;
      continue;
    }
    taken += 1;
    if (project.storeKind === "swallow") continue;
    if (!applyUpdate(target, context)) return answerFull("profiles", "profiles_max");
  }
  project.updates += taken;
  return answerIngestion(call, form, mixedError(call, taken, error));
}

/** `/engage`. */
export function answerEngage(call: Call): Answer {
  return answerUpdates(call, "engage");
}

/** `/groups`. */
export function answerGroups(call: Call): Answer {
  return answerUpdates(call, "groups");
}

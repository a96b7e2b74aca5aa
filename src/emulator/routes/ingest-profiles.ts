// `/engage` and `/groups`: applies updates in the order of the request. Source (read 2026-11): Mixpanel "Create Profile", "Geolocation".
import { isObject } from "../../core/index.ts";
import { placeOf } from "../geolocation.ts";
import { readPayload, senderAddress, sendJson, type Wire } from "../http/wire.ts";
import type { Project } from "../project.ts";
import {
  operandError,
  PROFILE_OPERATIONS,
  type Profile,
  type ProfileOperation,
  type ProfileStore,
} from "../store/profile-store.ts";
import { answerTrack } from "./ingest-events.ts";

const ITEMS_MAX = 2000;

type Update = Readonly<Record<string, unknown>>;

interface Target {
  readonly store: ProfileStore;
  readonly id: string;
  readonly operations: readonly ProfileOperation[];
}

function readTarget(update: Update, kind: "engage" | "groups", project: Project): Target | string {
  if (typeof update["$token"] !== "string" || update["$token"] === "") return "$token, missing or empty";
  const operations = PROFILE_OPERATIONS.filter((operation) => operation in update);
  for (const operation of operations) {
    const error = operandError(operation, update[operation]);
    if (error !== undefined) return error;
  }
  if (operations.length === 0) return "operator, missing";
  if (kind === "groups") {
    const { $group_key: key, $group_id: id } = update;
    if (typeof key !== "string" || key === "") return "$group_key, missing or empty";
    if ((typeof id !== "string" && typeof id !== "number") || id === "") return "$group_id, missing or empty";
    return { store: project.groupProfiles(key), id: String(id), operations };
  }
  const { $distinct_id: distinctId } = update;
  if ((typeof distinctId !== "string" && typeof distinctId !== "number") || distinctId === "")
    return "$distinct_id, missing or empty";
  const exact = update["$ignore_alias"] === true && project.switches.text("ignore_alias") === "obey";
  const id = exact ? String(distinctId) : project.identities.profileId(String(distinctId));
  return { store: project.profiles, id, operations };
}

/** The address to look up for one update; `undefined` when it says not to. */
function lookedUp(update: Update, wire: Wire, project: Project): string | undefined {
  const parameter = wire.query.get("ip") ?? project.switches.text("engage_ip_default");
  const own = update["$ip"];
  if (project.switches.text("ip_precedence") === "query" && parameter === "0") return undefined;
  if (own === 0 || own === "0") return undefined;
  if (typeof own === "string" && own !== "") return own;
  return parameter === "0" ? undefined : senderAddress(wire.request);
}

function touch(
  profile: Profile,
  update: Update,
  context: { readonly wire: Wire; readonly project: Project },
): void {
  const { wire, project } = context;
  const { properties } = profile;
  const address = lookedUp(update, wire, project);
  const place = address === undefined ? undefined : placeOf(address);
  if (place) {
    properties["$city"] = place.city;
    properties["$region"] = place.region;
    properties["$country_code"] = place.country;
  }
  if (typeof update["$latitude"] === "number" && typeof update["$longitude"] === "number")
    properties["$geo_source"] = "reverse_geocoding";
  if (update["$ignore_time"] !== true)
    properties["$last_seen"] = new Date(project.clock.now()).toISOString().slice(0, 19);
}

function applyUpdate(
  update: Update,
  target: Target,
  context: { readonly wire: Wire; readonly project: Project },
): void {
  for (const operation of target.operations) {
    const profile = target.store.apply(target.id, operation, update[operation]);
    if (profile) touch(profile, update, context);
  }
}

/** `/engage` and `/groups`. */
export function handleProfiles(wire: Wire, project: Project, kind: "engage" | "groups"): void {
  const payload = readPayload(wire);
  if (!payload)
    return answerTrack(wire, new URLSearchParams(), { ok: false, error: "data, missing or empty" });
  const { items, form } = payload;
  let error: string | null = items.length > ITEMS_MAX ? `data, more than ${ITEMS_MAX} updates` : null;
  let applied = 0;
  if (project.storeKind === "swallow") return answerTrack(wire, form, { ok: true, error: null });
  if (project.profiles.count + items.length > project.switches.number("profiles_max"))
    return sendJson(wire.response, 507, {
      error: "the emulator holds no more profiles: reset it, or raise the switch profiles_max",
      status: 0,
    });
  if (error === null)
    for (const item of items) {
      const target = isObject(item) ? readTarget(item, kind, project) : "data, not an object";
      if (typeof target === "string") error ??= target;
      else if (isObject(item)) {
        applyUpdate(item, target, { wire, project });
        applied += 1;
      }
    }
  const ok = project.switches.text("mixed_batch") === "all" ? error === null : applied > 0;
  return answerTrack(wire, form, { ok, error });
}

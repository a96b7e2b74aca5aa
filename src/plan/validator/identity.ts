// Ids of users: whether they may be ids at all, and the one spelling in which they go out. Anonymous ids are left alone:
// `$device:…`, and a distinct id equal to `$device_id` (how old mobile SDKs write it).
import { assertNever } from "../../core/index.ts";
import type { LockIdentity } from "../lock.ts";
import type { IdentityKind } from "./built-in.ts";
import { type Call, RANK } from "./call.ts";
import type { RuntimeFindingId } from "./finding-ids.ts";
import { checkFormat, isLowerUuid } from "./formats.ts";
import { compilePattern } from "./linear-pattern.ts";

/** Longest id that is kept whole. Source (read 2026-11): Mixpanel "Data types" cuts texts at 255. */
export const ID_MAX_CHARACTERS = 255;
const DEVICE_PREFIX = "$device:";
const EMAIL_LIKE = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PHONE_CHARACTERS = /^\+?[\d ().-]+$/;
const PHONE_DIGITS_MIN = 7;
const PHONE_DIGITS_MAX = 15;

/** Looks like a phone number: 7 to 15 digits with a leading `+` or with separators. Digits alone are an ordinary id. */
export function looksLikePhone(text: string): boolean {
  if (text.length > 2 * PHONE_DIGITS_MAX || !PHONE_CHARACTERS.test(text) || /^\d+$/.test(text)) return false;
  const digits = text.replace(/\D/g, "").length;
  return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

/** The canonical spelling of an id that has the plan's form; `undefined` for another form. */
type IdForm = (id: string) => string | undefined;

function compileForm(rule: LockIdentity["user_id"]): IdForm {
  if ("pattern" in rule) {
    const matches = compilePattern(rule.pattern);
    return (id) => (matches(id) ? id : undefined);
  }
  const { format } = rule;
  switch (format) {
    case "uuid": {
      const isUuid = checkFormat("uuid");
      return (id) => (isLowerUuid(id) ? id : isUuid(id) ? id.toLowerCase() : undefined);
    }
    case "ulid": {
      const isUlid = checkFormat("ulid");
      return (id) => (isUlid(id) ? id.toUpperCase() : undefined);
    }
    case "integer":
      return (id) => (/^(?:0|[1-9]\d{0,18})$/.test(id) ? id : undefined);
    case "any":
      return (id) => (id === "" ? undefined : id);
    default:
      return assertNever(format);
  }
}

/** The identity rules of one plan. */
export class Identity {
  readonly #form: IdForm;
  readonly #anyForm: boolean;
  /** The form itself leaves no room for an e-mail address or a phone number. */
  readonly #strictForm: boolean;
  readonly #forbidden: ReadonlySet<string>;
  readonly #missing: LockIdentity["missing"];

  constructor(identity: LockIdentity) {
    this.#form = compileForm(identity.user_id);
    this.#anyForm = "format" in identity.user_id && identity.user_id.format === "any";
    this.#strictForm = "format" in identity.user_id && !this.#anyForm;
    this.#forbidden = new Set(identity.forbidden);
    this.#missing = identity.missing;
  }

  /**
   * Judges the ids of an event.
   *
   * @returns The properties themselves, or a copy with ids respelled.
   */
  judgeEvent(
    kind: IdentityKind,
    properties: Readonly<Record<string, unknown>>,
    call: Call,
  ): Readonly<Record<string, unknown>> {
    switch (kind) {
      case "merge":
        this.#judgeMerged(properties["$distinct_ids"], call);
        return properties;
      case "alias":
        this.#refuseForbidden("distinct_id", properties["distinct_id"], call);
        return this.#judgeUserIds(["alias", "$user_id"], properties, call);
      case "identify":
        this.#refuseForbidden("$anon_distinct_id", properties["$anon_distinct_id"], call);
        this.#refuseForbidden("$anon_id", properties["$anon_id"], call);
        return this.#judgeUserIds(["distinct_id", "$user_id", "$identified_id"], properties, call);
      case "event":
        return this.#judgeOrdinary(properties, call);
      default:
        return assertNever(kind);
    }
  }

  /** Judges the id of a user profile; answers the id as it goes out. `deviceId` is the update's own `$device_id`. */
  judgeProfileId(id: string, deviceId: string | undefined, call: Call): string {
    call.place = call.placeOf("$distinct_id");
    const out = this.#isAnonymous(id, deviceId) ? id : this.#judgeUserId(id, call);
    call.place = call.root;
    return typeof out === "string" ? out : id;
  }

  /** Judges the id of a user that the application knows: never an anonymous one. */
  judgeKnownUserId(id: string, call: Call): string {
    call.place = call.placeOf("$distinct_id");
    const out = this.#judgeUserId(id, call);
    call.place = call.root;
    return typeof out === "string" ? out : id;
  }

  /** Judges a group id: groups have ids of their own form, but placeholders join strangers there too. */
  judgeGroupId(id: string, call: Call): void {
    if (id === "") this.#refuse("identity-missing", call);
    else this.#refuseForbidden("$group_id", id, call);
  }

  #isAnonymous(id: unknown, deviceId: unknown): boolean {
    return typeof id === "string" && (id.startsWith(DEVICE_PREFIX) || (id !== "" && id === deviceId));
  }

  #judgeOrdinary(
    properties: Readonly<Record<string, unknown>>,
    call: Call,
  ): Readonly<Record<string, unknown>> {
    const distinctId = properties["distinct_id"] ?? undefined;
    const userId = properties["$user_id"] ?? undefined;
    const deviceId = properties["$device_id"] ?? undefined;
    if (distinctId === undefined && userId === undefined && deviceId === undefined) {
      if (this.#missing === "accept") call.find("identity-missing", { level: "info" });
      else this.#refuse("identity-missing", call);
      return properties;
    }
    // `""` says "no user" on purpose. Source (read 2026-11): Mixpanel "Import Events".
    const isUser = distinctId !== undefined && distinctId !== "" && !this.#isAnonymous(distinctId, deviceId);
    let out = isUser ? this.#judgeId("distinct_id", properties, call) : properties;
    // An identified browser sends its user twice; it is judged once.
    const judged = isUser && userId === distinctId && out === properties;
    if (userId !== undefined && !judged) out = this.#judgeId("$user_id", out, call);
    if ((properties["$identified_id"] ?? undefined) !== undefined) {
      out = this.#judgeId("$identified_id", out, call);
    }
    return out;
  }

  #judgeUserIds(
    names: readonly string[],
    properties: Readonly<Record<string, unknown>>,
    call: Call,
  ): Readonly<Record<string, unknown>> {
    let out = properties;
    let present = 0;
    for (const name of names) {
      if ((properties[name] ?? undefined) === undefined) continue;
      present++;
      out = this.#judgeId(name, out, call);
    }
    if (present === 0) this.#refuse("identity-missing", call);
    return out;
  }

  #judgeId(
    name: string,
    properties: Readonly<Record<string, unknown>>,
    call: Call,
  ): Readonly<Record<string, unknown>> {
    const id = properties[name];
    call.place = call.placeOf(name);
    const canonical = this.#judgeUserId(id, call);
    call.place = call.root;
    return canonical === id ? properties : { ...properties, [name]: canonical };
  }

  /** The id as it goes out; the id itself, with a finding, when it may not be one. */
  #judgeUserId(id: unknown, call: Call): unknown {
    const text = typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? String(id) : id;
    if (typeof text !== "string" || text.length > ID_MAX_CHARACTERS) {
      this.#refuse("identity-format", call);
      return id;
    }
    const canonical = this.#form(text);
    // The common case first: the plan's form, as it goes out. UUIDs are lower case by now; ULIDs and integers have no placeholder in lower case.
    if (this.#strictForm && canonical !== undefined && canonical === id && !this.#forbidden.has(canonical))
      return canonical;
    const wrong = this.#wrongWith(text, canonical !== undefined);
    if (wrong !== undefined || canonical === undefined) {
      this.#refuse(wrong ?? "identity-format", call);
      return id;
    }
    if (text !== id) call.repair("id-from-number");
    if (canonical !== text) call.repair("id-case");
    return canonical;
  }

  #wrongWith(id: string, hasForm: boolean): RuntimeFindingId | undefined {
    if (id === "") return "identity-missing";
    if (this.#forbidden.has(id.toLowerCase())) return "identity-forbidden";
    if (id.startsWith(DEVICE_PREFIX)) return "identity-format";
    if (id.includes("@") && EMAIL_LIKE.test(id)) return "identity-email";
    // A form the plan wrote out may look like a phone number with separators, but never like an international one.
    if ((!hasForm || this.#anyForm || id.startsWith("+")) && looksLikePhone(id)) return "identity-phone";
    return undefined;
  }

  #refuseForbidden(name: string, id: unknown, call: Call): void {
    const text = typeof id === "number" ? String(id) : id;
    if (typeof text !== "string" || !this.#forbidden.has(text.toLowerCase())) return;
    call.place = call.placeOf(name);
    this.#refuse("identity-forbidden", call);
    call.place = call.root;
  }

  #judgeMerged(ids: unknown, call: Call): void {
    if (!Array.isArray(ids) || ids.length === 0) this.#refuse("identity-missing", call);
    else for (const id of ids.slice(0, 2)) this.#refuseForbidden("$distinct_ids", id, call);
  }

  #refuse(id: RuntimeFindingId, call: Call): void {
    call.find(id);
    call.atLeast(RANK.quarantined);
  }
}

// Ids of users: whether they may be ids at all, and the one spelling in which they go out. Anonymous ids are left alone:
// `$device:…`, and a distinct id equal to `$device_id` (how old mobile SDKs write it).
import { assertNever } from "../../core/index.ts";
import type { LockIdentity } from "../lock.ts";
import type { IdentityKind } from "./built-in.ts";
import { type Call, RANK } from "./call.ts";
import type { RuntimeFindingId } from "./finding-ids.ts";
import { checkFormat, isLowerUuid } from "./formats.ts";
import { compilePattern } from "./linear-pattern.ts";
import { looksLikeEmail, looksLikePhone, OldIds } from "./old-ids.ts";

/** Longest id that is kept whole. Source (read 2026-11): Mixpanel "Data types" cuts texts at 255. */
export const ID_MAX_CHARACTERS = 255;
const DEVICE_PREFIX = "$device:";
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
  readonly #oldIds: OldIds;

  constructor(identity: LockIdentity) {
    this.#form = compileForm(identity.user_id);
    this.#anyForm = "format" in identity.user_id && identity.user_id.format === "any";
    this.#strictForm = "format" in identity.user_id && !this.#anyForm;
    this.#forbidden = new Set(identity.forbidden);
    this.#missing = identity.missing;
    this.#oldIds = new OldIds(identity.translate);
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
        return this.#judgeMerged(properties, call);
      case "alias": {
        const out = this.#judgeUserIds(
          ["alias", "$user_id"],
          this.#judgeLinked("distinct_id", properties, call),
          call,
        );
        if (out !== properties && out["alias"] === out["distinct_id"]) call.atLeast(RANK.dropped);
        return out;
      }
      case "identify": {
        const linked = this.#judgeLinked("$anon_distinct_id", properties, call);
        return this.#judgeUserIds(
          ["distinct_id", "$user_id", "$identified_id"],
          this.#judgeLinked("$anon_id", linked, call),
          call,
        );
      }
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

  /** The id of a profile that is to go, as it goes out: an old id that is known becomes its user's, every other one stays. */
  translateProfileId(id: string, deviceId: string | undefined, call: Call): string {
    if (this.#isAnonymous(id, deviceId) || this.#form(id) !== undefined) return id;
    const owner = this.#oldIds.ownerOf(id, call.oldIds);
    call.place = call.placeOf("$distinct_id");
    if (owner?.kind === "user") call.repair("id-translated");
    if (owner?.kind === "held") this.#refuse("identity-untranslated", call);
    call.place = call.root;
    return owner?.kind === "user" ? owner.id : id;
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
    if (wrong !== undefined || canonical === undefined)
      return this.#translate(text, wrong ?? "identity-format", call) ?? id;
    if (text !== id) call.repair("id-from-number");
    if (canonical !== text) call.repair("id-case");
    return canonical;
  }

  /** The user's id for one of an old form; `undefined`, with a finding, where there is none. */
  #translate(id: string, wrong: RuntimeFindingId, call: Call): string | undefined {
    const isHopeless =
      wrong === "identity-missing" || wrong === "identity-forbidden" || id.startsWith(DEVICE_PREFIX);
    const owner = isHopeless ? undefined : this.#oldIds.ownerOf(id, call.oldIds);
    if (owner?.kind === "user") {
      const user = this.#form(owner.id);
      if (user !== undefined) {
        call.repair("id-translated");
        return user;
      }
    }
    if (owner?.kind === "unknown" || owner?.kind === "held") this.#refuse("identity-untranslated", call);
    else this.#refuse(owner?.kind === "ambiguous" ? "identity-ambiguous" : wrong, call);
    return undefined;
  }

  #wrongWith(id: string, hasForm: boolean): RuntimeFindingId | undefined {
    if (id === "") return "identity-missing";
    if (this.#forbidden.has(id.toLowerCase())) return "identity-forbidden";
    if (id.startsWith(DEVICE_PREFIX)) return "identity-format";
    if (looksLikeEmail(id)) return "identity-email";
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

  #judgeMerged(properties: Readonly<Record<string, unknown>>, call: Call): Readonly<Record<string, unknown>> {
    const ids: unknown = properties["$distinct_ids"];
    if (!Array.isArray(ids) || ids.length === 0) {
      this.#refuse("identity-missing", call);
      return properties;
    }
    const pair: readonly unknown[] = ids.slice(0, 2);
    for (const id of pair) this.#refuseForbidden("$distinct_ids", id, call);
    const out = pair.map((id) => this.#linkedId("$distinct_ids", id, call));
    if (out.every((id, index) => id === pair[index])) return properties;
    // Both are one person by now: nothing is left to say.
    if (out.length > 1 && out[0] === out[1]) call.atLeast(RANK.dropped);
    return { ...properties, $distinct_ids: [...out, ...ids.slice(2)] };
  }

  /** The id of a device or of an earlier user: it may have any form but a placeholder's, and an old id becomes its user's. */
  #judgeLinked(
    name: string,
    properties: Readonly<Record<string, unknown>>,
    call: Call,
  ): Readonly<Record<string, unknown>> {
    const id = properties[name];
    this.#refuseForbidden(name, id, call);
    if (this.#isAnonymous(id, properties["$device_id"])) return properties;
    const out = this.#linkedId(name, id, call);
    return out === id ? properties : { ...properties, [name]: out };
  }

  #linkedId(name: string, id: unknown, call: Call): unknown {
    if (typeof id !== "string" || id.startsWith(DEVICE_PREFIX) || this.#forbidden.has(id.toLowerCase()))
      return id;
    if (this.#form(id) !== undefined && this.#wrongWith(id, true) === undefined) return id;
    const owner = this.#oldIds.ownerOf(id, call.oldIds);
    if (owner === undefined) return id;
    call.place = call.placeOf(name);
    const user = owner.kind === "user" ? this.#form(owner.id) : undefined;
    if (user !== undefined) call.repair("id-translated");
    else if (owner.kind === "ambiguous") this.#refuse("identity-ambiguous", call);
    // An address or a number was a person's; anything else that nobody knows is a device's.
    else if (owner.kind === "held" || looksLikeEmail(id.trim()) || looksLikePhone(id.trim()))
      this.#refuse("identity-untranslated", call);
    call.place = call.root;
    return user ?? id;
  }

  #refuse(id: RuntimeFindingId, call: Call): void {
    call.find(id);
    call.atLeast(RANK.quarantined);
  }
}

// What the ids of events look like, by the validator's own rules about ids. Counts only: no id is kept.
import { isFormat, looksLikePhone } from "../../plan/index.ts";

const DEVICE_PREFIX = "$device:";
const EMAIL_LIKE = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const INTEGER = /^(?:0|[1-9]\d{0,18})$/;
const PREFIXED = /^([A-Za-z]{1,12}[_-])([0-9A-Za-z]+)$/;
const ID_MAX_CHARACTERS = 255;
const PREFIXES_MAX = 4;

function isAnonymous(id: unknown, deviceId: unknown): boolean {
  return typeof id === "string" ? id.startsWith(DEVICE_PREFIX) || id === deviceId : id === undefined;
}

/** Counts of events by what their id is. */
export class IdProfile {
  anonymous = 0;
  missing = 0;
  /** An empty id: no user, on purpose. */
  none = 0;
  email = 0;
  phone = 0;
  forbidden = 0;
  /** Neither a text nor a whole number, or too long. */
  malformed = 0;
  /** Events that the gateway will hold back for an id, whatever the plan says. */
  refused = 0;
  readonly forms = { uuid: 0, ulid: 0, integer: 0, other: 0 };
  /** Of `other`: by the beginning before the first `_` or `-`. */
  readonly prefixes = new Map<string, number>();
  readonly #forbidden: ReadonlySet<string>;

  constructor(forbidden: readonly string[]) {
    this.#forbidden = new Set(forbidden);
  }

  /** Looks at the ids of one event as the gateway will. */
  add(properties: Readonly<Record<string, unknown>>): void {
    const distinctId = properties["distinct_id"] ?? undefined;
    const userId = properties["$user_id"] ?? undefined;
    const deviceId = properties["$device_id"] ?? undefined;
    if (distinctId === undefined && userId === undefined && deviceId === undefined) {
      this.missing += 1;
      return;
    }
    let isRefused = false;
    let judged: unknown;
    if (distinctId === "") this.none += 1;
    else if (isAnonymous(distinctId, deviceId)) this.anonymous += 1;
    else {
      judged = distinctId;
      isRefused = !this.#addUser(distinctId);
    }
    // An identified browser sends its user twice; it counts once.
    if (userId !== undefined && userId !== judged && !this.#addUser(userId)) isRefused = true;
    const identified = properties["$identified_id"] ?? undefined;
    if (identified !== undefined && identified !== judged && !this.#addUser(identified)) isRefused = true;
    if (isRefused) this.refused += 1;
  }

  /** False for what the gateway refuses under any plan. */
  #addUser(sent: unknown): boolean {
    const id = typeof sent === "number" && Number.isSafeInteger(sent) && sent >= 0 ? String(sent) : sent;
    if (typeof id !== "string" || id.length > ID_MAX_CHARACTERS || id.startsWith(DEVICE_PREFIX)) {
      this.malformed += 1;
      return false;
    }
    // The common case first: nothing else has a UUID's form but the placeholder of zeros.
    if (isFormat("uuid", id) && !this.#forbidden.has(id)) this.forms.uuid += 1;
    else if (id === "" || this.#forbidden.has(id.toLowerCase())) {
      this.forbidden += 1;
      return false;
    } else if (id.includes("@") && EMAIL_LIKE.test(id)) {
      this.email += 1;
      return false;
    } else if (looksLikePhone(id)) {
      this.phone += 1;
      return false;
    } else if (isFormat("ulid", id)) this.forms.ulid += 1;
    else if (INTEGER.test(id)) this.forms.integer += 1;
    else this.#addOther(id);
    return true;
  }

  #addOther(id: string): void {
    this.forms.other += 1;
    const prefix = PREFIXED.exec(id)?.[1] ?? "";
    const known = this.prefixes.get(prefix);
    if (known !== undefined || this.prefixes.size < PREFIXES_MAX) this.prefixes.set(prefix, (known ?? 0) + 1);
  }
}

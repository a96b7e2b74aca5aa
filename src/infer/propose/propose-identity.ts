// What user ids are, and what is wrong with those that were sent.
import type { Finding } from "../../core/index.ts";
import type { LockIdentity } from "../../plan/index.ts";
import type { IdProfile } from "../profile/id-profile.ts";
import type { SourceProfile } from "../profile/source-profile.ts";
import { type InferFindingId, inferFinding } from "./infer-findings.ts";
import type { PlanDraft } from "./plan-draft.ts";
import { counted, share } from "./words.ts";

/** A form is proposed only when no id has another: an id that does not fit waits in quarantine. */
function chooseForm(ids: IdProfile): LockIdentity["user_id"] {
  const { uuid, ulid, integer, other } = ids.forms;
  if (uuid > 0 && ulid + integer + other === 0) return { format: "uuid" };
  if (ulid > 0 && uuid + integer + other === 0) return { format: "ulid" };
  if (integer > 0 && uuid + ulid + other === 0) return { format: "integer" };
  const [prefix] = ids.prefixes.keys();
  if (
    other > 0 &&
    uuid + ulid + integer === 0 &&
    ids.prefixes.size === 1 &&
    prefix !== undefined &&
    prefix !== ""
  )
    return { pattern: `^${prefix}[0-9A-Za-z]+$` };
  return { format: "any" };
}

function evidence(ids: IdProfile): string {
  const { uuid, ulid, integer, other } = ids.forms;
  const total = uuid + ulid + integer + other + ids.email + ids.phone + ids.forbidden + ids.malformed;
  if (total === 0) return "no event has a user id";
  const parts: readonly (readonly [number, string])[] = [
    [uuid, "UUID"],
    [ulid, "ULID"],
    [integer, "integer"],
    [other, "other"],
    [ids.email, "e-mail address"],
    [ids.phone, "phone number"],
    [ids.forbidden, "placeholder"],
    [ids.malformed, "no id at all"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${share(count, total)} ${word}`)
    .join(", ");
}

/** Proposes the identity section. */
export function proposeIdentity(ids: IdProfile): {
  readonly identity: PlanDraft["identity"];
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const add = (id: InferFindingId, count: number, [message, fix]: readonly [string, string]): void => {
    if (count > 0) findings.push(inferFinding(id, { at: "identity.user_id", count, message, fix }));
  };
  const waits = "The gateway holds such events back whatever the plan says; send an id that never changes.";
  add("id-is-email", ids.email, [`User ids of ${counted(ids.email, "event")} are e-mail addresses`, waits]);
  add("id-is-phone", ids.phone, [`User ids of ${counted(ids.phone, "event")} are phone numbers`, waits]);
  add("id-is-placeholder", ids.forbidden, [
    `User ids of ${counted(ids.forbidden, "event")} are placeholders such as \`null\` or \`undefined\``,
    waits,
  ]);
  add("id-malformed", ids.malformed, [`User ids of ${counted(ids.malformed, "event")} cannot be ids`, waits]);
  add("id-missing", ids.missing, [
    `${counted(ids.missing, "event")} name neither a user nor a device`,
    "The plan accepts them (`missing: accept`); take that out once every source sends an id.",
  ]);
  const { uuid, ulid, integer, other } = ids.forms;
  const forms = [uuid, ulid, integer, other].filter((count) => count > 0);
  if (forms.length > 1)
    findings.push(
      inferFinding("id-forms-mixed", {
        at: "identity.user_id",
        count: forms.reduce((a, b) => a + b, 0) - Math.max(...forms),
        message: `User ids have several forms: ${evidence(ids)}`,
        fix: "Decide on one form and put it into `identity.user_id`; ids of another form then wait in quarantine.",
      }),
    );
  return {
    identity: {
      user_id: chooseForm(ids),
      missing: ids.missing > 0 ? "accept" : "quarantine",
      evidence: evidence(ids),
    },
    findings,
  };
}

const PLACE_MIN_EVENTS = 50;
const PLACE_MIN_SHARE = 0.9;
/** Where clients come from one place too, a server in that place is no sign. */
const CLIENT_MAX_SHARE = 0.8;

/** Servers whose users all seem to live in one town. */
export function placeFindings(sources: readonly SourceProfile[]): readonly Finding[] {
  const clients = sources.filter(({ source, placed }) => source.trust === "client" && placed > 0);
  if (clients.some(({ topCityShare }) => topCityShare > CLIENT_MAX_SHARE)) return [];
  return sources
    .filter(
      ({ source, placed, topCityShare }) =>
        source.trust === "server" && placed >= PLACE_MIN_EVENTS && topCityShare >= PLACE_MIN_SHARE,
    )
    .map((one) =>
      inferFinding("server-place", {
        at: `sources.${one.source.id}`,
        source: one.source.id,
        count: one.placed,
        message: `${share(one.topCityShare * one.placed, one.placed)} of its events with a place come from one city: that of the server, not of the users`,
        fix: "Send `ip: 0` from servers, or send through the gateway, which does it.",
      }),
    );
}

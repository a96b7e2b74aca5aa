// Every finding the validator can make and every repair rule, in one table. `docs/findings/<id>.md` explains each finding.
// Texts here never hold a property value: findings are logged, printed and counted.
import type { FindingLevel } from "../../core/index.ts";

interface FindingText {
  /** Level where the plan's policy does not accept it; an accepted one is `info`. */
  readonly level: FindingLevel;
  readonly message: string;
  readonly fix?: string;
}

/** Findings by id, with the level each has by default. */
export const RUNTIME_FINDINGS = {
  "event-malformed": { level: "error", message: "The event has no name or no properties object" },
  "unknown-source": {
    level: "error",
    message: "The source is not in the plan",
    fix: "Add the source to the plan, or correct the token's source in the configuration.",
  },
  "unknown-event": {
    level: "error",
    message: "The event is not in the plan",
    fix: "Add the event to the plan, or its old name to `was` of the event it means.",
  },
  "unknown-group": {
    level: "error",
    message: "The group key is not in the plan",
    fix: "Add the group to the plan.",
  },
  "not-this-source": {
    level: "error",
    message: "The plan does not let this source send it",
    fix: "List the source in the plan, or send it from a source that is listed.",
  },
  "deprecated-used": {
    level: "warn",
    message: "The event is deprecated",
    fix: "Send the event that replaces it.",
  },
  "identity-email": {
    level: "error",
    message: "An id looks like an e-mail address",
    fix: "Identify the user by an id that never changes and says nothing about the person.",
  },
  "identity-phone": {
    level: "error",
    message: "An id looks like a phone number",
    fix: "Identify the user by an id that never changes and says nothing about the person.",
  },
  "identity-forbidden": {
    level: "error",
    message: "An id is a placeholder that would join unrelated users",
    fix: "Do not identify before the real id is known.",
  },
  "identity-format": {
    level: "error",
    message: "An id does not have the form the plan gives user ids",
    fix: "Send the id in the form of `identity.user_id`.",
  },
  "identity-untranslated": {
    level: "error",
    message: "An id of an old form belongs to nobody whom the people sync knows yet",
    fix: "Nothing, if the user is new: it goes out by itself once the sync has read the user.",
  },
  "identity-ambiguous": {
    level: "error",
    message: "An id of an old form has belonged to more than one user",
    fix: "Let the release that sends it go: nothing tells whose it is.",
  },
  "identity-missing": {
    level: "error",
    message: "There is no id at all",
    fix: 'Send `distinct_id`; an empty string says "no user" on purpose.',
  },
  "unknown-property": {
    level: "warn",
    message: "The property is not in the plan",
    fix: "Add the property to the plan, or its old name to `was`.",
  },
  "unsafe-key": { level: "error", message: "The name is one that attacks JavaScript objects" },
  "name-collision": {
    level: "warn",
    message: "Two spellings of one property came together; the other one was kept",
    fix: "Send the property once, by the name in the plan.",
  },
  "property-omitted": {
    level: "warn",
    message: "The plan says this source does not send the property",
    fix: "Do not send it, or change the source's entry in the plan.",
  },
  "type-mismatch": {
    level: "error",
    message: "The value has another type than the plan says",
    fix: "Send the type that the plan names.",
  },
  "not-in-enum": { level: "error", message: "The value is not one of those the plan lists" },
  pattern: { level: "error", message: "The text does not match the plan's pattern" },
  format: { level: "error", message: "The text does not have the format the plan names" },
  "text-length": { level: "error", message: "The text is shorter or longer than the plan allows" },
  range: { level: "error", message: "The number is outside the plan's range" },
  "list-size": { level: "error", message: "The list has fewer or more items than the plan allows" },
  "missing-required": { level: "error", message: "A property that the plan requires is missing" },
  "data-class-forbidden": {
    level: "error",
    message: "The data class may not be sent by a client",
    fix: "Send it from a server source, or leave it out.",
  },
  "data-class-dropped": { level: "info", message: "The data class says that the gateway removes it" },
  "not-owner": {
    level: "error",
    message: "The profile property belongs to another owner",
    fix: "Leave it to the owner that the plan names.",
  },
  "op-not-allowed": {
    level: "error",
    message: "The plan does not allow this operation here",
    fix: "Use one of the operations that fit the property.",
  },
  "profile-malformed": { level: "error", message: "The value does not have the operation's shape" },
  "too-many-findings": { level: "warn", message: "There are more findings than are listed" },
} as const satisfies Record<string, FindingText>;

/** Id of a finding that the validator makes. */
export type RuntimeFindingId = keyof typeof RUNTIME_FINDINGS;

/** Rules that change what goes out without losing it, by id; `docs/guide/repairs.md` shows each. */
export const REPAIR_RULES = {
  "event-renamed": "An old or differently spelled event name became the plan's name",
  "event-replaced": "A deprecated event became the one that replaces it",
  "property-renamed": "An old or differently spelled property name became the plan's name",
  "boolean-from-string": "`true` and `false` written as text became booleans",
  "number-from-string": "A number written as text became a number",
  "datetime-from-epoch": "Seconds or milliseconds since 1970 became ISO 8601 in UTC",
  "datetime-from-iso": "Another ISO 8601 form became UTC with milliseconds",
  "text-well-formed": "NUL characters and halves of surrogate pairs became U+FFFD",
  "text-truncated": "The data class cut the text to its length",
  "value-hashed": "The data class replaced the value by a keyed hash",
  "id-case": "A UUID became lower case, a ULID upper case",
  "id-from-number": "An id sent as a number became text",
  "id-translated": "An id of an old form became the user's id",
} as const;

/** Id of a repair rule. */
export type RepairRule = keyof typeof REPAIR_RULES;

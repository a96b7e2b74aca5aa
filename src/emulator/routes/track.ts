// `/track`: events of untrusted senders. Any token will do, as at Mixpanel. Source (read 2026-11): Mixpanel "Track Events".
import { checkLoose, checkRules } from "../events/check-event.ts";
import { type CheckedEvent, senderOf, storeEvents } from "../events/store-events.ts";
import type { Answer, Call } from "../http/call.ts";
import { answerError, answerFull, answerIngestion, answerTooMany } from "../http/ingestion-answers.ts";
import { type Payload, readPayload } from "../http/payload.ts";

/** Items in one request. */
export const ITEMS_MAX = 2000;

/** What became of the items of a request that is answered for all of them together. */
export interface LooseOutcome {
  readonly checked: readonly CheckedEvent[];
  /** The first reason; null when all is well. */
  readonly error: string | null;
}

/** Checks each event for itself; the first `refused` are refused without looking. */
export function checkLoosely(
  call: Call,
  { items, lines, isDamaged }: Payload,
  route: "track" | "import",
): LooseOutcome {
  const rules = checkRules(call.project, isDamaged);
  const refused = call.fault?.partial ?? 0;
  const checked: CheckedEvent[] = [];
  let error: string | null = null;
  for (const [index, value] of items.entries()) {
    const reason = index < refused ? "a temporary failure occurred" : checkLoose(value, rules, route);
    if (reason === undefined) checked.push({ value, json: lines?.[index] });
    else error ??= reason;
  }
  return { checked, error };
}

/** The answer for all items: switch `mixed_batch` says what one bad item among good ones means. */
export function mixedError(call: Call, taken: number, error: string | null): string | null {
  return error !== null && taken > 0 && call.project.switches.text("mixed_batch") === "any" ? null : error;
}

/** `/track`. */
export function answerTrack(call: Call): Answer {
  const { project } = call;
  const payload = readPayload(call);
  if (payload === "too-large") return answerError(413, "request exceeds max limit");
  if (payload === "unreadable")
    return answerIngestion(call, new URLSearchParams(), "data, missing or invalid");
  const { items, form, bytes } = payload;
  if (items.length > ITEMS_MAX) return answerIngestion(call, form, `data, more than ${ITEMS_MAX} events`);
  if (!project.limits.take("events", items.length) || !project.limits.take("bytes", bytes))
    return answerTooMany(call);
  const { checked, error } = checkLoosely(call, payload, "track");
  if (!storeEvents(project, senderOf(call, form, "track"), checked))
    return answerFull("events", "events_max");
  return answerIngestion(call, form, mixedError(call, checked.length, error));
}

// NDJSON in pieces of bytes → events. Splits at line feeds only: other line separators of Unicode stand inside strings.
// A piece is decoded at once and its lines are cut from the text: decoding line by line costs more than parsing them.
import type { TrafficEvent } from "../profile/traffic-profile.ts";
import { readTrafficEvent } from "./traffic-shapes.ts";

const LINE_FEED = 10;
/** A line longer than this is no event: Mixpanel takes 1 MB. */
const LINE_MAX_BYTES = 8 * 2 ** 20;
/** How a raw export that broke off ends. Source (read 2026-11): mixpanel/mixpanel-utils issue 5. */
const BROKEN_OFF = "terminated early";

export class EventLines {
  lines = 0;
  /** Lines that are no JSON, or no event. */
  unreadable = 0;
  /** First line that is unreadable, from 1. */
  firstUnreadable = 0;
  /** The export ended before its end. */
  brokenOff = false;
  readonly #onEvent: (event: TrafficEvent) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(onEvent: (event: TrafficEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Takes the next bytes. */
  push(bytes: Buffer): void {
    const last = bytes.lastIndexOf(LINE_FEED);
    if (last < 0) {
      this.#hold(bytes);
      return;
    }
    let start = 0;
    if (this.#heldBytes > 0) {
      start = bytes.indexOf(LINE_FEED) + 1;
      this.#hold(bytes.subarray(0, start));
      this.#lines(this.#release());
    }
    if (start <= last) this.#lines(bytes.toString("utf8", start, last + 1));
    // A copy: the stream may use its memory again.
    if (last + 1 < bytes.length) this.#hold(Buffer.from(bytes.subarray(last + 1)));
  }

  /** Takes a last line without a line feed. */
  end(): void {
    if (this.#heldBytes > 0) this.#lines(`${this.#release()}\n`);
  }

  #hold(bytes: Buffer): void {
    if (this.#heldBytes + bytes.length > LINE_MAX_BYTES) this.#held = [];
    this.#held.push(bytes);
    this.#heldBytes = this.#held.reduce((total, { length }) => total + length, 0);
  }

  #release(): string {
    const text = Buffer.concat(this.#held).toString("utf8");
    this.#held = [];
    this.#heldBytes = 0;
    return text;
  }

  #lines(text: string): void {
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      if (end > start) this.#line(text.slice(start, end));
      start = end + 1;
    }
  }

  #line(line: string): void {
    this.lines += 1;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.#refuse(line);
      return;
    }
    // Some tools write batches: a list of events on a line.
    if (Array.isArray(value) && value.length > 0) for (const one of value) this.#event(one, line);
    else this.#event(value, line);
  }

  #event(value: unknown, line: string): void {
    const event = readTrafficEvent(value);
    if (event === undefined) this.#refuse(line);
    else this.#onEvent(event);
  }

  /** Counted and told at the end: one broken line must not end a run over millions. */
  #refuse(line: string): void {
    if (line.trim() === "") {
      this.lines -= 1;
      return;
    }
    if (line.endsWith(BROKEN_OFF)) this.brokenOff = true;
    this.unreadable += 1;
    if (this.firstUnreadable === 0) this.firstUnreadable = this.lines;
  }
}

// One stored event as a line: time in ms, sequence number, what the server stamps, and the event as it was received.
// Nothing is rewritten on the way in; names, ids and limits are applied when it is read, so storing stays cheap.
import { isObject } from "../../core/index.ts";

type Properties = Record<string, unknown>;

/** A stored event, read back. */
export interface StoredEvent {
  readonly timeMs: number;
  /** Order of arrival, from 1. */
  readonly sequence: number;
  readonly event: string;
  /** As received, with the server's stamps over them. */
  readonly properties: Properties;
}

export interface LineParts {
  readonly timeMs: number;
  readonly sequence: number;
  /** JSON object text. */
  readonly stamps: string;
  /** JSON text of the event without line feeds. */
  readonly json: string;
}

/** Writes a line. */
export function writeLine({ timeMs, sequence, stamps, json }: LineParts): string {
  return `${timeMs}\t${sequence}\t${stamps}\t${json}`;
}

/** The time of a line, without parsing the rest. */
export function lineTime(line: string): number {
  return Number(line.slice(0, line.indexOf("\t")));
}

/** The sequence number of a line, without parsing the rest. */
export function lineSequence(line: string): number {
  const start = line.indexOf("\t") + 1;
  return Number(line.slice(start, line.indexOf("\t", start)));
}

/** Reads a line that {@link writeLine} wrote. */
export function parseLine(line: string): StoredEvent {
  const first = line.indexOf("\t");
  const second = line.indexOf("\t", first + 1);
  const third = line.indexOf("\t", second + 1);
  const stored: unknown = JSON.parse(line.slice(third + 1));
  const event = isObject(stored) ? stored : {};
  const stamps = JSON.parse(line.slice(second + 1, third)) as Properties;
  const properties = isObject(event["properties"]) ? event["properties"] : {};
  return {
    timeMs: Number(line.slice(0, first)),
    sequence: Number(line.slice(first + 1, second)),
    event: typeof event["event"] === "string" ? event["event"] : "",
    properties: Object.assign(properties, stamps),
  };
}

// Counts people and events by what is wrong with their ids. Keeps ids in memory up to a bound, and gives none away unless examples are asked for.
import type { IdRules, IdShape } from "./id-shape.ts";

/** What can be wrong with an id. `unfit`: not of the form that the plan says. */
export const ID_PROBLEMS = ["email", "phone", "forbidden", "sequential", "shared", "unfit"] as const;
export type IdProblem = (typeof ID_PROBLEMS)[number];

export interface ProblemCount {
  readonly problem: IdProblem;
  readonly people: number;
  readonly events: number;
  readonly profiles: number;
  /** Only where they were asked for. */
  readonly examples: readonly string[];
}

export interface IdReport {
  readonly version: 1;
  readonly people: number;
  readonly events: number;
  readonly profiles: number;
  /** Ids of people by shape; devices are counted as devices. */
  readonly shapes: Readonly<Partial<Record<IdShape, number>>>;
  readonly problems: readonly ProblemCount[];
  /** Events without an id of a person. */
  readonly anonymousEvents: number;
  /** False: more ids than are kept in memory, counts of people are too low. */
  readonly isWhole: boolean;
}

/** Ids that are kept in memory, some 200 MB. */
export const IDS_MAX = 1_000_000;
/** As many devices are a household, a tester or a shared login. */
export const SHARED_DEVICES = 20;
/** People have a private and a work address; three are several people. */
export const SHARED_EMAILS = 3;
const SEQUENCE_MIN = 20;
/** Share of the numbers between the least and the greatest that are ids: random ids of a long range have next to none. */
const SEQUENCE_DENSITY = 0.02;
const SEQUENCES_MAX = 1000;
const NUMBERED = /^(\D{0,40}?)(\d{1,15})$/;
const EXAMPLES_MAX = 10;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

interface Seen {
  readonly shape: IdShape;
  readonly isFit: boolean;
  events: number;
  isProfile: boolean;
  /** Hashes; no more than make the id a shared one. */
  devices: number[];
  emails: number[];
}

interface Sequence {
  count: number;
  least: number;
  greatest: number;
}

function hash(text: string): number {
  let value = FNV_OFFSET;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), FNV_PRIME);
  return value;
}

function note(list: number[], value: unknown, max: number): void {
  if (typeof value !== "string" || value === "" || list.length >= max) return;
  const hashed = hash(value.trim().toLowerCase());
  if (!list.includes(hashed)) list.push(hashed);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "";
}

/** Takes events and profiles, then tells what is wrong. */
export class IdTally {
  readonly #rules: IdRules;
  readonly #seen = new Map<string, Seen>();
  readonly #sequences = new Map<string, Sequence>();
  #devices = 0;
  #anonymous = 0;
  #events = 0;
  #isWhole = true;

  constructor(rules: IdRules) {
    this.#rules = rules;
  }

  get events(): number {
    return this.#events;
  }

  get ids(): number {
    return this.#seen.size;
  }

  /** One event: the person, if it has one, and the device that it came from. */
  addEvent(properties: Readonly<Record<string, unknown>>): void {
    this.#events += 1;
    const device = text(properties["$device_id"]);
    const distinctId = text(properties["distinct_id"]);
    const isDevice = distinctId === "" || distinctId === device || distinctId.startsWith("$device:");
    const id =
      text(properties["$user_id"]) || text(properties["$identified_id"]) || (isDevice ? "" : distinctId);
    const seen = id === "" ? undefined : this.#of(id);
    if (seen === undefined) {
      this.#anonymous += 1;
      return;
    }
    seen.events += 1;
    note(seen.devices, device, SHARED_DEVICES);
    note(seen.emails, properties["$email"] ?? properties["email"], SHARED_EMAILS);
  }

  /** A walk over profiles begins, perhaps anew. */
  beginProfiles(): void {
    this.#devices = 0;
  }

  /** One profile. */
  addProfile(id: string, properties: Readonly<Record<string, unknown>> = {}): void {
    if (id.startsWith("$device:")) {
      this.#devices += 1;
      return;
    }
    const seen = this.#of(id);
    if (seen === undefined) return;
    seen.isProfile = true;
    note(seen.emails, properties["$email"], SHARED_EMAILS);
  }

  #of(id: string): Seen | undefined {
    const known = this.#seen.get(id);
    if (known !== undefined) return known;
    if (this.#seen.size >= IDS_MAX) {
      this.#isWhole = false;
      return undefined;
    }
    const shape = this.#rules.shape(id);
    const isFit = this.#rules.canonical(id) !== undefined;
    const seen: Seen = { shape, isFit, events: 0, isProfile: false, devices: [], emails: [] };
    this.#seen.set(id, seen);
    this.#noteSequence(id, shape);
    return seen;
  }

  #noteSequence(id: string, shape: IdShape): void {
    if (shape !== "integer" && shape !== "other") return;
    const [, prefix = "", digits = ""] = NUMBERED.exec(id) ?? [];
    if (digits === "") return;
    const number = Number(digits);
    const known = this.#sequences.get(prefix);
    if (known === undefined) {
      if (this.#sequences.size < SEQUENCES_MAX)
        this.#sequences.set(prefix, { count: 1, least: number, greatest: number });
      return;
    }
    known.count += 1;
    known.least = Math.min(known.least, number);
    known.greatest = Math.max(known.greatest, number);
  }

  #isSequential(id: string, { shape }: Seen): boolean {
    if (shape !== "integer" && shape !== "other") return false;
    const sequence = this.#sequences.get(NUMBERED.exec(id)?.[1] ?? "\n");
    if (sequence === undefined || sequence.count < SEQUENCE_MIN) return false;
    return sequence.count / (sequence.greatest - sequence.least + 1) >= SEQUENCE_DENSITY;
  }

  #problemsOf(id: string, seen: Seen): IdProblem[] {
    const problems: IdProblem[] = [];
    const { shape, isFit, devices, emails } = seen;
    if (shape === "email" || shape === "phone" || shape === "forbidden") problems.push(shape);
    else if (!isFit) problems.push("unfit");
    if (this.#isSequential(id, seen)) problems.push("sequential");
    if (devices.length >= SHARED_DEVICES || emails.length >= SHARED_EMAILS) problems.push("shared");
    return problems;
  }

  /** `withExamples`: some ids of each problem, for a person at a terminal. */
  report({ withExamples }: { readonly withExamples: boolean }): IdReport {
    const shapes: Partial<Record<IdShape, number>> = {};
    if (this.#devices > 0) shapes.device = this.#devices;
    const counts = new Map(
      ID_PROBLEMS.map((problem) => [
        problem,
        { problem, people: 0, events: 0, profiles: 0, examples: new Array<string>() },
      ]),
    );
    let profiles = 0;
    for (const [id, seen] of this.#seen) {
      shapes[seen.shape] = (shapes[seen.shape] ?? 0) + 1;
      if (seen.isProfile) profiles += 1;
      for (const problem of this.#problemsOf(id, seen)) {
        const count = counts.get(problem);
        if (count === undefined) continue;
        count.people += 1;
        count.events += seen.events;
        if (seen.isProfile) count.profiles += 1;
        if (withExamples && count.examples.length < EXAMPLES_MAX) count.examples.push(id);
      }
    }
    return {
      version: 1,
      people: this.#seen.size,
      events: this.#events,
      profiles,
      shapes,
      problems: [...counts.values()].filter(({ people }) => people > 0),
      anonymousEvents: this.#anonymous,
      isWhole: this.#isWhole,
    };
  }
}

// Sends the updates of a batch, in requests within the destination's limits, and says of each user what became of it.
// A refused request is halved until the one user is found who spoils it: updates are absolute, so sending the rest again does no harm. One in
// 2,000 is found and the rest delivered within 12 further requests.
import { assertNever } from "./errors.ts";
import type { DeliveryOutcome, Provider } from "./ports.ts";

/** What one user, or one group, is to become: absolute updates, in order. */
export interface UserUpdate<T> {
  readonly user: T;
  readonly items: readonly Uint8Array[];
  /** Goes in a request of its own. */
  readonly isAlone?: boolean;
}

/** What became of the updates of one user or group. */
export type UserOutcome =
  | { readonly kind: "accepted" }
  /** The destination will not have it as it is. */
  | { readonly kind: "refused"; readonly message: string }
  /**
   * Ask again later. `isDoubtful`: some of it may be stored, though not any more from now on; else nothing is.
   */
  | {
      readonly kind: "later";
      readonly reason: string;
      readonly retryAfterMs: number;
      readonly isDoubtful: boolean;
    }
  /** Nothing gets in before somebody changes the configuration. */
  | { readonly kind: "unauthorized"; readonly message: string; readonly isDoubtful: boolean }
  /** Nobody knows whether it was stored. */
  | { readonly kind: "unknown"; readonly message: string };

export interface SendOptions {
  readonly provider: Pick<Provider, "limits" | "send">;
  /** Default: users. */
  readonly kind?: "user" | "group";
  /** Ends one request; made anew for each. */
  readonly signal: () => AbortSignal;
  /** Before each request; false ends the batch: the rest is answered `later`. */
  readonly mayGo: (updates: number) => Promise<boolean>;
  readonly onRequest: (outcome: DeliveryOutcome["kind"], updates: number) => void;
}

/** Status that says for certain that nothing was stored: too many requests, or no connection. A gateway's 503 may come after the destination stored it. */
const NOT_STORED: ReadonlySet<number> = new Set([0, 429]);

type Tell<T> = (updates: readonly UserUpdate<T>[], outcome: UserOutcome) => void;

function chunks<T>(
  updates: readonly UserUpdate<T>[],
  limits: Provider["limits"],
): readonly (readonly UserUpdate<T>[])[] {
  const out: UserUpdate<T>[][] = [];
  let [chunk, count, bytes]: [UserUpdate<T>[], number, number] = [[], 0, 0];
  for (const update of updates) {
    // The token is added to every item.
    const size = update.items.reduce((sum, item) => sum + item.length + 80, 0);
    const isFull =
      count + update.items.length > limits.profilesPerRequest || bytes + size > limits.profileRequestMaxBytes;
    const isBreak = isFull || update.isAlone === true || chunk.at(-1)?.isAlone === true;
    if (isBreak && chunk.length > 0) {
      out.push(chunk);
      [chunk, count, bytes] = [[], 0, 0];
    }
    chunk.push(update);
    count += update.items.length;
    bytes += size;
  }
  if (chunk.length > 0) out.push(chunk);
  return out;
}

/** Refusals with not one acceptance among them, from which on it is not the users: a token, a host, a gateway in between. */
export const REFUSED_FOR_ALL = 10;

const NOT_REACHED = "the request before it failed";
const CUT_EARLY = "refused, and nobody else was taken before the rest failed";

/** Some updates, and whether an earlier request had them: the destination may keep the good ones of a request that it refuses. */
interface Part<T> {
  readonly updates: readonly UserUpdate<T>[];
  readonly isDoubtful: boolean;
}

type Answer =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly message: string; readonly isStored: boolean }
  /** Nothing more should be sent for now; the users were told. */
  | { readonly kind: "stop" };

class Sending<T> {
  readonly #options: SendOptions;
  readonly #tell: Tell<T>;
  readonly #refused: { readonly update: UserUpdate<T>; readonly message: string }[] = [];
  #accepted = 0;

  constructor(options: SendOptions, tell: Tell<T>) {
    this.#options = options;
    this.#tell = tell;
  }

  /** False when nothing more should be sent for now. */
  async send(part: Part<T>): Promise<boolean> {
    const answer = await this.#request(part);
    if (answer.kind !== "refused") return answer.kind === "accepted";
    const isDoubtful = part.isDoubtful || answer.isStored;
    return this.#bisect({ updates: part.updates, isDoubtful }, answer.message);
  }

  /** Tells who was refused. Where nobody at all was taken, nobody in particular is to blame; `isCut`: or it is too early to say. */
  end(isCut: boolean): void {
    const [first] = this.#refused;
    if (!first) return;
    const updates = this.#refused.map(({ update }) => update);
    if (this.#accepted === 0 && updates.length >= REFUSED_FOR_ALL) {
      const message = `it refuses everybody: ${first.message}`;
      this.#tell(updates, { kind: "unauthorized", message, isDoubtful: true });
    } else if (this.#accepted === 0 && isCut)
      this.#tell(updates, { kind: "later", reason: CUT_EARLY, retryAfterMs: 0, isDoubtful: true });
    else for (const { update, message } of this.#refused) this.#tell([update], { kind: "refused", message });
  }

  /** One of them at least spoils a request. */
  async #bisect({ updates, isDoubtful }: Part<T>, reason: string): Promise<boolean> {
    let [bad, message] = [updates, reason];
    const rest: UserUpdate<T>[] = [];
    while (bad.length > 1) {
      const middle = Math.ceil(bad.length / 2);
      const [first, second] = [bad.slice(0, middle), bad.slice(middle)];
      const answer = await this.#request({ updates: first, isDoubtful });
      if (answer.kind === "stop") {
        this.#notReached({ updates: [...second, ...rest], isDoubtful });
        return false;
      }
      if (answer.kind === "accepted") bad = second;
      else {
        rest.push(...second);
        [bad, message] = [first, answer.message];
      }
    }
    for (const update of bad) this.#refused.push({ update, message });
    if (rest.length === 0) return true;
    if (this.#accepted > 0 || this.#refused.length < REFUSED_FOR_ALL)
      return this.send({ updates: rest, isDoubtful });
    this.#notReached({ updates: rest, isDoubtful });
    return false;
  }

  #notReached({ updates, isDoubtful }: Part<T>): void {
    this.#tell(updates, { kind: "later", reason: NOT_REACHED, retryAfterMs: 0, isDoubtful });
  }

  async #request({ updates, isDoubtful }: Part<T>): Promise<Answer> {
    const { provider, kind = "user", signal, mayGo, onRequest } = this.#options;
    const items = updates.flatMap((update) => update.items);
    if (!(await mayGo(items.length))) {
      this.#tell(updates, { kind: "later", reason: "stopped", retryAfterMs: 0, isDoubtful });
      return { kind: "stop" };
    }
    const outcome = await provider.send({ kind, items }, { signal: signal() });
    onRequest(outcome.kind, items.length);
    switch (outcome.kind) {
      case "accepted":
        this.#accepted += updates.length;
        this.#tell(updates, { kind: "accepted" });
        return { kind: "accepted" };
      case "partial":
        return { kind: "refused", message: outcome.failed[0]?.message ?? "refused", isStored: true };
      case "refused":
        return { kind: "refused", message: outcome.message, isStored: true };
      case "too-large":
        return { kind: "refused", message: "larger than a request may be", isStored: false };
      case "busy":
        this.#tell(updates, {
          kind: "later",
          reason: `status ${outcome.status}`,
          retryAfterMs: outcome.retryAfterMs ?? 0,
          isDoubtful: isDoubtful || !NOT_STORED.has(outcome.status),
        });
        return { kind: "stop" };
      case "unauthorized":
        this.#tell(updates, { kind: "unauthorized", message: outcome.message, isDoubtful });
        return { kind: "stop" };
      case "unknown":
        this.#tell(updates, { kind: "unknown", message: outcome.message });
        return { kind: "stop" };
      default:
        return assertNever(outcome);
    }
  }
}

/** Sends; `tell` is called exactly once for every user. */
export async function sendUpdates<T>(
  updates: readonly UserUpdate<T>[],
  options: SendOptions,
  tell: Tell<T>,
): Promise<void> {
  const sending = new Sending(options, tell);
  let goOn = true;
  for (const chunk of chunks(updates, options.provider.limits)) {
    if (goOn) goOn = await sending.send({ updates: chunk, isDoubtful: false });
    else tell(chunk, { kind: "later", reason: NOT_REACHED, retryAfterMs: 0, isDoubtful: false });
  }
  sending.end(!goOn);
}

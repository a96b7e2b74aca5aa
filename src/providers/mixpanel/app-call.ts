// One call of Mixpanel's query or management API and what it answered. It never retries, and never throws for an answer that did not come.
import { request, type Dispatcher } from "undici";
import type { Clock, ProfileAnswer } from "../../core/index.ts";
import { type AppAnswer, readFailure } from "./profile-answers.ts";

export interface AppCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export interface AppCaller {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly dispatcher?: Dispatcher;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, for example: the status says enough, and what reads the body finds no object.
    return undefined;
  }
}

function noAnswer(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? `no answer: ${code}` : "no answer";
}

/** Calls; `read` reads the body of a good answer. Questions may be asked again, so no answer is `busy`. */
export async function callApp<T>(
  { clock, timeoutMs, dispatcher }: AppCaller,
  { url, ...call }: AppCall,
  options: { readonly signal: AbortSignal; readonly read: (body: unknown) => ProfileAnswer<T> },
): Promise<ProfileAnswer<T>> {
  let answer: AppAnswer;
  try {
    const response = await request(url, {
      ...call,
      signal: options.signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const after = response.headers["retry-after"];
    answer = {
      status: response.statusCode,
      retryAfter: typeof after === "string" ? after : undefined,
      body: parsed(await response.body.text()),
    };
  } catch (error) {
    return { kind: "busy", message: noAnswer(error) };
  }
  return readFailure(answer, clock.now()) ?? options.read(answer.body);
}

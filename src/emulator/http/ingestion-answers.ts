// The answers of the ingestion routes: text, JSON, a pixel or a script, whatever the sender asked for.
import { type Answer, type Call, json, text } from "./call.ts";

/** A transparent image of one pixel. */
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
const CALLBACK = /^[\w$.]{1,100}$/;

/** `error` is null for a request that was taken. */
export function answerIngestion(call: Call, form: URLSearchParams, error: string | null): Answer {
  const { query, project } = call;
  const status = error === null ? 1 : 0;
  const callback = query.get("callback");
  const verbose = query.get("verbose") ?? form.get("verbose") ?? "0";
  if (callback !== null && CALLBACK.test(callback))
    return { status: 200, headers: { "content-type": "text/javascript" }, body: `${callback}(${status});` };
  if (query.get("img") === "1")
    return {
      status: 200,
      headers: { "content-type": "image/gif", "cache-control": "no-store" },
      body: PIXEL,
    };
  if (verbose === "2" && error !== null && project.switches.text("verbose_2") === "error")
    return json(400, { error: `Engage API error: ${error}`, status });
  if (verbose !== "0" && verbose !== "") return json(200, { error, status });
  return text(200, String(status));
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  502: "Bad Gateway",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** An error as `/import` and its neighbours write it. */
export function answerError(status: number, error: string): Answer {
  return json(status, { code: status, error, status: STATUS_TEXTS[status] ?? "Error" });
}

/** A limit of the rate was reached. */
export function answerTooMany({ project }: Call): Answer {
  const answer = answerError(
    429,
    "Project exceeded rate limits. Please retry the request with exponential backoff.",
  );
  return project.switches.text("retry_after") === "on"
    ? { ...answer, headers: { ...answer.headers, "retry-after": "2" } }
    : answer;
}

/** The local Mixpanel is full: says what to do about it. */
export function answerFull(what: string, switchName: string): Answer {
  return answerError(
    507,
    `the local Mixpanel holds no more ${what}: POST /emulator/reset, or raise the switch ${switchName}`,
  );
}

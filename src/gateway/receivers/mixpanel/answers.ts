// What each outcome looks like to a Mixpanel SDK. Policy never answers 4xx to a client: browsers would drop the batch, mobiles
// would repeat it for ever. Success is exactly 200. Source: the SDKs' own retry code, read in September 2026.
import type { RawRecord } from "../../raw-record.ts";
import type { Answer, HttpAnswer, ReceivedItem } from "../../receiver.ts";
import { failedRecords } from "./strict-import.ts";

const JSON_TYPE = { "content-type": "application/json" } as const;
const TEXT_TYPE = { "content-type": "text/plain" } as const;
/** Shortest transparent GIF. */
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
/** A name that may be called as a function; anything else would be script injection. */
const CALLBACK = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*){0,4}$/;

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
}

/** `verbose` stands in the query, or, from python and ruby, in the form. */
function isVerbose(record: RawRecord, query: URLSearchParams): boolean {
  const value = query.get("verbose");
  if (value !== null) return value !== "0" && value !== "";
  return (
    record.body.length > 0 &&
    Buffer.from(record.body.buffer, record.body.byteOffset, record.body.length).includes("&verbose=1")
  );
}

function answerTrack(ok: boolean, reason: string | null, record: RawRecord): HttpAnswer {
  const query = new URLSearchParams(record.header.query);
  const status = ok ? 1 : 0;
  const callback = query.get("callback");
  if (callback !== null && CALLBACK.test(callback))
    return { status: 200, headers: { "content-type": "text/javascript" }, body: `${callback}(${status});` };
  if (query.get("img") === "1") return { status: 200, headers: { "content-type": "image/gif" }, body: PIXEL };
  if (isVerbose(record, query)) return json(200, { error: ok ? null : reason, status });
  return { status: 200, headers: TEXT_TYPE, body: String(status) };
}

function answerImport(items: readonly ReceivedItem[]): HttpAnswer {
  const failed = failedRecords(items);
  const imported = items.length - failed.length;
  if (failed.length === 0) return json(200, { code: 200, num_records_imported: imported, status: "OK" });
  return json(400, {
    code: 400,
    error: "some data points in the request failed validation",
    failed_records: failed,
    num_records_imported: imported,
    status: "Bad Request",
  });
}

/** Answers a data route. */
export function answerMixpanel(answer: Answer, record: RawRecord): HttpAnswer {
  const { route, query } = record.header;
  const strict = route === "import" && new URLSearchParams(query).get("strict") === "1";
  switch (answer.kind) {
    case "accepted": {
      if (strict) return answerImport(answer.items);
      const bad = answer.items.find((item) => item.kind === "malformed");
      // As Mixpanel: 1 when at least one of the batch was valid.
      const ok = bad === undefined || answer.items.some((item) => item.kind !== "malformed");
      return answerTrack(ok, bad?.reason ?? null, record);
    }
    case "findings":
      return answerTrack(false, answer.messages.join("; "), record);
    case "malformed":
      return strict
        ? json(400, { code: 400, error: answer.reason, status: "Bad Request" })
        : answerTrack(false, answer.reason, record);
    case "unknown-token":
    case "forbidden":
      // As Mixpanel: token routes never say that a token is unknown. Import does.
      return strict
        ? json(401, { code: 401, error: "Invalid credentials", status: "Unauthorized" })
        : answerTrack(true, null, record);
    case "too-large":
      return json(413, {
        code: 413,
        error: `request exceeds max limit of ${answer.limitBytes} bytes`,
        status: "Request Entity Too Large",
      });
    case "overloaded":
      return json(
        503,
        { error: "temporarily overloaded", status: 0 },
        { "retry-after": String(answer.retryAfterSeconds) },
      );
  }
}

// Which route answers a path, and under which name faults and counts know it.
import { answerApp } from "./app/app.ts";
import { type Answer, type Call, refuse } from "./http/call.ts";
import type { Routed } from "./http/server.ts";
import { PAGE, PAGE_HEADERS, PAGE_SCRIPT, PAGE_STYLE } from "./page.ts";
import { engageQuery } from "./query/engage.ts";
import { answerEventNames } from "./query/event-names.ts";
import { answerExport } from "./query/export.ts";
import { answerControl } from "./routes/control.ts";
import { answerImport } from "./routes/import.ts";
import { answerEngage, answerGroups } from "./routes/profiles.ts";
import {
  answerDecide,
  answerFlags,
  answerLookupTables,
  answerRecord,
  answerRoot,
  answerSettings,
} from "./routes/side.ts";
import { answerTrack } from "./routes/track.ts";

const INGESTION: Readonly<Record<string, (call: Call) => Answer>> = {
  track: answerTrack,
  engage: answerEngage,
  groups: answerGroups,
  import: answerImport,
  record: answerRecord,
  flags: answerFlags,
  settings: answerSettings,
  "lookup-tables": answerLookupTables,
  decide: answerDecide,
};
/** Routes that have further paths below them. */
const WITH_PATHS = new Set(["flags", "lookup-tables"]);

function page(type: string, body: string): (call: Call) => Answer {
  return () => ({ status: 200, headers: { ...PAGE_HEADERS, "content-type": type }, body });
}

function answerUnknown(): Answer {
  return refuse(404, "there is no such endpoint");
}

/** Makes the table of routes. */
export function makeRoutes(): (path: string) => Routed {
  const engage = engageQuery();
  const exact: Readonly<Record<string, Routed>> = {
    "/": { name: "root", answer: answerRoot },
    "/api/2.0/export": { name: "export", answer: answerExport },
    "/api/query/engage": { name: "query", answer: engage },
    "/api/2.0/engage": { name: "query", answer: engage },
    "/emulator": { name: "emulator", answer: page("text/html; charset=utf-8", PAGE) },
    "/emulator/page.js": { name: "emulator", answer: page("text/javascript; charset=utf-8", PAGE_SCRIPT) },
    "/emulator/page.css": { name: "emulator", answer: page("text/css; charset=utf-8", PAGE_STYLE) },
  };
  return (path) => {
    if (Object.hasOwn(exact, path)) return exact[path] ?? { name: "unknown", answer: answerUnknown };
    const [, first = "", ...below] = path.split("/");
    const answer = Object.hasOwn(INGESTION, first) ? INGESTION[first] : undefined;
    if (answer && (below.length === 0 || WITH_PATHS.has(first))) return { name: first, answer };
    if (path.startsWith("/api/query/events/")) return { name: "query", answer: answerEventNames };
    if (path.startsWith("/api/app/")) return { name: "app", answer: answerApp };
    if (path.startsWith("/emulator/")) return { name: "emulator", answer: answerControl };
    return { name: "unknown", answer: answerUnknown };
  };
}

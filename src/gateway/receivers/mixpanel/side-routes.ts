// Routes of Mixpanel's host that carry no events: flags, settings, session recording, the SDK's own files. Answered at once.
import { createHash } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { HttpAnswer } from "../../receiver.ts";

export interface SideRouteSettings {
  /** Files served under `/lib.min.js`, `/lib.js` and `/libs/<name>`: name to bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Answer of `/settings`: the SDK's remote configuration. */
  readonly sdkConfig?: Readonly<Record<string, unknown>>;
  /** Names under which each route is also known; blockers match paths. */
  readonly routes: MixpanelRoutes;
}

/** Path segments by route. */
export type MixpanelRoutes = Readonly<
  Record<"track" | "engage" | "groups" | "import" | "record" | "flags" | "settings", readonly string[]>
>;

/** Mixpanel's own names. */
export const MIXPANEL_ROUTES: MixpanelRoutes = {
  track: ["track"],
  engage: ["engage"],
  groups: ["groups"],
  import: ["import"],
  record: ["record"],
  flags: ["flags"],
  settings: ["settings"],
};

interface ServedFile {
  readonly etag: string;
  readonly plain: Uint8Array;
  readonly gzip: Uint8Array;
  readonly br: Uint8Array;
}

const LIB_MAX_AGE_SECONDS = 3600;

function json(body: object): HttpAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function prepare(bytes: Uint8Array): ServedFile {
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
  return { etag, plain: bytes, gzip: gzipSync(bytes), br: brotliCompressSync(bytes) };
}

/** What a side route needs to know of a request. */
export interface SideRequest {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly acceptEncoding: string;
  readonly ifNoneMatch: string;
}

export interface SideRoutes {
  /** The answer, or `undefined` for a path that is not a side route. */
  answer(request: SideRequest): HttpAnswer | undefined;
  /** Whether a path takes session recordings. */
  isRecord(path: string): boolean;
}

function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

/** Makes the side routes of one gateway. */
export function makeSideRoutes(settings: SideRouteSettings): SideRoutes {
  const prepared = new Map<string, ServedFile>();
  const file = (name: string): ServedFile | undefined => {
    let ready = prepared.get(name);
    const bytes = settings.files.get(name);
    if (!ready && bytes) {
      ready = prepare(bytes);
      prepared.set(name, ready);
    }
    return ready;
  };

  function serve(found: ServedFile, request: SideRequest): HttpAnswer {
    const headers = {
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": `public, max-age=${LIB_MAX_AGE_SECONDS}`,
      etag: found.etag,
      vary: "Accept-Encoding",
      "x-content-type-options": "nosniff",
    };
    if (request.ifNoneMatch === found.etag) return { status: 304, headers, body: "" };
    if (/\bbr\b/.test(request.acceptEncoding))
      return { status: 200, headers: { ...headers, "content-encoding": "br" }, body: found.br };
    if (/\bgzip\b/.test(request.acceptEncoding))
      return { status: 200, headers: { ...headers, "content-encoding": "gzip" }, body: found.gzip };
    return { status: 200, headers, body: found.plain };
  }

  function answer(request: SideRequest): HttpAnswer | undefined {
    const segments = segmentsOf(request.path);
    const last = segments.at(-1) ?? "";
    const isRead = request.method === "GET" || request.method === "HEAD";
    const found = isRead && last.endsWith(".js") ? file(last) : undefined;
    if (found) return serve(found, request);
    if (settings.routes.record.includes(last)) return json({});
    if (settings.routes.flags.includes(last)) return json({ flags: {} });
    if (settings.routes.flags.includes(segments.at(-3) ?? "") && last === "first-time-events")
      return json({});
    // Server SDKs that evaluate flags themselves ask for all of them.
    if (settings.routes.flags.includes(segments.at(-2) ?? "") && last === "definitions")
      return json({ flags: [] });
    if (settings.routes.settings.includes(last))
      return json({ sdk_config: { config: settings.sdkConfig ?? {} } });
    if (last === "decide") return json({});
    return undefined;
  }

  return { answer, isRecord: (path) => settings.routes.record.includes(segmentsOf(path).at(-1) ?? "") };
}

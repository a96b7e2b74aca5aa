// Mixpanel's Lexicon Schemas API over HTTP: reads all, writes in bulk, and keeps the limits by waiting.
// Source (read 2026-11): "Lexicon Schemas API" and "Rate limits": 5 requests and 4,000 changed events and properties a minute, per organisation.
import { request } from "undici";
import { AppError, isObject } from "../../../core/index.ts";
import { appOrigin } from "../app-host.ts";
import type { StoredEntity } from "./compare.ts";
import { LEXICON_LIMITS, LEXICON_WINDOW_MS, LexiconPace, type PaceOptions } from "./pace.ts";

const TIMEOUT_MS = 60_000;
const OK = 200;
const TOO_MANY = 429;
/** From here on it is not the request. */
const BROKEN = 500;

export interface LexiconOptions extends PaceOptions {
  /** Host of the destination; that of the application is known for Mixpanel's own. */
  readonly host: string;
  readonly projectId: number;
  readonly serviceAccount: { readonly username: string; readonly secret: string };
}

/** An entity as it is sent. */
export interface SentEntity {
  readonly entityType: string;
  readonly name: string;
  readonly schemaJson: { readonly properties?: Readonly<Record<string, unknown>> };
}

export interface LexiconClient {
  list(): Promise<readonly StoredEntity[]>;
  /** Sends entities in as few requests as the limits allow. `truncate` deletes everything else first. */
  upload(
    entities: readonly SentEntity[],
    options: { readonly truncate: boolean; readonly onProgress: (sent: number) => void },
  ): Promise<void>;
}

/** What an entity counts as: itself and its properties. */
export function changesOf({ schemaJson }: SentEntity): number {
  return 1 + Object.keys(schemaJson.properties ?? {}).length;
}

/** Cuts entities into requests that each fit into one minute. */
export function lexiconBatches<T extends SentEntity>(
  entities: readonly T[],
  max: number = LEXICON_LIMITS.changesPerMinute,
): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const entity of entities) {
    const changes = changesOf(entity);
    if (size + changes > max) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(entity);
    size += changes;
  }
  return batches;
}

/** Opens a client. It remembers what it sent in the last minute. */
export function createLexiconClient(options: LexiconOptions): LexiconClient {
  const { serviceAccount, projectId } = options;
  const url = `${appOrigin(options.host)}/api/app/projects/${projectId}/schemas`;
  const authorization = `Basic ${Buffer.from(`${serviceAccount.username}:${serviceAccount.secret}`).toString("base64")}`;
  const pace = new LexiconPace(options);

  const call = async (method: "GET" | "POST", body?: object): Promise<Readonly<Record<string, unknown>>> => {
    for (;;) {
      const answer = await request(url, {
        method,
        headers: { authorization, "content-type": "application/json" },
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch((cause: unknown) => {
        throw new AppError("LEXICON_UNREACHABLE", "Cannot reach Lexicon", { cause });
      });
      const text = await answer.body.text();
      if (answer.statusCode === TOO_MANY) {
        const after = Number(answer.headers["retry-after"]);
        await pace.wait(Number.isFinite(after) && after > 0 ? after * 1000 : LEXICON_WINDOW_MS);
        continue;
      }
      const value = parsed(text);
      if (answer.statusCode === OK && isObject(value)) return value;
      const said =
        isObject(value) && typeof value["error"] === "string" ? `: ${value["error"].slice(0, 200)}` : "";
      throw new AppError(
        answer.statusCode >= BROKEN ? "LEXICON_UNREACHABLE" : "LEXICON_REFUSED",
        `Cannot use Lexicon: it answered ${answer.statusCode}${said}`,
        { details: { status: answer.statusCode } },
      );
    }
  };

  return {
    list: async () => {
      await pace.makeRoom(0);
      const { results } = await call("GET");
      return (Array.isArray(results) ? (results as unknown[]) : []).flatMap(
        (one): readonly StoredEntity[] => {
          if (!isObject(one)) return [];
          const { entityType, name, schemaJson } = one;
          return typeof entityType === "string" && typeof name === "string" && isObject(schemaJson)
            ? [{ entityType, name, schemaJson }]
            : [];
        },
      );
    },
    upload: async (entities, { truncate, onProgress }) => {
      let done = 0;
      for (const [index, batch] of lexiconBatches(entities).entries()) {
        await pace.makeRoom(batch.reduce((sum, entity) => sum + changesOf(entity), 0));
        await call("POST", { entries: batch, truncate: truncate && index === 0 });
        done += batch.length;
        onProgress(done);
      }
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, for example: the status says enough.
    return undefined;
  }
}

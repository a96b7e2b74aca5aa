// What each official SDK does with each of the gateway's answers: does it clear its queue, keep and retry, or give up?
// The table in docs/sdk-conformance.md is made from what is observed here; a new SDK that behaves differently makes this fail.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import Mixpanel from "mixpanel";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "../../src/core/index.ts";
import { readSdkFiles } from "../../src/cli/up/sdk-files.ts";
import {
  makeMixpanelReceiver,
  makeSideRoutes,
  MIXPANEL_ROUTES,
  type SourceSettings,
} from "../../src/gateway/index.ts";
import { launchBrowser } from "../support/browser.ts";
import { type Door, startDoor } from "../support/door.ts";
import { installPythonSdk, PYTHON_SDK_VERSION } from "../support/python-sdk.ts";
import { type Site, startSite } from "../support/site.ts";
import { tempDirectory } from "../support/temp.ts";

const PAGE = new URL("../../docs/sdk-conformance.md", import.meta.url);
const EVENTS = 6;
/** Six plain events fit; of two with the filler only one does, however the SDK cuts its batches. */
const BODY_MAX_BYTES = 8000;
const FILLER = Object.fromEntries(
  // The browser SDK cuts a text at 255 characters.
  Array.from({ length: 14 }, (_, index) => [`filler_${index}`, "x".repeat(250)]),
);
const fillerFor = ({ answer }: Case): object => (answer === "too large" ? FILLER : {});
const WAIT_MS = 15_000;
/** An SDK that has nothing queued and has sent nothing for so long is done. */
const QUIET_MS = 600;

type AnswerName =
  | "accepted"
  | "unknown token"
  | "finding (development)"
  | "overload"
  | "too large"
  | "malformed";
interface Case {
  readonly answer: AnswerName;
  readonly wire: string;
  readonly token: string;
}
const CASES: readonly Case[] = [
  { answer: "accepted", wire: "200 `1`", token: "web_token" },
  { answer: "unknown token", wire: "200 `1`, nothing kept", token: "unknown_token" },
  { answer: "finding (development)", wire: "200 `0`", token: "dev_token" },
  { answer: "overload", wire: "503, `Retry-After: 2`, once", token: "web_token" },
  { answer: "too large", wire: "413", token: "web_token" },
  { answer: "malformed", wire: "200 `0`", token: "web_token" },
];

interface Observed {
  /** Distinct events on disk. */
  readonly kept: number;
  /** Requests that were answered 503 or 413. */
  readonly refused: number;
  /** What the caller was told. */
  readonly error: string | undefined;
}

/** Words for what was seen; the table has these. */
function describeOutcome({ kept, refused, error }: Observed): string {
  if (kept === EVENTS) return refused > 0 ? "kept, sent again, all arrived" : "cleared, all arrived";
  if (kept > 0) return `${kept} of ${EVENTS} arrived`;
  return error === undefined ? "cleared, none arrived" : "given up, the caller gets an error";
}

const EXPECTED: Readonly<Record<"browser" | "node" | "python", Readonly<Record<AnswerName, string>>>> = {
  browser: {
    accepted: "cleared, all arrived",
    "unknown token": "cleared, none arrived",
    "finding (development)": "cleared, none arrived",
    overload: "kept, sent again, all arrived",
    "too large": "kept, sent again, all arrived",
    malformed: "cleared, none arrived",
  },
  node: {
    accepted: "cleared, all arrived",
    "unknown token": "cleared, none arrived",
    "finding (development)": "given up, the caller gets an error",
    overload: "given up, the caller gets an error",
    "too large": "given up, the caller gets an error",
    malformed: "given up, the caller gets an error",
  },
  python: {
    accepted: "cleared, all arrived",
    "unknown token": "cleared, none arrived",
    "finding (development)": "given up, the caller gets an error",
    overload: "kept, sent again, all arrived",
    "too large": "given up, the caller gets an error",
    malformed: "given up, the caller gets an error",
  },
};

let door: Door;
let site: Site;
let refuseNext = 0;
const observed: Record<string, Record<string, string>> = {};

const directory = tempDirectory("conformance");
const { python, missing } = installPythonSdk(directory);

beforeAll(async () => {
  site = await startSite();
  const development: SourceSettings = {
    id: "dev",
    trust: "client",
    tokens: ["dev_token"],
    origins: [site.origin],
    clientAddress: "forward",
    development: true,
  };
  door = await startDoor({
    receivers: [makeMixpanelReceiver({ bodyMaxBytes: BODY_MAX_BYTES })],
    extraSources: [development],
    sideRoutes: makeSideRoutes({ files: readSdkFiles(), routes: MIXPANEL_ROUTES }),
    judgeNow: () => Promise.resolve(["Some event: not in the plan (unknown-event)"]),
    journal: {
      append: (log, bytes) => {
        if (refuseNext === 0) return door.journal.append(log, bytes);
        refuseNext -= 1;
        return Promise.reject(new AppError("JOURNAL_FULL", "Cannot append: the test says so"));
      },
    },
  });
  site.mount(door.url);
});
afterAll(async () => {
  await site.close();
  await door.close();
  writeTable();
});

const requestCount = (outcome?: string) =>
  door.metrics.value("plumbline_received_requests_total", outcome === undefined ? {} : { outcome });
const refusedCount = () => requestCount("overloaded") + requestCount("too-large");

/** Runs one case: `send` hands `EVENTS` events to the SDK; `isIdle` says when the SDK has nothing more to send. */
async function observe(
  { answer }: Case,
  send: () => Promise<string | undefined>,
  isIdle: () => Promise<boolean>,
): Promise<string> {
  door.records();
  refuseNext = answer === "overload" ? 1 : 0;
  const before = requestCount();
  const refusedBefore = refusedCount();
  const error = await send();
  const ids = new Set<unknown>();
  const deadline = Date.now() + WAIT_MS;
  let [requests, quietSince] = [requestCount(), Date.now()];
  while (ids.size < EVENTS && Date.now() < deadline) {
    for (const item of door.items()) if (item.kind === "event") ids.add(item.properties["n"]);
    if (requestCount() !== requests || !(await isIdle()))
      [requests, quietSince] = [requestCount(), Date.now()];
    else if (requests > before && Date.now() - quietSince > QUIET_MS) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const item of door.items()) if (item.kind === "event") ids.add(item.properties["n"]);
  return describeOutcome({ kept: ids.size, refused: refusedCount() - refusedBefore, error });
}

function record(sdk: string, { answer }: Case, outcome: string): void {
  observed[sdk] = { ...observed[sdk], [answer]: outcome };
}

const versionOf = (name: string) =>
  (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;

function writeTable(): void {
  const sdks = [
    ["browser", `mixpanel-browser ${versionOf("mixpanel-browser")}, in Chromium`],
    ["node", `mixpanel (node) ${versionOf("mixpanel")}, batch`],
    ["python", `mixpanel (python) ${PYTHON_SDK_VERSION}, buffered`],
  ] as const;
  // Only a whole run may write the page.
  if (sdks.some(([sdk]) => Object.keys(observed[sdk] ?? {}).length < CASES.length)) return;
  const lines = [
    "# What the official SDKs do with the gateway's answers",
    "",
    "`test/e2e/sdk-conformance.test.ts` writes this page from what it observes: six events handed to each real SDK, each answer given by the real gateway.",
    "",
    `| answer | on the wire | ${sdks.map(([, name]) => name).join(" | ")} |`,
    `|---|---|${sdks.map(() => "---|").join("")}`,
    ...CASES.map(
      ({ answer, wire }) =>
        `| ${answer} | ${wire} | ${sdks.map(([sdk]) => observed[sdk]?.[answer] ?? "").join(" | ")} |`,
    ),
    "",
    "What the plan does not allow is answered like what it does (first line): policy is judged after the answer, so no SDK loses or repeats a batch because of it.",
    "Overload answers 503 with `Retry-After`, because that is what browsers, phones and python keep their events for. The node SDK never retries:",
    "give it a callback and send again, or put a gateway with room beside it. The python SDK mounts its retries on `https://` only: over plain http,",
    "inside one network, it gives up at once as well (seen in its source and here).",
    "",
  ];
  const page = lines.join("\n");
  if (!existsSync(PAGE) || readFileSync(PAGE, "utf8") !== page) writeFileSync(PAGE, page);
}

interface Sdk {
  track(event: string, properties?: object): void;
  get_distinct_id(): string;
}
declare const window: { mixpanel: Sdk };
declare const localStorage: Record<string, string>;

describe("mixpanel-browser in Chromium", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function openPage({ answer, token }: Case): Promise<void> {
    page = await (await browser.newContext()).newPage();
    const hook =
      answer === "malformed" ? "{ before_send_events: (item) => { delete item.event; return item; } }" : "{}";
    const config = `{ batch_flush_interval_ms: 200, batch_size: 50, hooks: ${hook} }`;
    const query = new URLSearchParams({ api_host: `${site.origin}/_mp`, config, token });
    await page.goto(`${site.origin}/page?${query.toString()}`);
    await page.waitForFunction(() => typeof window.mixpanel.get_distinct_id === "function");
  }

  test.each(CASES)("$answer", async (one) => {
    await openPage(one);
    const outcome = await observe(
      one,
      async () => {
        await page.evaluate(
          ([count, filler]) => {
            for (let n = 0; n < count; n++) window.mixpanel.track("Page left", { n, ...filler });
          },
          [EVENTS, fillerFor(one)] as const,
        );
        return undefined;
      },
      () =>
        page.evaluate(() =>
          Object.keys(localStorage)
            .filter((key) => key.startsWith("__mpq") && key.endsWith("_ev"))
            .every((key) => localStorage[key] === "[]"),
        ),
    );
    await page.context().close();
    record("browser", one, outcome);
    expect(outcome).toBe(EXPECTED.browser[one.answer]);
  });
});

describe("mixpanel for node", () => {
  test.each(CASES)("$answer", async (one) => {
    const config = { protocol: "http", host: new URL(door.url).host };
    const mixpanel = Mixpanel.init(one.token, config);
    const outcome = await observe(
      one,
      () =>
        new Promise((resolve) => {
          const events = Array.from({ length: EVENTS }, (_, n) => ({
            event: one.answer === "malformed" ? "" : "Page left",
            properties: {
              distinct_id: "d",
              n,
              ...fillerFor(one),
            },
          }));
          mixpanel.track_batch(events, (errors) => {
            resolve(Array.isArray(errors) && errors.length > 0 ? String(errors[0]) : undefined);
          });
        }),
      () => Promise.resolve(true),
    );
    record("node", one, outcome);
    expect(outcome).toBe(EXPECTED.node[one.answer]);
  });
});

const SCRIPT = `
import json
import sys
from mixpanel import BufferedConsumer, Mixpanel, MixpanelException
url, token, event, filler = sys.argv[1:5]
consumer = BufferedConsumer(max_size=50, events_url=url + "/track", people_url=url + "/engage", retry_backoff_factor=0.05)
# The SDK mounts its retries on https:// only, and the gateway here speaks http.
session = consumer._consumer._session
session.mount("http://", session.adapters["https://"])
mp = Mixpanel(token, consumer=consumer)
try:
    for n in range(${EVENTS}):
        mp.track("d", event, {"n": n, **json.loads(filler)})
    consumer.flush()
except MixpanelException as error:
    print(type(error).__name__)
`;

describe(`mixpanel for python ${PYTHON_SDK_VERSION}${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  const script = join(directory, "script.py");
  writeFileSync(script, SCRIPT);

  test.skipIf(missing !== undefined).each(CASES)("$answer", async (one) => {
    const outcome = await observe(
      one,
      async () => {
        const name = one.answer === "malformed" ? "" : "Page left";
        const filler = JSON.stringify(fillerFor(one));
        const { stdout } = await promisify(execFile)(python, [script, door.url, one.token, name, filler]);
        return stdout.trim() || undefined;
      },
      () => Promise.resolve(true),
    );
    record("python", one, outcome);
    expect(outcome).toBe(EXPECTED.python[one.answer]);
  });
});

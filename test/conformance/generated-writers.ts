// Generated server clients with the official SDKs behind them, sending to Mixpanel without a gateway between.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import Mixpanel from "mixpanel";
import { writeClient } from "../codegen/generated.ts";
import { goldenLock } from "../codegen/golden-cases.ts";
import { eventually } from "../support/emulator-client.ts";
import { installPythonSdk } from "../support/python-sdk.ts";
import { tempDirectory } from "../support/temp.ts";
import { ADA } from "./gateway-writers.ts";
import type { Stage } from "./home.ts";

const folder = tempDirectory("safety-clients");
const lock = goldenLock("server");
export const pythonSdk = installPythonSdk(folder);

interface Sink {
  track(userId: string, name: string, properties: Readonly<Record<string, unknown>>): void;
  profile(userId: string, operation: string, value: unknown): void;
}

async function settled({ profile }: Stage): Promise<void> {
  await eventually(
    () => profile(ADA),
    ({ visits, theme }) => visits === 2 && theme === undefined,
    { what: "the last of what the client sent" },
  );
}

/** Node: `track`, then each operator. */
export async function sendByNode(stage: Stage): Promise<void> {
  writeClient(join(folder, "node"), {
    lock,
    source: "web",
    settings: { language: "typescript", out: "", adapters: ["mixpanel-node"] },
  });
  const outfile = join(folder, "node.mjs");
  await build({ entryPoints: [join(folder, "node/mixpanel-node.ts")], bundle: true, format: "esm", outfile });
  const { mixpanelSink } = (await import(pathToFileURL(outfile).href)) as {
    mixpanelSink: (sdk: unknown, onError: (error: unknown) => void) => () => Sink;
  };
  const failures: unknown[] = [];
  const { host } = new URL(stage.url);
  const sdk = Mixpanel.init("mp_token", { protocol: "http", host, keepAlive: false });
  const sink = mixpanelSink(sdk, (error) => failures.push(error))();
  sink.track(ADA, "Order paid", { total: 1 });
  sink.profile(ADA, "$set", { theme: "dark" });
  await eventually(
    () => stage.profile(ADA),
    ({ theme }) => theme === "dark",
  );
  sink.profile(ADA, "$add", { visits: 2 });
  sink.profile(ADA, "$union", { tags: ["a"] });
  sink.profile(ADA, "$unset", ["theme"]);
  await settled(stage);
  if (failures.length > 0) throw new Error(`the SDK reported ${failures.length} failures`);
}

/** Python, likewise. */
export async function sendByPython(stage: Stage): Promise<void> {
  writeClient(join(folder, "analytics"), {
    lock,
    source: "web",
    settings: { language: "python", out: "", adapters: ["mixpanel-python"] },
  });
  const script = join(folder, "send.py");
  writeFileSync(
    script,
    `
import sys
from mixpanel import Consumer, Mixpanel
from analytics.mixpanel_python import MixpanelSink
url, user = sys.argv[1:]
sink = MixpanelSink(Mixpanel("mp_token", consumer=Consumer(events_url=url + "/track", people_url=url + "/engage")))
sink.track(user, "Order paid", {"total": 1})
sink.profile(user, "$set", {"theme": "dark"})
sink.profile(user, "$add", {"visits": 2})
sink.profile(user, "$union", {"tags": ["a"]})
sink.profile(user, "$unset", ["theme"])
`,
  );
  await promisify(execFile)(pythonSdk.python, [script, stage.url, ADA], { cwd: folder });
  await settled(stage);
}

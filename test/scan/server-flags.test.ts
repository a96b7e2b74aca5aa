// Hand-written calls of server SDKs: those that lack what keeps a user's place and "last seen" are found, and no others.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reconcile, scanText } from "../../src/scan/index.ts";
import { compile } from "../support/plans.ts";

const lock = compile(`plumbline: 1
name: small
sources: { web: { trust: client }, api: { trust: server } }
identity: { user_id: { format: uuid } }
lint: { rules: { missing-description: off, missing-data-class: off, missing-owner: off } }
events: { orderPaid: { name: Order paid, sources: [api] } }
`);

async function unsafe(file: string, text: string, sources?: readonly string[]) {
  const scanned = await scanText(file, text, { names: () => new Set(), isGenerated: () => false });
  return reconcile(lock, [scanned], { sources }).findings.filter(({ id }) => id === "server-side-flags");
}

async function lines(file: string, text: string, sources?: readonly string[]): Promise<readonly string[]> {
  return (await unsafe(file, text, sources)).map(
    ({ where, message }) =>
      `${where?.line} ${[...(message.split(":")[0]?.matchAll(/`(\$?ip|\$ignore_time)`/g) ?? [])].map(([, flag]) => flag).join(" ")}`,
  );
}

const BOTH = "$ip $ignore_time";
const CASES: readonly (readonly [file: string, text: string, expected: readonly string[]])[] = [
  [
    "node.ts",
    `import Mixpanel from "mixpanel";
import { flags } from "./flags";
const SAFE = { $ip: "0", $ignore_time: true };
const HALF = { $ip: "0" };
const mixpanel = Mixpanel.init(token, { geolocate: true });
mixpanel.people.set(id, { plan: "pro" });
mixpanel.people.set(id, "plan", "pro", done);
mixpanel.people.set(id, { plan: "pro" }, { $ip: "0" }, () => {});
mixpanel.people.set(id, { $ip: "0", $ignore_time: true });
mixpanel.people.unset(id, "plan", HALF);
mixpanel.groups.set("company", id, { seats: 3 });
mixpanel.import("Order paid", time, { distinct_id: id });
mixpanel.people.set(id, { plan: "pro" }, SAFE, done);
mixpanel.people.set(id, "plan", "pro", { ...SAFE });
mixpanel.people.increment(id, "visits", 2, { $ip: request.ip, $ignore_time: true });
mixpanel.people.set(id, { plan: "pro" }, flags);
mixpanel.people.set(id, { plan: "pro" }, safe());
mixpanel.import("Order paid", time, { distinct_id: id, ip: 0 });
mixpanel.import("Order paid", time, properties);
mixpanel.track("Order paid", { distinct_id: id });
posthog.people.set(id, { plan: "pro" });
cart.set(id, {});
`,
    [
      "5 ip",
      `6 ${BOTH}`,
      `7 ${BOTH}`,
      "8 $ignore_time",
      `9 ${BOTH}`,
      "10 $ignore_time",
      `11 ${BOTH}`,
      "12 ip",
    ],
  ],
  [
    "common.js",
    `const mixpanel = require("mixpanel").init(token);
mixpanel.people.set(id, { plan: "pro" });
`,
    [`2 ${BOTH}`],
  ],
  [
    "app.py",
    `import mixpanel
mp = mixpanel.Mixpanel(token)
SAFE = {"$ip": "0", "$ignore_time": True}
mp.people_set(user, {"plan": "pro"})
mp.people_set(user, {"plan": "pro"}, meta={"$ignore_time": True})
mp.people_update({"$distinct_id": user, "$set": {"plan": "pro"}})
mp.import_data(key, user, "Order paid", 1, {"n": 1})
mp.people_set(user, {"plan": "pro"}, meta=SAFE)
mp.people_set(user, {"plan": "pro"}, meta={**SAFE})
mp.people_set(user, {"plan": "pro"}, meta=meta)
mp.people_update({"$distinct_id": user, "$set": {}, "$ip": "0", "$ignore_time": True})
mp.import_data(key, user, "Order paid", 1, {"n": 1, "ip": 0})
mp.track(user, "Order paid", {"n": 1})
analytics.people_set(user, {"plan": "pro"})
`,
    [`4 ${BOTH}`, "5 $ip", `6 ${BOTH}`, "7 ip"],
  ],
  [
    "app.rb",
    `require 'mixpanel-ruby'
tracker = Mixpanel::Tracker.new(token)
tracker.people.set(user, { 'plan' => 'pro' })
tracker.people.set(user, { 'plan' => 'pro' }, 0)
tracker.people.increment user, { 'visits' => 1 }
tracker.track(user, 'Order paid', { 'total' => 1 })
tracker.import(key, user, 'Order paid', { 'total' => 1 })
tracker.people.set(user, { 'plan' => 'pro' }, '0', '$ignore_time' => true)
tracker.people.set(user, { 'plan' => 'pro' }, '0', { '$ignore_time' => true })
tracker.people.update('$distinct_id' => user, '$set' => {}, '$ip' => '0', '$ignore_time' => true)
tracker.track(user, 'Order paid', { 'total' => 1, 'ip' => 0 })
tracker.track(user, 'Order paid', properties)
tracker.track(user, 'Order paid', { total: 1 }, request.remote_ip)
Analytics.track(user_id: user, event: 'Order paid')
activity.track(user, 'Order paid', { 'total' => 1 })
client.people.set(user, { 'plan' => 'pro' })
`,
    [`3 ${BOTH}`, "4 $ignore_time", `5 ${BOTH}`, "6 ip", "7 ip", `16 ${BOTH}`],
  ],
  [
    "app.php",
    `<?php
$mixpanel = Mixpanel::getInstance($token);
$mixpanel->people->set($user, ['plan' => 'pro']);
$mixpanel->people->set($user, ['plan' => 'pro'], 0);
$mixpanel->people->increment($user, 'visits', 1);
$mixpanel->track('Order paid', ['distinct_id' => $user]);
$mixpanel->people->set($user, ['plan' => 'pro'], 0, true);
$mixpanel->people->increment($user, 'visits', 1, 0, true);
$mixpanel->people->set($user, ['plan' => 'pro'], ip: 0, ignore_time: true);
$mixpanel->track('Order paid', ['distinct_id' => $user, 'ip' => 0]);
$mixpanel->track('Order paid', $properties);
$cart->set($user, []);
`,
    [`3 ${BOTH}`, "4 $ignore_time", `5 ${BOTH}`, "6 ip"],
  ],
  [
    "app.go",
    `package app

import "github.com/mixpanel/mixpanel-go"

func send(ctx context.Context, mp *mixpanel.ApiClient, user string) {
	mp.PeopleSet(ctx, []*mixpanel.PeopleProperties{mixpanel.NewPeopleProperties(user, nil)})
	mp.NewEvent("Order paid", user, map[string]any{"total": 1})
	mp.NewEvent("Order paid", user, nil)
	mp.NewEvent("Order paid", user, map[string]any{"total": 1, "ip": 0})
	mp.NewEvent("Order paid", user, properties())
	mp.Track(ctx, events)
}
`,
    [`6 ${BOTH}`, "7 ip", "8 ip"],
  ],
  [
    "Server.java",
    `import com.mixpanel.mixpanelapi.MessageBuilder;
class Server {
  void send() {
    JSONObject safe = new JSONObject();
    safe.put("$ip", "0").put("$ignore_time", true);
    messages.set(user, properties);
    messages.set(user, properties, new JSONObject().put("$ip", "0"));
    messages.importEvent(user, "Order paid", new JSONObject().put("total", 1));
    messages.set(user, properties, safe);
    messages.increment(user, properties, modifiers);
    messages.importEvent(user, "Order paid", new JSONObject().put("ip", 0));
    messages.event(user, "Order paid", properties);
    cart.set(user, properties);
  }
}
`,
    [`6 ${BOTH}`, "7 $ignore_time", "8 ip"],
  ],
  [
    "Server.kt",
    `import com.mixpanel.mixpanelapi.MessageBuilder
fun send() {
  messages.set(user, properties)
  messages.set(user, properties, JSONObject().put("\\$ip", "0").put("\\$ignore_time", true))
}
`,
    [`3 ${BOTH}`],
  ],
];

describe("server-side-flags", () => {
  test.each(CASES)("%s", async (file, text, expected) => {
    expect(await lines(file, text)).toEqual(expected);
  });

  test.each([
    ["browser.ts", 'import mixpanel from "mixpanel-browser";\nmixpanel.people.set({ theme: "dark" });\n'],
    [
      "App.kt",
      'import com.mixpanel.android.mpmetrics.MixpanelAPI\nfun a() { mixpanel.people.set("theme", "dark") }\n',
    ],
    [
      "App.java",
      'import com.mixpanel.android.mpmetrics.MixpanelAPI;\nclass A { void a() { mixpanel.getPeople().set("theme", "dark"); } }\n',
    ],
    ["App.swift", 'Mixpanel.mainInstance().people.set(property: "theme", to: "dark")\n'],
  ])("an app's own code may move its user: %s", async (file, text) => {
    expect(await lines(file, text)).toEqual([]);
    expect(await lines(file, text, ["api"])).toEqual([]);
  });

  test("a file that names no SDK is a server's where the sources that are scanned are", async () => {
    const text = 'import { mixpanel } from "./mixpanel";\nmixpanel.people.set(id, { plan: "pro" });\n';
    expect(await lines("jobs.ts", text)).toEqual([]);
    expect(await lines("jobs.ts", text, ["web", "api"])).toEqual([]);
    expect(await lines("jobs.ts", text, ["api"])).toEqual([`2 ${BOTH}`]);
  });

  test("an exception with a reason holds, and the fix is in the file's own language", async () => {
    const call = "mp.people_set(user, {})";
    const head = "import mixpanel\n";
    expect(await lines("a.py", `${head}${call}  # plumbline-scan-ignore: a person at the desk\n`)).toEqual(
      [],
    );
    const [found] = await unsafe("a.py", head + call);
    expect(found).toMatchObject({ level: "warn", at: "people" });
    expect(found?.fix).toContain('meta={"$ip": "0", "$ignore_time": True}');
  });

  test("the shop's own code, its generated clients among it, is fine", async () => {
    const shop = new URL("../../examples/shop/", import.meta.url).pathname;
    const files = readdirSync(shop, { recursive: true, encoding: "utf8" }).filter((name) =>
      /^(?!.*node_modules).*\.(?:mjs|js|ts)$/.test(name),
    );
    expect(files).toContain("analytics/api/mixpanel-node.ts");
    for (const file of files) expect(await lines(file, readFileSync(join(shop, file), "utf8"))).toEqual([]);
  });
});

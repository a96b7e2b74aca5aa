// Tracking calls in eight languages: small files as applications have them, and what a scan says of each.
import { describe, expect, test } from "vitest";
import { EVENT_NAMES } from "../../src/codegen/index.ts";
import type { Lock } from "../../src/plan/index.ts";
import { generatedNames, reconcile, scanText, type ScanLanguage } from "../../src/scan/index.ts";
import { goldenLock } from "../codegen/golden-cases.ts";

const lock: Lock = goldenLock("client");

async function scan(file: string, text: string) {
  const names = (language: ScanLanguage) => new Set(generatedNames(lock, language).keys());
  const { calls, broken, ignored } = await scanText(file, text, {
    names,
    isGenerated: (specifier) => specifier.includes("analytics/"),
  });
  return { calls: calls.map(({ kind, name, line }) => `${line} ${kind} ${name}`), broken, ignored };
}

const FILES: readonly (readonly [file: string, text: string, expected: readonly string[]])[] = [
  [
    "app.ts",
    `import { userSignsUp as signedUp, userSignsOut } from "./analytics/plan";
import * as plan from "@/analytics/plan";
const EVENTS = { ADD: "Item added to cart" } as const;
const NAME = "Old thing";
signedUp({ plan_tier: "free" });
plan.userSignsOut();
mixpanel.track("User signs up", {});
window.mixpanel?.track(EVENTS.ADD);
this.analytics.track(NAME);
posthog.capture({ event: "User signs out", distinctId });
mixpanel.track(\`Clicked \${button}\`);
mixpanel.people.set({ theme: "dark" });
getTracker().track(button.name);
audio.track("not ours");
mixpanel.track_links("#nav a", "User signs out");
mixpanel.time_event("User signs out");
function userSignsOutLocally() {}
`,
    [
      "5 generated userSignsUp",
      "6 generated userSignsOut",
      "7 raw User signs up",
      "8 raw Item added to cart",
      "9 raw Old thing",
      "10 raw User signs out",
      "11 dynamic mixpanel.track",
      "12 profile mixpanel.people.set",
      "13 dynamic getTracker.track",
      "15 raw User signs out",
    ],
  ],
  [
    "view.tsx",
    `import { userSignsUp } from "../analytics/plan.ts";
enum Names { Out = "User signs out" }
export const Button = () => <button onClick={() => userSignsUp({ plan_tier: "pro" })} onBlur={() => amplitude.track(Names.Out)} />;
`,
    ["3 generated userSignsUp", "3 raw User signs out"],
  ],
  [
    "App.swift",
    `func tap(analytics: Analytics, name: String) {
  analytics.track(UserSignsUp(planTier: .free))
  Mixpanel.mainInstance().track(event: "User signs out")
  Mixpanel.mainInstance().track(event: "Clicked \\(name)")
  Mixpanel.mainInstance().people.set(property: "theme", to: "dark")
}
`,
    [
      "2 generated UserSignsUp",
      "3 raw User signs out",
      "4 dynamic Mixpanel.mainInstance().track",
      "5 profile Mixpanel.mainInstance().people.set",
    ],
  ],
  [
    "App.kt",
    `fun tap(analytics: Analytics, mixpanel: MixpanelAPI, name: String) {
    analytics.track(UserSignsUp(planTier = UserSignsUpPlanTier.FREE))
    mixpanel.track("User signs out")
    mixpanel.track("Clicked $name")
    mixpanel.people.set("theme", "dark")
}
`,
    [
      "2 generated UserSignsUp",
      "3 raw User signs out",
      "4 dynamic mixpanel.track",
      "5 profile mixpanel.people.set",
    ],
  ],
  [
    "App.java",
    `class App {
  void tap(Analytics analytics, UserId user, MessageBuilder mixpanel, String name) {
    analytics.track(user, new PlanEvents.UserSignsUp(PlanTier.FREE));
    mixpanel.event("id", "User signs out", null);
    mixpanelApi.track(name);
    mixpanelApi.getPeople().set("theme", "dark");
  }
}
`,
    [
      "3 generated UserSignsUp",
      "4 raw id",
      "5 dynamic mixpanelApi.track",
      "6 profile mixpanelApi.getPeople().set",
    ],
  ],
  [
    "app.rb",
    `class Cart
  def add(analytics, user)
    analytics.user_signs_up(user, plan_tier: "free")
    tracker.track(user.id, "User signs out")
    tracker.track(user.id, "Clicked #{name}")
    tracker.people.set(user.id, "theme" => "dark")
  end
end
`,
    [
      "3 generated user_signs_up",
      "4 raw User signs out",
      "5 dynamic tracker.track",
      "6 profile tracker.people.set",
    ],
  ],
  [
    "app.py",
    `def add(analytics, mp, user, name):
    analytics.user_signs_up(user, plan_tier="free")
    mp.track(user, "User signs out", {})
    mp.track(user, f"Clicked {name}")
    mp.people_set(user, {"theme": "dark"})
`,
    ["2 generated user_signs_up", "3 raw User signs out", "4 dynamic mp.track", "5 profile mp.people_set"],
  ],
  [
    "app.go",
    `package app

func add(ctx context.Context, client *analytics.Client, mp *mixpanel.ApiClient, user analytics.UserID, name string) {
	client.Track(ctx, user, analytics.UserSignsUp{PlanTier: "free"})
	mp.NewEvent("User signs out", user.String(), nil)
	mp.NewEvent(name, user.String(), nil)
}
`,
    ["4 generated UserSignsUp", "5 raw User signs out", "6 dynamic mp.NewEvent"],
  ],
  [
    "app.php",
    `<?php
$analytics->userSignsUp($user, planTier: 'free');
$mixpanel->track('User signs out', []);
$mixpanel->track("Clicked $name");
$mixpanel->people->set($user, ['theme' => 'dark']);
`,
    [
      "2 generated userSignsUp",
      "3 raw User signs out",
      "4 dynamic $mixpanel->track",
      "5 profile $mixpanel->people->set",
    ],
  ],
];

describe("calls", () => {
  test.each(FILES)("%s", async (file, text, expected) => {
    const { calls, broken } = await scan(file, text);
    expect(calls).toEqual(expected);
    expect(broken).toBe(false);
  });

  test("what is no code is told, and does not end the scan", async () => {
    expect((await scan("broken.ts", "<<<<<<< HEAD\n=======\n")).broken).toBe(true);
    expect((await scan("deep.rb", "a(".repeat(3000))).calls).toEqual([]);
  });

  test("every generated language is read", () => {
    expect(Object.keys(EVENT_NAMES).sort()).toEqual(
      ["go", "java", "kotlin", "php", "python", "ruby", "swift", "typescript"].sort(),
    );
  });
});

describe("against the plan", () => {
  async function findings(text: string, options: Parameters<typeof reconcile>[2] = {}) {
    const names = (language: ScanLanguage) => new Set(generatedNames(lock, language).keys());
    const file = await scanText("src/app.ts", text, {
      names,
      isGenerated: (its) => its.includes("analytics"),
    });
    const { findings: found, ...inventory } = reconcile(lock, [file], options);
    return {
      inventory,
      ids: found
        .map(({ id, where, at }) => `${where?.line ?? "-"} ${id} ${at}`)
        .filter((one) => !one.includes("no-call-site")),
      all: found,
    };
  }

  test("unplanned, old, deprecated and direct calls are told; built-in events are nobody's mistake", async () => {
    const { ids } = await findings(`mixpanel.track("Never planned");
mixpanel.track("User Signed Up");
mixpanel.track("$identify");
`);
    expect(ids).toEqual([
      "1 unplanned-call events",
      "2 old-name-call events.userSignsUp",
      "2 raw-call events.userSignsUp",
    ]);
  });

  test("a slip of the pen is told with the name that was meant", async () => {
    const { all } = await findings('mixpanel.track("user_signs_up");');
    expect(all.find(({ id }) => id === "unplanned-call")?.fix).toBe("Did you mean `User signs up`?");
  });

  test("an exception needs a reason, holds for one line, and is told when nothing needs it", async () => {
    const { ids } = await findings(`// plumbline-scan-ignore: the vendor's own widget
mixpanel.track("Never planned");
mixpanel.track("Another"); // plumbline-scan-ignore
// plumbline-scan-ignore: gone since May
other();
`);
    expect(ids).toEqual(["3 scan-ignore-reason src/app.ts", "5 unused-scan-ignore src/app.ts"]);
  });

  test("where an SDK takes the user's id before the name, the text that the plan has is the name", async () => {
    const names = (language: ScanLanguage) => new Set(generatedNames(lock, language).keys());
    const text = 'tracker.track("user-1", "User signs out")';
    const file = await scanText("app.rb", text, { names, isGenerated: () => false });
    const { events, unplanned } = reconcile(lock, [file], {});
    expect(events["userSignsOut"]?.calls).toEqual([{ file: "app.rb", line: 1, kind: "raw" }]);
    expect(unplanned).toEqual([]);
  });

  test("events without a call are told, of the sources that are asked for", async () => {
    const code = 'import { userSignsUp } from "./analytics"; userSignsUp({});';
    const missing = async (sources: readonly string[]) =>
      (await findings(code, { sources })).all.flatMap(({ id, at }) => (id === "no-call-site" ? [at] : []));
    expect(await missing(["web"])).toContain("events.userSignsOut");
    expect(await missing(["web"])).not.toContain("events.userSignsUp");
    expect(await missing(["web"])).not.toContain("events.orderCompleted");
    expect(await missing(["api"])).toContain("events.orderCompleted");
  });

  test("an event that lost a call against the baseline is told: one of two is enough", async () => {
    const code = 'import { userSignsUp } from "./analytics"; userSignsUp({});';
    const { ids } = await findings(code, { baseline: { userSignsUp: 2, userSignsOut: 0 } });
    expect(ids).toEqual(["- call-site-lost events.userSignsUp"]);
  });
});

// Java clients: google-java-format finds nothing to do, javac at its strictest accepts them and refuses wrong calls, and they judge the golden
// vectors as the validator does, through the official SDK into the local Mixpanel.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memberName } from "../../src/codegen/java/types.ts";
import { CLASS_RESERVED } from "../../src/codegen/java/reserved.ts";
import { enumCases } from "../../src/codegen/names/enum-cases.ts";
import { snakeCase } from "../../src/codegen/names/words.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock, USER } from "./golden-cases.ts";
import { type DriverAnswer, expectGolden } from "./golden-run.ts";
import { type Speller, type SpelledMember, type StaticCase, staticCases } from "./static-cases.ts";
import { run, suiteName, toolchains } from "./toolchains.ts";

const jars = toolchains.java ?? [];
const classPath = jars.join(":");
const lock = goldenLock("server");
const folder = tempDirectory("codegen-java");
const PACKAGE = "com.example.analytics";
const place = join(folder, "src", ...PACKAGE.split("."));
const settings = { language: "java", out: "", package: PACKAGE } as const;
const files = writeClient(place, {
  lock,
  source: "web",
  settings: { ...settings, adapters: ["mixpanel-java"] },
});
const clientPlace = join(folder, "client", ...PACKAGE.split("."));
const clientFiles = writeClient(clientPlace, { lock: goldenLock("client"), source: "web", settings });

function made(type: string, members: readonly SpelledMember[]): string {
  const required = members.filter(({ member }) => member.required).map(({ text }) => text);
  const others = members
    .filter(({ member }) => !member.required)
    .map(({ member, text }) => `.${memberName(member.name)}(${text})`);
  return `new PlanEvents.${type}(${required.join(", ")})${others.join("")}`;
}

function all(items: readonly (string | undefined)[], before: string): string | undefined {
  return items.includes(undefined) ? undefined : `${before}(${items.join(", ")})`;
}

function anything(value: unknown): string | undefined {
  if (Array.isArray(value)) return all(value.map(anything), "list");
  if (typeof value === "object" && value !== null)
    return all(
      Object.entries(value).flatMap(([name, its]) => [JSON.stringify(name), anything(its)]),
      "map",
    );
  return typeof value === "number" ? `${value}d` : JSON.stringify(value);
}

const speller: Speller = {
  string: (value) => JSON.stringify(value),
  integer: (value) => `${value}L`,
  number: (value) => `${value}d`,
  boolean: String,
  datetime: (value) => `Instant.parse(${JSON.stringify(value)})`,
  enum: ({ name, values, open }, value) => {
    const known = enumCases(values, (text) => snakeCase(text).toUpperCase()).find(
      (its) => its.value === value,
    );
    if (known) return `PlanEvents.${name}.${known.name}`;
    return open ? `PlanEvents.${name}.of(${JSON.stringify(value)})` : undefined;
  },
  list: (_, items) => `Arrays.asList(${items.join(", ")})`,
  record: ({ name }, members) => made(name, members),
  any: anything,
  nothing: "null",
};

function driver(cases: readonly StaticCase[]): string {
  const calls = cases.map(({ event, members }) => `    events.add(${made(event.name, members)});`);
  return `import com.example.analytics.*;
import com.mixpanel.mixpanelapi.*;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.*;
import org.json.JSONArray;
import org.json.JSONObject;

public final class Golden {
  static Map<String, Object> map(Object... pairs) {
    Map<String, Object> out = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) out.put((String) pairs[i], pairs[i + 1]);
    return out;
  }

  static List<Object> list(Object... items) {
    return new ArrayList<>(Arrays.asList(items));
  }

  static String answer(Analytics analytics, UserId user, Event event) {
    try {
      analytics.track(user, event);
      return null;
    } catch (PlanViolation violation) {
      return violation.getMessage().split(":")[0];
    }
  }

  public static void main(String[] args) {
    UserId user = UserId.parse(args[0]);
    List<Event> events = new ArrayList<>();
${calls.join("\n")}
    MixpanelAPI api = new MixpanelAPI(args[1] + "/track", args[1] + "/engage");
    Sink sink =
        new MixpanelJava(
            new MessageBuilder("t"),
            message -> {
              try {
                api.sendMessage(message);
              } catch (IOException failure) {
                throw new UncheckedIOException(failure);
              }
            });
    Recording recording = new Recording();
    Analytics checking = Analytics.development(() -> recording);
    Analytics sending = Analytics.production(() -> sink, null);
    JSONArray answers = new JSONArray();
    for (int index = 0; index < events.size(); index++) {
      String id = answer(checking, user, events.get(index));
      answers.put(id == null ? JSONObject.NULL : id);
      if (id == null) sending.track(user, events.get(index), null, "case-" + index);
    }
    sending.update(user, PlanEvents.setTheme(PlanEvents.Theme.DARK));
    JSONArray problems = new JSONArray();
    Analytics production =
        Analytics.production(
            () -> {
              throw new IllegalStateException("gone");
            },
            problem -> problems.put(problem.id()));
    production.track(user, new PlanEvents.UserSignsOut());
    production.track(null, new PlanEvents.UserSignsOut());
    production.track(user, new PlanEvents.ValuesSent().percent(101L));
    System.out.println(
        new JSONObject()
            .put("answers", answers)
            .put("problems", sending.problemCount())
            .put("production", problems));
  }
}
`;
}

describe.skipIf(jars.length === 0)(suiteName("Java", toolchains.java), () => {
  test("google-java-format has nothing to change", async () => {
    const formatter = jars.find((jar) => jar.includes("google-java-format")) ?? "";
    const sources = [
      ...files.map((file) => join(place, file)),
      ...clientFiles.map((file) => join(clientPlace, file)),
    ];
    const { output } = await run(
      "java",
      ["-jar", formatter, "--skip-reflowing-long-strings", "--dry-run", ...sources],
      { cwd: folder },
    );
    expect(output).toBe("");
  });

  test("javac refuses each wrong call", async () => {
    const wrong = [
      "analytics.track(new PlanEvents.UserSignsOut());",
      'analytics.track("ada@example.com", new PlanEvents.UserSignsOut());',
      "analytics.track(user, new PlanEvents.UserSignsUp());",
      'analytics.track(user, new PlanEvents.UserSignsUp("gold"));',
      "analytics.track(user, new PlanEvents.UserSignsUp(PlanEvents.UserSignsUpPlanTier.FREE).debug(1));",
      'analytics.track(user, new PlanEvents.UserSignsUp(PlanEvents.UserSignsUpPlanTier.FREE).newsletter("true"));',
      'analytics.update(user, PlanEvents.setEmail("a@example.com"));',
      "new UserId(null);",
    ];
    const text = `import com.example.analytics.*;\nclass Wrong {\nvoid calls(Analytics analytics, UserId user) {\n${wrong.join("\n")}\n}\n}\n`;
    writeFileSync(join(folder, "Wrong.java"), text);
    const { output } = await run(
      "javac",
      ["-cp", classPath, "-sourcepath", "src", "-d", "wrong", "Wrong.java"],
      { cwd: folder },
    );
    const lines = [...output.matchAll(/^Wrong\.java:(\d+): error/gm)].map(([, line]) => Number(line) - 4);
    expect([...new Set(lines)], output).toEqual(wrong.map((_, index) => index));
  });

  test("a client's Analytics compiles, too, and knows the user by itself", async () => {
    const sources = clientFiles.map((file) => join(clientPlace, file));
    expect(
      await run(
        "javac",
        ["-Xlint:all", "-Werror", "--release", "8", "-Xlint:-options", "-d", "client-classes", ...sources],
        { cwd: folder },
      ),
    ).toEqual({ ok: true, output: "" });
    expect(readFileSync(join(clientPlace, "Analytics.java"), "utf8")).toContain(
      "public void identify(UserId userId)",
    );
  });

  test("the golden vectors, through the official SDK", async () => {
    const emulator = await startEmulator({ store: "memory" });
    // Java's engine recurses: where a text is too deep for it, the gateway judges.
    const cases = staticCases(lock, speller, [...CLASS_RESERVED, "PlanEvents"]).filter(
      ({ golden }) => !golden.name.endsWith("a pattern of nested repeats ends in time"),
    );
    expect(cases.length).toBeGreaterThan(60);
    mkdirSync(join(folder, "classes"), { recursive: true });
    writeFileSync(join(folder, "Golden.java"), driver(cases));
    const sources = files.map((file) => join(place, file));
    expect(
      await run(
        "javac",
        ["-Xlint:all", "-Werror", "-cp", classPath, "-d", "classes", ...sources, "Golden.java"],
        { cwd: folder },
      ),
    ).toEqual({ ok: true, output: "" });
    const { ok, output } = await run("java", ["-cp", `classes:${classPath}`, "Golden", USER, emulator.url], {
      cwd: folder,
    });
    expect(ok, output).toBe(true);
    await expectGolden(emulator.url, cases, JSON.parse(output) as DriverAnswer);
    await emulator.close();
  });
});

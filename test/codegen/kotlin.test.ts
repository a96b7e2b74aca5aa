// Kotlin clients: ktlint finds nothing to do, kotlinc at its strictest accepts them and refuses wrong calls, and they judge the golden vectors as
// the validator does, over HTTP into the local Mixpanel. The Android SDK needs Android; its adapter is compiled against the SDK's own classes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CLASS_RESERVED } from "../../src/codegen/kotlin/reserved.ts";
import { text as kotlinText } from "../../src/codegen/kotlin/literals.ts";
import { caseName, memberName } from "../../src/codegen/kotlin/types.ts";
import { enumCases } from "../../src/codegen/names/enum-cases.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock, USER } from "./golden-cases.ts";
import { type DriverAnswer, expectGolden } from "./golden-run.ts";
import { type Speller, type SpelledMember, type StaticCase, staticCases } from "./static-cases.ts";
import { run, suiteName, toolchains } from "./toolchains.ts";

const kotlin = toolchains.kotlin ?? [];
const compiler = kotlin.filter((jar) => !jar.includes("ktlint")).join(":");
const libraries = [
  ...kotlin.filter((jar) => jar.includes("kotlin-stdlib")),
  ...(toolchains.java ?? []),
  ...(toolchains.android ?? []),
].join(":");
const lock = goldenLock("client");
const folder = tempDirectory("codegen-kotlin");
const settings = { language: "kotlin", out: "", package: "com.example.analytics" } as const;
writeClient(join(folder, "client"), {
  lock,
  source: "web",
  settings: { ...settings, adapters: ["mixpanel-android"] },
});
writeClient(join(folder, "server"), {
  lock: goldenLock("server"),
  source: "web",
  settings: { ...settings, adapters: ["mixpanel-java"] },
});

function compile(out: string, ...sources: string[]) {
  const strict = ["-Werror", "-Wextra", "-Xexplicit-api=strict", "-no-stdlib", "-no-reflect"];
  const args = [
    "-cp",
    compiler,
    "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
    ...strict,
    "-cp",
    libraries,
    "-d",
    out,
    ...sources,
  ];
  return run("java", args, { cwd: folder });
}

function made(type: string, members: readonly SpelledMember[]): string {
  return `${type}(${members.map(({ member, text }) => `${memberName(member.name)} = ${text}`).join(", ")})`;
}

function all(items: readonly (string | undefined)[], before: string): string | undefined {
  return items.includes(undefined) ? undefined : `${before}(${items.join(", ")})`;
}

function anything(value: unknown): string | undefined {
  if (Array.isArray(value)) return all(value.map(anything), "listOf<Any?>");
  if (typeof value === "object" && value !== null)
    return all(
      Object.entries(value).map(([name, its]) => {
        const text = anything(its);
        return text && `${kotlinText(name)} to ${text}`;
      }),
      "mapOf<String, Any?>",
    );
  if (typeof value === "string") return kotlinText(value);
  return typeof value === "number" ? double(value) : JSON.stringify(value);
}

function double(value: number): string {
  const text = String(value).replace("e+", "E");
  return /[.E]/.test(text) ? text : `${text}.0`;
}

const speller: Speller = {
  string: (value) => kotlinText(value),
  integer: (value) => `${value}L`,
  number: double,
  boolean: String,
  datetime: (value) => `java.time.Instant.parse(${kotlinText(value)})`,
  enum: ({ name, values, open }, value) => {
    const known = enumCases(values, caseName).find((its) => its.value === value);
    if (known) return `${name}.${known.name}`;
    return open ? `${name}(${kotlinText(value)})` : undefined;
  },
  list: (_, items) => `listOf(${items.join(", ")})`,
  record: ({ name }, members) => made(name, members),
  any: anything,
  nothing: "null",
};

function driver(cases: readonly StaticCase[]): string {
  // One function a case: a method of the JVM has a limit of 64 KiB.
  const makers = cases.map(
    ({ event, members }, index) => `private fun case${index}(): Event = ${made(event.name, members)}`,
  );
  return `package com.example.app

import com.example.analytics.*
import java.net.HttpURLConnection
import java.net.URI
import org.json.JSONArray
import org.json.JSONObject

private class HttpSink(private val url: String) : Sink {
    private var user = ""
    private var count = -1

    override fun track(name: String, properties: Map<String, Any?>) {
        val sent = JSONObject(properties).put("token", "t").put("distinct_id", user).put("\\$insert_id", "case-$count").put("time", System.currentTimeMillis())
        post("/track", JSONObject().put("event", name).put("properties", sent))
    }

    override fun profile(operation: String, value: Any) =
        post("/engage", JSONObject().put("\\$token", "t").put("\\$distinct_id", user).put(operation, JSONObject.wrap(value)).put("\\$ip", "0").put("\\$ignore_time", true))

    override fun identify(userId: String) {
        user = userId
    }

    override fun reset() = identify("")

    fun next(index: Int) {
        count = index
    }

    private fun post(path: String, message: JSONObject) {
        val connection = URI(url + path).toURL().openConnection() as HttpURLConnection
        connection.requestMethod = "POST"
        connection.doOutput = true
        connection.setRequestProperty("content-type", "application/json")
        connection.outputStream.use { it.write(JSONArray().put(message).toString().toByteArray()) }
        val answer = connection.inputStream.use { String(it.readAllBytes()).trim() }
        check(answer == "1") { answer }
    }
}

${makers.join("\n")}

public fun main(args: Array<String>) {
    val user = checkNotNull(UserId.parse(args[0]))
    val events: List<Event> = listOf(${cases.map((_, index) => `case${index}()`).join(", ")})
    val sink = HttpSink(args[1])
    val recording = Recording()
    val checking = Analytics(development = true) { recording }
    val sending = Analytics { sink }
    val answers = JSONArray()
    events.forEachIndexed { index, event ->
        val id = try {
            checking.track(event)
            null
        } catch (violation: PlanViolation) {
            violation.message?.substringBefore(":")
        }
        answers.put(id ?: JSONObject.NULL)
        // An event that ends the session has forgotten the user.
        sending.identify(user)
        sink.next(index)
        if (id == null) sending.track(event)
    }
    sending.identify(user)
    sending.update(setTheme(Theme.DARK))
    val problems = JSONArray()
    val production = Analytics(onProblem = { problems.put(it.id) }) { error("gone") }
    production.track(ValuesSent())
    // Nothing but an id has its type: what is refused here cannot be called with.
    if (UserId.parse("ada@example.com") == null) problems.put("identity-format")
    production.track(ValuesSent(percent = 101))
    println(JSONObject().put("answers", answers).put("problems", sending.problemCount).put("production", problems))
}
`;
}

describe.skipIf(kotlin.length === 0)(suiteName("Kotlin", toolchains.kotlin), () => {
  test("ktlint has nothing to say", async () => {
    writeFileSync(
      join(folder, ".editorconfig"),
      "root = true\n[*.kt]\nktlint_code_style = intellij_idea\nktlint_standard_max-line-length = disabled\n",
    );
    const ktlint = kotlin.find((jar) => jar.includes("ktlint")) ?? "";
    expect(await run("java", ["-jar", ktlint, "client/*.kt", "server/*.kt"], { cwd: folder })).toMatchObject({
      ok: true,
    });
  });

  test("a server's client compiles, with the adapter of the official SDK", async () => {
    expect(await compile("server-classes", "server")).toEqual({ ok: true, output: "" });
  });

  test("kotlinc refuses each wrong call", async () => {
    const wrong = [
      'analytics.identify("ada@example.com")',
      "analytics.track(UserSignsUp())",
      'analytics.track(UserSignsUp(planTier = "gold"))',
      "analytics.track(UserSignsUp(planTier = UserSignsUpPlanTier.FREE, debug = 1))",
      'analytics.track(UserSignsUp(planTier = UserSignsUpPlanTier.FREE, newsletter = "true"))',
      'analytics.update(setEmail("a@example.com"))',
      'UserId("ada@example.com")',
    ];
    writeFileSync(
      join(folder, "wrong.kt"),
      `import com.example.analytics.*\nfun calls(analytics: Analytics) {\n${wrong.join("\n")}\n}\n`,
    );
    const { output } = await compile("wrong-classes", "client", "wrong.kt");
    const lines = [...output.matchAll(/wrong\.kt:(\d+):\d+: error/g)].map(([, line]) => Number(line) - 3);
    expect(
      [...new Set(lines)].filter((line) => line >= 0),
      output,
    ).toEqual(wrong.map((_, index) => index));
  });

  test("the golden vectors, over HTTP", { timeout: 180_000 }, async () => {
    const emulator = await startEmulator({ store: "memory" });
    // Java's engine recurses: where a text is too deep for it, the gateway judges.
    const cases = staticCases(lock, speller, CLASS_RESERVED).filter(
      ({ golden }) => !golden.name.endsWith("a pattern of nested repeats ends in time"),
    );
    expect(cases.length).toBeGreaterThan(60);
    writeFileSync(join(folder, "golden.kt"), driver(cases));
    expect(await compile("classes", "client", "golden.kt")).toEqual({ ok: true, output: "" });
    const { ok, output } = await run(
      "java",
      ["-cp", `classes:${libraries}`, "com.example.app.GoldenKt", USER, emulator.url],
      { cwd: folder },
    );
    expect(ok, output).toBe(true);
    await expectGolden(emulator.url, cases, JSON.parse(output) as DriverAnswer);
    await emulator.close();
  });
});

// Go clients: gofmt and go vet have nothing to say, the compiler refuses wrong calls, and they judge the golden vectors as the validator does, over
// HTTP into the local Mixpanel. No module proxy at hand has the official SDK; its adapter is held to gofmt only.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goName, goType } from "../../src/codegen/go/types.ts";
import { enumCases } from "../../src/codegen/names/enum-cases.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import { tempDirectory } from "../support/temp.ts";
import { writeClient } from "./generated.ts";
import { goldenLock, USER } from "./golden-cases.ts";
import { type DriverAnswer, expectGolden } from "./golden-run.ts";
import { type Speller, type StaticCase, staticCases } from "./static-cases.ts";
import { run, suiteName, toolchains } from "./toolchains.ts";

const go = toolchains.go ?? "";
const lock = goldenLock("server");
const folder = tempDirectory("codegen-go");
writeClient(join(folder, "analytics"), {
  lock,
  source: "web",
  settings: { language: "go", out: "", adapters: ["mixpanel-go"] },
});
writeFileSync(join(folder, "go.mod"), "module example.com/app\n\ngo 1.21\n");

function anything(value: unknown): string | undefined {
  if (Array.isArray(value)) return list(value.map(anything), "[]any");
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, its]) => {
      const text = anything(its);
      return text && `${JSON.stringify(name)}: ${text}`;
    });
    return list(members, "map[string]any");
  }
  if (typeof value === "number") return `float64(${value})`;
  if (typeof value === "string") return speller.string(value);
  return value === null ? "nil" : JSON.stringify(value);
}

function list(items: readonly (string | undefined)[], type: string): string | undefined {
  return items.includes(undefined) ? undefined : `${type}{${items.join(", ")}}`;
}

function fieldList(members: StaticCase["members"]): string {
  return members
    .map(({ member, text }) => {
      const isPointer =
        (!member.required || member.nullable) && !["list", "map", "any"].includes(member.shape.kind);
      return `${goName(member.name)}: ${isPointer && text !== "nil" ? `analytics.Ptr(${text})` : text}`;
    })
    .join(", ");
}

const speller: Speller = {
  // Go's sources are UTF-8: half a character cannot be written.
  string: (value) => (value.isWellFormed() ? JSON.stringify(value) : undefined),
  integer: (value) => `int64(${value})`,
  number: (value) => `float64(${value})`,
  boolean: String,
  datetime: (value) => `moment(${JSON.stringify(value)})`,
  enum: ({ name, values }, value) => {
    const type = `analytics.${goName(name)}`;
    const known = enumCases(values, (text) => `${goName(name)}${goName(text)}`).find(
      (its) => its.value === value,
    );
    return known ? `analytics.${known.name}` : `${type}(${JSON.stringify(value)})`;
  },
  list: ({ item }, items) => {
    const type = goType(item);
    return `[]${item.kind === "enum" || item.kind === "record" ? `analytics.${type}` : type}{${items.join(", ")}}`;
  },
  record: ({ name }, members) => `analytics.${goName(name)}{${fieldList(members)}}`,
  any: anything,
  nothing: "nil",
};

function driver(cases: readonly StaticCase[]): string {
  const calls = cases.map(
    ({ event, members }) => `\t\tanalytics.${goName(event.name)}{${fieldList(members)}},`,
  );
  return `package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/app/analytics"
)

type httpSink struct{ url string }

func (s httpSink) post(path string, message map[string]any) error {
	body, err := json.Marshal([]any{message})
	if err != nil {
		return err
	}
	answer, err := http.Post(s.url+path, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if strings.TrimSpace(string(text)) != "1" {
		return errors.New(string(text))
	}
	return nil
}

func (s httpSink) Track(_ context.Context, userID string, name string, properties map[string]any) error {
	properties["token"], properties["distinct_id"] = "t", userID
	if properties["time"] == nil {
		properties["time"] = time.Now().UnixMilli()
	}
	return s.post("/track", map[string]any{"event": name, "properties": properties})
}

func (s httpSink) Profile(_ context.Context, userID string, operation analytics.Operation, value any) error {
	return s.post("/engage", map[string]any{"$token": "t", "$distinct_id": userID, string(operation): value, "$ip": "0", "$ignore_time": true})
}

func moment(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func answer(client *analytics.Client, user analytics.UserID, event analytics.Event) (id *string) {
	defer func() {
		if failure := recover(); failure != nil {
			id = analytics.Ptr(strings.SplitN(fmt.Sprint(failure), ":", 2)[0])
		}
	}()
	client.Track(context.Background(), user, event)
	return nil
}

func main() {
	ctx := context.Background()
	user, err := analytics.ParseUserID(os.Args[1])
	if err != nil {
		panic(err)
	}
	events := []analytics.Event{
${calls.join("\n")}
	}
	checking := analytics.NewClient(func() analytics.Sink { return &analytics.Recording{} }, analytics.Options{Development: true})
	sending := analytics.NewClient(func() analytics.Sink { return httpSink{os.Args[2]} }, analytics.Options{})
	answers := make([]*string, 0, len(events))
	for index, event := range events {
		id := answer(checking, user, event)
		answers = append(answers, id)
		if id == nil {
			sending.Track(ctx, user, event, analytics.InsertID(fmt.Sprintf("case-%d", index)))
		}
	}
	sending.Update(ctx, user, analytics.SetTheme(analytics.ThemeDark))

	problems := []string{}
	production := analytics.NewClient(func() analytics.Sink { panic("gone") }, analytics.Options{OnProblem: func(problem analytics.Problem) { problems = append(problems, problem.ID) }})
	production.Track(ctx, user, analytics.UserSignsOut{})
	production.Track(ctx, analytics.UserID{}, analytics.UserSignsOut{})
	production.Track(ctx, user, analytics.ValuesSent{Percent: analytics.Ptr(int64(101))})
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"answers": answers, "problems": sending.ProblemCount(), "production": problems})
}
`;
}

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
}

describe.skipIf(go === "")(suiteName("Go", toolchains.go), () => {
  test("gofmt has nothing to change", async () => {
    expect(await run("gofmt", ["-l", "analytics"], { cwd: folder })).toEqual({ ok: true, output: "" });
    // Its module cannot be had here.
    rmSync(join(folder, "analytics/mixpanel_go.go"));
  });

  test("the compiler refuses each wrong call", async () => {
    const wrong = [
      "client.Track(ctx, analytics.UserSignsOut{})",
      'client.Track(ctx, "ada@example.com", analytics.UserSignsOut{})',
      "client.Track(ctx, user, analytics.UserSignsUp{Debug: 1})",
      'client.Track(ctx, user, analytics.UserSignsUp{Newsletter: "true"})',
      'client.Update(ctx, user, analytics.SetEmail("a@example.com"))',
    ];
    const lines = wrong.map((line) => `\t${line}`).join("\n");
    write(
      "wrong/main.go",
      `package main\n\nimport (\n\t"context"\n\n\t"example.com/app/analytics"\n)\n\nfunc main() {\n\tvar client *analytics.Client\n\tvar user analytics.UserID\n\tctx := context.Background()\n${lines}\n}\n`,
    );
    const { output } = await run(go, ["build", "-gcflags=-e", "-o", "/dev/null", "./wrong"], { cwd: folder });
    const found = [...output.matchAll(/wrong\/main\.go:(\d+):/g)].map(([, line]) => Number(line) - 13);
    expect([...new Set(found)], output).toEqual(wrong.map((_, index) => index));
    rmSync(join(folder, "wrong"), { recursive: true });
  });

  test("go vet has nothing to say, and the golden vectors are judged alike, over HTTP", async () => {
    const emulator = await startEmulator({ store: "memory" });
    const cases = staticCases(lock, speller);
    expect(cases.length).toBeGreaterThan(60);
    write("golden/main.go", driver(cases));
    expect(await run(go, ["vet", "./..."], { cwd: folder })).toEqual({ ok: true, output: "" });
    const { ok, output } = await run(go, ["run", "./golden", USER, emulator.url], { cwd: folder });
    expect(ok, output).toBe(true);
    await expectGolden(emulator.url, cases, JSON.parse(output) as DriverAnswer);
    await emulator.close();
  });
});

// Real threads of a few lines each: what starts again, what does not, and which answer belongs to which question.
import { expect, test } from "vitest";
import type { Log } from "../../core/index.ts";
import { Questions, SupervisedThread } from "./supervised-thread.ts";

interface Echo {
  readonly kind: "echo";
  readonly start: number;
}

function script(text: string): URL {
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from "node:worker_threads";\n${text}`)}`,
  );
}

function supervise(text: string) {
  const errors: string[] = [];
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_, message) => void errors.push(message),
  };
  let starts = 0;
  let told: (echo: Echo) => void = () => undefined;
  const echo = new Promise<Echo>((resolve) => {
    told = resolve;
  });
  const thread = new SupervisedThread<{ readonly kind: "close" }, Echo>({
    name: "the test",
    file: script(text),
    workerData: () => (starts += 1),
    receive: (message) => told(message),
    log,
  });
  return { thread, errors, echo };
}

const CLOSE = `parentPort.on("message", () => parentPort.close());`;

test("a thread that throws is started again, with what it is started with asked anew", async () => {
  const { thread, errors, echo } = supervise(`
    if (workerData === 1) throw new Error("first");
    parentPort.postMessage({ kind: "ready" });
    parentPort.postMessage({ kind: "echo", start: workerData });
    ${CLOSE}`);
  await thread.start();
  expect(thread.isRunning).toBe(false);
  expect(await echo).toEqual({ kind: "echo", start: 2 });
  expect(thread.isRunning).toBe(true);
  expect(errors).toEqual(["the test's thread failed"]);
  await thread.close({ kind: "close" });
  expect(thread.isRunning).toBe(false);
});

test("a thread that says that it cannot go on is ended and started again", async () => {
  const { thread, errors, echo } = supervise(`
    parentPort.postMessage({ kind: "ready" });
    if (workerData === 1) parentPort.postMessage({ kind: "failed", message: "no more" });
    else parentPort.postMessage({ kind: "echo", start: workerData });
    ${CLOSE}`);
  await thread.start();
  expect(await echo).toEqual({ kind: "echo", start: 2 });
  expect(errors).toEqual(["the test stopped; it is started again"]);
  await thread.close({ kind: "close" });
});

test("answers find their questions in any order, and no answer is undefined", async () => {
  const questions = new Questions<string>();
  const asked: number[] = [];
  const ask = (withinMs: number) => questions.ask((id) => void asked.push(id), withinMs);
  const [first, second, third] = [ask(5000), ask(5000), ask(1)];
  questions.answer(asked[1] ?? 0, "second");
  questions.answer(asked[0] ?? 0, "first");
  expect(await Promise.all([first, second, third])).toEqual(["first", "second", undefined]);
});

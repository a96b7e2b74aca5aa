// Plan patterns run in linear time. RE2 does that for every pattern; for the commonest kind, an anchored row of plain ASCII
// characters and classes with at most one open repetition, the built-in engine is linear too and 30 times faster (measured: 0.7 against 0.02 µs).
import { RE2JS } from "re2js";
import { AppError } from "../../core/index.ts";

const ATOM = String.raw`(?:[A-Za-z0-9_ @:/~=,;%&!"'<>-]|\\[dw.]|\[(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9_.])+-?\])`;
const SIMPLE = new RegExp(
  String.raw`^\^(?:${ATOM}(?:\{\d{1,3}\})?)*(?:${ATOM}(?:[+*?]|\{\d{1,3},\d{0,3}\}))?(?:${ATOM}(?:\{\d{1,3}\})?)*\$$`,
);

/** Longest pattern that is tried against the simple form; the form's own regular expression is quadratic in it. */
const SIMPLE_MAX_CHARACTERS = 120;

/**
 * Compiles one plan pattern (RE2 syntax, matched anywhere unless anchored).
 *
 * @throws {AppError} `PLAN_PATTERN_UNSUPPORTED` when RE2 cannot compile it; `check` finds it earlier.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  try {
    const compiled = RE2JS.compile(pattern);
    if (pattern.length <= SIMPLE_MAX_CHARACTERS && SIMPLE.test(pattern)) {
      const simple = new RegExp(pattern);
      return (text) => simple.test(text);
    }
    return (text) => compiled.test(text);
  } catch (cause) {
    throw new AppError("PLAN_PATTERN_UNSUPPORTED", "Cannot compile a pattern of the plan: not RE2 syntax", {
      cause,
    });
  }
}

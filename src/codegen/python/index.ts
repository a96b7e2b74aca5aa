// The Python generator: servers and jobs, Python 3.9 and later.
import type { GeneratedFile, Generator } from "../generator.ts";
import { headerLine } from "../header.ts";
import type { ClientModel } from "../model/client-model.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";
import { quote } from "../names/quote.ts";
import { freeOf, snakeCase } from "../names/words.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { domainClass, domainFile } from "./domain-file.ts";
import { PYTHON_RESERVED } from "./reserved.ts";

const OWN_MODULES = ["plumbline", "checks", "testing", "mixpanel_python"];
const TAKEN_MODULES: ReadonlySet<string> = new Set([...OWN_MODULES, ...PYTHON_RESERVED]);

function template(model: ClientModel, name: string): string {
  const pattern = translatePattern(model.userId.pattern, PATTERN_DIALECTS.python) ?? "";
  const text = fillTemplate(new URL(`templates/${name}.py.template`, import.meta.url), {
    USER_ID_FORMAT: model.userId.format,
    USER_ID_PATTERN: `\n    ${quote(pattern)}\n`,
    PLAN_HASH: quote(model.hash),
    PLAN_PROPERTY: quote(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "found is not None" : "False",
  });
  return `${headerLine(model, "#")}\n${text}`;
}

function moduleName(name: string): string {
  return freeOf(TAKEN_MODULES, snakeCase(name));
}

const EXPORTED = ["PlanViolation", "Problem", "Sink", "UserId", "parse_user_id"];

function packageFile(model: ClientModel): string {
  const classes = model.domains.map((domain) => ({
    from: moduleName(domain.name),
    name: domainClass(domain),
  }));
  const bases = classes.length === 0 ? ["Client"] : classes.map(({ name }) => name);
  const line = `class Analytics(${bases.join(", ")}):`;
  return `${[
    headerLine(model, "#"),
    `"""Analytics of ${model.source}: every event and profile property that the plan gives it."""`,
    "",
    ...classes.map(({ from, name }) => `from .${from} import ${name}`),
    `from .plumbline import ${[...(classes.length === 0 ? ["Client"] : []), ...EXPORTED].join(", ")}`,
    "",
    "__all__ = [",
    ...["Analytics", ...EXPORTED].map((name) => `    ${quote(name)},`),
    "]",
    "",
    "",
    ...(line.length <= 88 ? [line] : ["class Analytics(", ...bases.map((base) => `    ${base},`), "):"]),
    '    """The client: hand it the official SDK as a sink."""',
  ].join("\n")}\n`;
}

/** Python: a package with one module a plan file, `plumbline.py` and `checks.py` as its runtime, `testing.py` for tests. */
export const python: Generator = {
  language: "python",
  trusts: ["server"],
  adapters: { "mixpanel-python": "server" },
  generate(model): readonly GeneratedFile[] {
    const file = (path: string, text: string): GeneratedFile => ({ path, text });
    return [
      ...model.domains.map((domain) => file(`${moduleName(domain.name)}.py`, domainFile(model, domain))),
      file("__init__.py", packageFile(model)),
      file("checks.py", template(model, "checks")),
      file("plumbline.py", template(model, "plumbline")),
      file("testing.py", template(model, "testing")),
      file("py.typed", ""),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(`${snakeCase(adapter)}.py`, template(model, snakeCase(adapter))),
      ),
    ];
  },
};

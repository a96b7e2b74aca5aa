// The Ruby generator: servers and jobs, Ruby 3.0 and later.
import type { GeneratedFile, Generator } from "../generator.ts";
import { headerLine } from "../header.ts";
import type { ClientModel } from "../model/client-model.ts";
import { freeOf, pascalCase, snakeCase } from "../names/words.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { domainFile, domainModule } from "./domain-file.ts";
import { regexp, text } from "./literals.ts";

const OWN_FILES: ReadonlySet<string> = new Set(["plumbline", "checks", "testing", "client", "mixpanel_ruby"]);

function moduleName({ settings }: ClientModel): string {
  return settings.package === undefined ? "Analytics" : pascalCase(settings.package);
}

function fileName(name: string): string {
  return freeOf(OWN_FILES, snakeCase(name));
}

function template(model: ClientModel, name: string): string {
  const filled = fillTemplate(new URL(`templates/${name}.rb.template`, import.meta.url), {
    MODULE: moduleName(model),
    USER_ID_FORMAT: model.userId.format,
    USER_ID_PATTERN: regexp(model.userId.pattern) ?? "//",
    PLAN_HASH: text(model.hash),
    PLAN_PROPERTY: text(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "!found.nil?" : "false",
  });
  return `${headerLine(model, "#")}\n${filled}`;
}

function clientFile(model: ClientModel): string {
  return `${[
    headerLine(model, "#"),
    "# frozen_string_literal: true",
    "",
    "require_relative 'plumbline'",
    ...model.domains.map(({ name }) => `require_relative '${fileName(name)}'`),
    "",
    `module ${moduleName(model)}`,
    `  # Analytics of ${model.source}: every event and profile property that the plan gives it.`,
    "  class Client < Base",
    ...model.domains.map((domain) => `    include ${domainModule(domain)}`),
    "  end",
    "end",
  ].join("\n")}\n`;
}

/** Ruby: `client.rb` to require, one module a plan file, `plumbline.rb` and `checks.rb` as its runtime, `testing.rb` for tests. */
export const ruby: Generator = {
  language: "ruby",
  trusts: ["server"],
  adapters: { "mixpanel-ruby": "server" },
  generate(model): readonly GeneratedFile[] {
    const file = (path: string, content: string): GeneratedFile => ({ path: `${path}.rb`, text: content });
    return [
      ...model.domains.map((domain) =>
        file(fileName(domain.name), domainFile(model, domain, moduleName(model))),
      ),
      file("client", clientFile(model)),
      ...["checks", "plumbline", "testing"].map((name) => file(name, template(model, name))),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(snakeCase(adapter), template(model, snakeCase(adapter))),
      ),
    ];
  },
};

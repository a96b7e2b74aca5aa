// The PHP generator: servers and jobs, PHP 8.1 and later. One class a file, as PSR-4 autoloaders want it.
import type { GeneratedFile, Generator } from "../generator.ts";
import { headerLine } from "../header.ts";
import type { ClientModel } from "../model/client-model.ts";
import { pascalCase } from "../names/words.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { domainFile, domainTrait } from "./domain-file.ts";
import { regexp, text } from "./literals.ts";

const OWN_CLASSES = ["Checks", "Sink", "PlanViolation", "Base", "Recording"];

function namespaceOf({ settings }: ClientModel): string {
  const names = (settings.package ?? "Analytics").split(/[\\.]+/).filter((name) => name !== "");
  return names.map(pascalCase).join("\\");
}

function template(model: ClientModel, name: string): string {
  return fillTemplate(new URL(`templates/${name}.php.template`, import.meta.url), {
    NAMESPACE: namespaceOf(model),
    USER_ID_FORMAT: model.userId.format,
    USER_ID_PATTERN: regexp(model.userId.pattern) ?? "'//'",
    PLAN_HASH: text(model.hash),
    PLAN_PROPERTY: text(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "$found !== null" : "false",
  });
}

function clientFile(model: ClientModel): string {
  return `${[
    "",
    "declare(strict_types=1);",
    "",
    `namespace ${namespaceOf(model)};`,
    "",
    `/** Analytics of ${model.source}: every event and profile property that the plan gives it. */`,
    "final class Client extends Base",
    "{",
    ...model.domains.map((domain) => `    use ${domainTrait(domain)};`),
    "}",
  ].join("\n")}\n`;
}

/** PHP: `Client.php`, one trait a plan file, `Base.php` and `Checks.php` as its runtime, `Recording.php` for tests. */
export const php: Generator = {
  language: "php",
  trusts: ["server"],
  adapters: { "mixpanel-php": "server" },
  generate(model): readonly GeneratedFile[] {
    const file = (name: string, body: string): GeneratedFile => ({
      path: `${name}.php`,
      text: `<?php\n\n${headerLine(model, "//")}\n${body}`,
    });
    return [
      ...model.domains.map((domain) => file(domainTrait(domain), domainFile(domain, namespaceOf(model)))),
      file("Client", clientFile(model)),
      ...OWN_CLASSES.map((name) => file(name, template(model, name))),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(pascalCase(adapter), template(model, pascalCase(adapter))),
      ),
    ];
  },
};

// The TypeScript generator: browsers, node and React Native.
import type { GeneratedFile, Generator } from "../generator.ts";
import { headerLine } from "../header.ts";
import type { ClientModel } from "../model/client-model.ts";
import { PATTERN_DIALECTS, translatePattern } from "../names/translate-pattern.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { domainFile, type TypeScriptStyle } from "./domain-file.ts";
import { fitted, key } from "./literals.ts";

const IN_DEVELOPMENT = 'process.env.NODE_ENV !== "production"';

function userIdType({ userId }: ClientModel): string {
  const pattern = translatePattern(userId.pattern, PATTERN_DIALECTS.javascript) ?? "";
  const types: Readonly<Record<string, string>> = {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is TypeScript that is written here
    uuid: "`${string}-${string}-${string}-${string}-${string}`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is TypeScript that is written here
    integer: "number | `${bigint}`",
  };
  const hint = userId.format === "uuid" ? " `crypto.randomUUID()` has this type." : "";
  return [
    `/** A user's id, in the plan's form: ${userId.format}.${hint} {@link isUserId} narrows any text to it. */`,
    `export type UserId = ${types[userId.format] ?? "string"};`,
    "",
    ...fitted("const USER_ID =", `/${pattern.replaceAll("/", "\\/")}/u;`),
    "",
    "/** Tells whether a value is a user's id in the plan's form. */",
    "export function isUserId(value: unknown): value is UserId {",
    "  return USER_ID.test(String(value));",
    "}",
  ].join("\n");
}

function templateFile(model: ClientModel, style: TypeScriptStyle, name: string): string {
  const text = fillTemplate(new URL(`templates/${name}.ts.template`, import.meta.url), {
    EXTENSION: style.extension,
    USER_ID_TYPE: userIdType(model),
    PLAN_HASH: model.hash,
    PLAN_PROPERTY: key(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "!!found" : "false",
  });
  return [headerLine(model, "//"), text].join("\n");
}

function styleOf({ trust, settings }: ModelHead): TypeScriptStyle {
  const always = (settings.checks ?? (trust === "server" ? "always" : "development")) === "always";
  return { extension: trust === "server" ? ".js" : "", checks: always ? "true" : IN_DEVELOPMENT };
}
type ModelHead = Pick<ClientModel, "trust" | "settings">;

/** TypeScript: one file a plan file, `plumbline.ts` and `checks.ts` as its runtime, `testing.ts` for tests. */
export const typescript: Generator = {
  language: "typescript",
  adapters: {
    "mixpanel-browser": "client",
    "mixpanel-react-native": "client",
    "mixpanel-node": "server",
  },
  generate(model): readonly GeneratedFile[] {
    const style = styleOf(model);
    const file = (path: string, text: string): GeneratedFile => ({ path, text });
    const testing = `${templateFile(model, style, `testing-${model.trust}`)}${fillTemplate(new URL("templates/matchers.ts.template", import.meta.url), {})}`;
    return [
      ...model.domains.map((domain) => file(`${domain.name}.ts`, domainFile(model, domain, style))),
      file("checks.ts", templateFile(model, style, "checks")),
      file("plumbline.ts", templateFile(model, style, model.trust)),
      file("testing.ts", testing),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(`${adapter}.ts`, templateFile(model, style, adapter)),
      ),
    ];
  },
};

// One generated file: the events and profile properties that one plan file defines. Pure named exports, so that bundlers drop what is not used.
import type { ProfileOperation } from "../../plan/index.ts";
import { headerLine } from "../header.ts";
import type { ClientDomain, ClientEvent, ClientModel, ClientProfileProperty } from "../model/client-model.ts";
import type { ClientRule } from "../model/client-rule.ts";
import { operandRule } from "../model/operand-rule.ts";
import { profileWords } from "../names/profile-words.ts";
import { quote } from "../names/quote.ts";
import { TakenNames } from "../names/taken-names.ts";
import { camelCase, freeOf, pascalCase } from "../names/words.ts";
import { docComment, ruleLines } from "./literals.ts";
import { RESERVED } from "./reserved.ts";
import { TypeWriter } from "./types.ts";

/** How a TypeScript client is written. */
export interface TypeScriptStyle {
  readonly extension: string;
  /** Expression that tells whether values are checked; bundlers fold it. */
  readonly checks: string;
}

/** Name of the function of an event. */
export function eventFunction(id: string): string {
  return freeOf(RESERVED, camelCase(id));
}

/** Name of the function of a profile property and operator. */
export function profileFunction(id: string, operation: ProfileOperation): string {
  return camelCase(profileWords(id, operation).join(" "));
}

function eventComment(event: ClientEvent): readonly string[] {
  const { deprecated, description, owner } = event;
  const use = deprecated?.to === undefined ? "" : ` Use {@link ${eventFunction(deprecated.to)}}.`;
  const until = deprecated?.removeAfter === undefined ? "" : ` Removed after ${deprecated.removeAfter}.`;
  return docComment(
    [
      [description, owner === undefined ? undefined : `Owner: ${owner}`].filter(Boolean).join(". "),
      deprecated === undefined ? "" : `@deprecated${use}${until}`,
    ],
    "",
  );
}

class DomainFile {
  readonly #style: TypeScriptStyle;
  readonly #types: TypeWriter;
  readonly #names = new TakenNames();
  readonly imports = new Set<string>();
  checks = false;

  constructor(style: TypeScriptStyle) {
    this.#style = style;
    this.#types = new TypeWriter(this.#names);
  }

  #call(
    before: string,
    fixed: readonly string[],
    [rule, last]: readonly [ClientRule, string],
  ): readonly string[] {
    const condition = this.#style.checks === "true" ? [] : [`  ${this.#style.checks} &&`];
    const indent = condition.length === 0 ? "  " : "    ";
    this.checks = true;
    return [
      `${before}(`,
      ...fixed.map((argument) => `  ${argument},`),
      ...condition,
      ...ruleLines(rule, indent, "/*#__PURE__*/ checked(").slice(0, -1),
      `${indent}}),`,
      ...(last === "" ? [] : [`  ${last},`]),
      ");",
    ];
  }

  event(event: ClientEvent): string {
    this.imports.add("event");
    const type = this.#names.claim(pascalCase(event.id));
    const members = event.properties.flatMap((property) => this.#types.member(property, type));
    const declarations = this.#types.declarations.splice(0);
    const rules = Object.fromEntries(event.properties.map(({ name, rule }) => [name, rule]));
    return [
      ...declarations,
      members.length === 0
        ? `export type ${type} = Record<never, never>;`
        : [`export interface ${type} {`, ...members, "}"].join("\n"),
      [
        ...eventComment(event),
        ...this.#call(
          `export const ${eventFunction(event.id)} = /*#__PURE__*/ event<${type}>`,
          [quote(event.name)],
          [{ type: "object", required: true, members: rules }, event.resets ? "true" : ""],
        ),
      ].join("\n"),
    ].join("\n\n");
  }

  profile(property: ClientProfileProperty): string {
    const { id, name, type, rule, description } = property;
    const comment = docComment([description ?? ""], "");
    const operand = this.#types.inline(type, this.#names.claim(pascalCase(id)));
    const item =
      type.type === "list" && type.items
        ? this.#types.inline(type.items, this.#names.claim(`${pascalCase(id)}Item`))
        : "unknown";
    const functions = property.operations.map((operation) => {
      const before = `export const ${profileFunction(id, operation)} = /*#__PURE__*/`;
      const its = operandRule(rule, operation);
      if (operation === "$unset") {
        this.imports.add("unset");
        return [...comment, `${before} unset(${quote(name)});`].join("\n");
      }
      this.imports.add("profile");
      const takes =
        operation === "$add" ? "number" : operation === "$append" || operation === "$remove" ? item : operand;
      const start = `${before} profile<${takes}>`;
      const call = its
        ? this.#call(start, [quote(operation), quote(name)], [its, ""])
        : [`${start}(${quote(operation)}, ${quote(name)});`];
      return [...comment, ...call].join("\n");
    });
    return [...this.#types.declarations.splice(0), ...functions].join("\n\n");
  }
}

/** The text of a domain's file. */
export function domainFile(model: ClientModel, domain: ClientDomain, style: TypeScriptStyle): string {
  const file = new DomainFile(style);
  const parts = [
    ...domain.events.map((event) => file.event(event)),
    ...domain.profile.map((property) => file.profile(property)),
  ];
  const uses = style.checks.includes("process.env");
  return `${[
    [
      headerLine(model, "//"),
      ...(file.checks ? [`import { checked } from "./checks${style.extension}";`] : []),
      `import { ${[...file.imports].sort().join(", ")} } from "./plumbline${style.extension}";`,
    ].join("\n"),
    ...(uses ? ["declare const process: { readonly env: { readonly NODE_ENV?: string } };"] : []),
    ...parts,
  ].join("\n\n")}\n`;
}

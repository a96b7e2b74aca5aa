// Plan types as TypeScript types. Enums and objects that do not fit on a line become named types beside the event's own.
import type { ValueType } from "../../plan/index.ts";
import { quote } from "../names/quote.ts";
import type { TakenNames } from "../names/taken-names.ts";
import { pascalCase } from "../names/words.ts";
import { docComment, key, unionLines } from "./literals.ts";

const INLINE_ALTERNATIVES_MAX = 4;

export interface WrittenMember {
  readonly name: string;
  readonly description?: string | undefined;
  readonly required: boolean;
  readonly type: ValueType;
}

/** Writes types; what has to be declared on its own is collected in `declarations`. */
export class TypeWriter {
  readonly declarations: string[] = [];
  readonly #names: TakenNames;

  constructor(names: TakenNames) {
    this.#names = names;
  }

  #alternatives(type: ValueType, name: string): readonly string[] {
    switch (type.type) {
      case "string": {
        if (type.enum === undefined) return ["string"];
        const values = type.enum.map(quote);
        // The intersection keeps the editor's completion of the known values.
        return type.open === true ? [...values, "(string & {})"] : values;
      }
      case "integer":
      case "number": {
        if (type.enum === undefined || type.open === true) return ["number"];
        return type.enum.map(String);
      }
      case "boolean":
        return ["boolean"];
      case "datetime":
        return ["Date"];
      case "list":
        return [`readonly ${this.#itemType(type.items, name)}[]`];
      case "object":
        return [this.#objectType(type, name)];
    }
  }

  #itemType(items: ValueType | undefined, name: string): string {
    if (items === undefined) return "unknown";
    const alternatives = this.#withNull(items, `${name}Item`);
    if (alternatives.length === 1 && !alternatives[0]?.startsWith("readonly ")) return alternatives[0] ?? "";
    return this.#declareUnion(alternatives, `${name}Item`);
  }

  #objectType(type: ValueType & { readonly type: "object" }, name: string): string {
    if (type.properties === undefined) return "Readonly<Record<string, unknown>>";
    const declared = this.#names.claim(name);
    const members = Object.entries(type.properties).map(([member, its]) => ({
      name: member,
      required: its.presence === "required",
      type: its.type,
    }));
    const index = type.open === true ? ["  readonly [name: string]: unknown;"] : [];
    this.declarations.push(
      [
        `export interface ${declared} {`,
        ...members.flatMap((member) => this.member(member, declared)),
        ...index,
        "}",
      ].join("\n"),
    );
    return declared;
  }

  #withNull(type: ValueType, name: string): readonly string[] {
    const alternatives = this.#alternatives(type, name);
    return type.nullable === true ? [...alternatives, "null"] : alternatives;
  }

  #declareUnion(alternatives: readonly string[], name: string): string {
    const declared = this.#names.claim(name);
    this.declarations.push(unionLines(alternatives, `export type ${declared} =`, ";").join("\n"));
    return declared;
  }

  /** A type that fits into angle brackets. */
  inline(type: ValueType, name: string): string {
    const alternatives = this.#withNull(type, name);
    return alternatives.length > INLINE_ALTERNATIVES_MAX || alternatives.join(" | ").length > 40
      ? this.#declareUnion(alternatives, name)
      : alternatives.join(" | ");
  }

  /** One member of an interface. */
  member({ name, description, required, type }: WrittenMember, owner: string): readonly string[] {
    const alternatives = this.#withNull(type, `${owner}${pascalCase(name)}`);
    const all = required ? alternatives : [...alternatives, "undefined"];
    return [
      ...docComment([description ?? ""], "  "),
      ...unionLines(all, `  readonly ${key(name)}${required ? "" : "?"}:`, ";"),
    ];
  }
}

// Plan types as languages with declared types need them: enums and objects get a name and are declared once, before what uses them.
import type { ValueType } from "../../plan/index.ts";
import type { TakenNames } from "../names/taken-names.ts";
import { pascalCase } from "../names/words.ts";
import type { ClientEvent, ClientProfileProperty } from "./client-model.ts";
import type { ClientRule } from "./client-rule.ts";

/** An enum of texts. Open ones take any other text, too. */
export interface EnumShape {
  readonly kind: "enum";
  readonly name: string;
  readonly values: readonly string[];
  readonly open: boolean;
}

/** An object whose every member the plan names. */
export interface RecordShape {
  readonly kind: "record";
  readonly name: string;
  readonly members: readonly MemberShape[];
}

/** `map`: an object that may hold anything; `any`: an item of a list without a type. */
export type Shape =
  | { readonly kind: "string" | "integer" | "number" | "boolean" | "datetime" | "map" | "any" }
  | { readonly kind: "list"; readonly item: Shape; readonly nullableItems: boolean }
  | EnumShape
  | RecordShape;

export interface MemberShape {
  /** Wire name. */
  readonly name: string;
  readonly description: string | undefined;
  /** Optional members are left out when they hold nothing; required ones are sent as null. */
  readonly required: boolean;
  readonly nullable: boolean;
  readonly shape: Shape;
}

export interface EventShape {
  readonly event: ClientEvent;
  readonly name: string;
  readonly members: readonly MemberShape[];
  readonly rule: ClientRule;
  /** Enums and records, each before what uses it. */
  readonly declarations: readonly (EnumShape | RecordShape)[];
}

export interface ProfileShape {
  readonly property: ClientProfileProperty;
  readonly shape: Shape;
  readonly declarations: readonly (EnumShape | RecordShape)[];
}

class ShapeMaker {
  readonly declarations: (EnumShape | RecordShape)[] = [];
  readonly #names: TakenNames;

  constructor(names: TakenNames) {
    this.#names = names;
  }

  #declare<T extends EnumShape | RecordShape>(shape: T): T {
    this.declarations.push(shape);
    return shape;
  }

  shape(type: ValueType, name: string): Shape {
    switch (type.type) {
      case "string":
        return type.enum === undefined
          ? { kind: "string" }
          : this.#declare({
              kind: "enum",
              name: this.#names.claim(name),
              values: type.enum,
              open: type.open === true,
            });
      case "list": {
        const { items } = type;
        return items === undefined
          ? { kind: "list", item: { kind: "any" }, nullableItems: true }
          : { kind: "list", item: this.shape(items, `${name}Item`), nullableItems: items.nullable === true };
      }
      case "object": {
        if (type.properties === undefined || type.open === true) return { kind: "map" };
        const members = Object.entries(type.properties).map(
          ([member, its]): MemberShape => ({
            name: member,
            description: undefined,
            required: its.presence === "required",
            nullable: its.type.nullable === true,
            shape: this.shape(its.type, `${name}${pascalCase(member)}`),
          }),
        );
        members.sort((a, b) => Number(b.required) - Number(a.required));
        return this.#declare({ kind: "record", name: this.#names.claim(name), members });
      }
      case "integer":
      case "number":
      case "boolean":
      case "datetime":
        return { kind: type.type };
    }
  }
}

/** The shape of an event; its names and those of its types are claimed. */
export function eventShape(event: ClientEvent, names: TakenNames): EventShape {
  const name = names.claim(pascalCase(event.id));
  const maker = new ShapeMaker(names);
  const members = event.properties.map(
    (property): MemberShape => ({
      name: property.name,
      description: property.description,
      required: property.required,
      nullable: property.type.nullable === true,
      shape: maker.shape(property.type, `${name}${pascalCase(property.name)}`),
    }),
  );
  const rule: ClientRule = {
    type: "object",
    required: true,
    members: Object.fromEntries(event.properties.map((property) => [property.name, property.rule])),
  };
  return { event, name, members, rule, declarations: maker.declarations };
}

/** The shape of a profile property; the names of its types are claimed. */
export function profileShape(property: ClientProfileProperty, names: TakenNames): ProfileShape {
  const maker = new ShapeMaker(names);
  const shape = maker.shape(property.type, pascalCase(property.id));
  return { property, shape, declarations: maker.declarations };
}

/** What an operator of a profile property takes; `undefined` for one that takes nothing. */
export function operandShape({ property, shape }: ProfileShape, operation: string): Shape | undefined {
  if (operation === "$unset") return undefined;
  if (operation === "$append" || operation === "$remove")
    return shape.kind === "list" ? shape.item : { kind: "any" };
  return operation === "$add" && property.type.type === "integer" ? { kind: "integer" } : shape;
}

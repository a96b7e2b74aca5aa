// The Swift generator: iOS, macOS and their kin; Swift 5.9 and later.
import type { ProfileOperation } from "../../plan/index.ts";
import type { GeneratedFile, Generator } from "../generator.ts";
import { headerLine } from "../header.ts";
import type { ClientDomain, ClientModel } from "../model/client-model.ts";
import { operandRule } from "../model/operand-rule.ts";
import {
  type EventShape,
  eventShape,
  operandShape,
  type ProfileShape,
  profileShape,
} from "../model/shape.ts";
import { profileWords } from "../names/profile-words.ts";
import { TakenNames } from "../names/taken-names.ts";
import { camelCase, freeOf, pascalCase } from "../names/words.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { docComment, pattern, ruleText, text } from "./literals.ts";
import { TYPE_RESERVED } from "./reserved.ts";
import { declarations, structText, swiftType, wire } from "./types.ts";

const OWN_FILES: ReadonlySet<string> = new Set(["Plumbline", "Checks", "Recording", "MixpanelSwift"]);
const OPERATIONS: Readonly<Record<ProfileOperation, string>> = {
  $set: ".set",
  $set_once: ".setOnce",
  $add: ".add",
  $append: ".append",
  $union: ".union",
  $remove: ".remove",
  $unset: ".unset",
  $delete: ".delete",
};

function template(model: ClientModel, name: string): string {
  const filled = fillTemplate(new URL(`templates/${name}.swift.template`, import.meta.url), {
    SOURCE: model.source,
    USER_ID_FORMAT: model.userId.format,
    USER_ID_PATTERN: pattern(model.userId.pattern) ?? '""',
    PLAN_HASH: text(model.hash),
    PLAN_PROPERTY: text(model.planProperty),
    REFUSED: String(dropsInvalid(model.settings)),
  });
  return `${headerLine(model, "//")}\n\n${filled}`;
}

function deprecation({ event }: EventShape): readonly string[] {
  const { deprecated } = event;
  if (!deprecated) return [];
  const until = deprecated.removeAfter === undefined ? "" : `Removed after ${deprecated.removeAfter}.`;
  const message = until === "" ? "" : `, message: ${text(until)}`;
  return deprecated.to === undefined
    ? [`@available(*, deprecated${message || `, message: ${text("No longer in use.")}`})`]
    : [`@available(*, deprecated${message}, renamed: ${text(pascalCase(deprecated.to))})`];
}

function eventText(shape: EventShape): string {
  const { event, name } = shape;
  const owner = event.owner === undefined ? "" : `Owner: ${event.owner}.`;
  const head = [
    "",
    "  public static let planHead = EventHead(",
    `    name: ${text(event.name)},`,
    `${ruleText(shape.rule, "    ", "    rule: ")}${event.resets ? ",\n    endsSession: true" : ""}`,
    "  )",
  ];
  const doc = [...docComment([event.description ?? event.name, owner], ""), ...deprecation(shape)];
  return [
    ...declarations(shape.declarations),
    structText(name, shape.members, { doc, conforms: "Event", head }),
  ].join("\n\n");
}

function profileText(shape: ProfileShape): string {
  const { property } = shape;
  const functions = property.operations.map((operation) => {
    const name = camelCase(profileWords(property.id, operation).join(" "));
    const operand = operandShape(shape, operation);
    const base = `operation: ${OPERATIONS[operation]}, name: ${text(property.name)}`;
    const doc = docComment([property.description ?? property.name], "  ");
    if (operand === undefined)
      return [
        ...doc,
        `  public static func ${name}() -> ProfileUpdate {`,
        `    ProfileUpdate(${base})`,
        "  }",
      ].join("\n");
    const rule = operandRule(property.rule, operation);
    const type = swiftType(operand);
    const nullable = property.type.nullable === true && operation.startsWith("$set");
    const value = nullable
      ? `value.map { ${wire(operand, "$0")} as Any } ?? NSNull()`
      : wire(operand, "value");
    return [
      ...(rule ? [ruleText(rule, "  ", `  private static let ${name}Rule = `), ""] : []),
      ...doc,
      `  public static func ${name}(_ value: ${nullable ? `${type}?` : type}) -> ProfileUpdate {`,
      `    ProfileUpdate(${base}, value: ${value}${rule ? `, rule: ${name}Rule` : ""})`,
      "  }",
    ].join("\n");
  });
  return [
    ...declarations(shape.declarations),
    ...(functions.length === 0 ? [] : [`extension ProfileUpdate {\n${functions.join("\n\n")}\n}`]),
  ].join("\n\n");
}

function domainText(model: ClientModel, domain: ClientDomain, names: TakenNames): string {
  const body = [
    ...domain.events.map((event) => eventText(eventShape(event, names))),
    ...domain.profile.map((property) => profileText(profileShape(property, names))),
  ];
  return `${[headerLine(model, "//"), "", "import Foundation", "", body.join("\n\n")].join("\n")}\n`;
}

/** Swift: one file a plan file, `Plumbline.swift` with `Analytics` to call, `Recording.swift` for tests. */
export const swift: Generator = {
  language: "swift",
  trusts: ["client"],
  adapters: { "mixpanel-swift": "client" },
  generate(model): readonly GeneratedFile[] {
    const names = new TakenNames(TYPE_RESERVED);
    const file = (name: string, content: string): GeneratedFile => ({ path: `${name}.swift`, text: content });
    return [
      ...model.domains.map((domain) =>
        file(freeOf(OWN_FILES, pascalCase(domain.name)), domainText(model, domain, names)),
      ),
      ...["Checks", "Plumbline", "Recording"].map((name) => file(name, template(model, name))),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(pascalCase(adapter), template(model, pascalCase(adapter))),
      ),
    ];
  },
};

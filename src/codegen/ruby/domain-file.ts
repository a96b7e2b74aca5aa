// One generated file: the events and profile properties that one plan file defines, as methods of a module that the client includes.
import type { ProfileOperation } from "../../plan/index.ts";
import { headerLine } from "../header.ts";
import type { ClientDomain, ClientEvent, ClientModel, ClientProfileProperty } from "../model/client-model.ts";
import type { ClientRule } from "../model/client-rule.ts";
import { operandRule } from "../model/operand-rule.ts";
import { profileWords } from "../names/profile-words.ts";
import { freeOf, pascalCase, snakeCase } from "../names/words.ts";
import { comment, ruleText, text } from "./literals.ts";
import { METHOD_RESERVED, PARAMETER_RESERVED } from "./reserved.ts";

/** Name of the method of an event. */
export function eventMethod(id: string): string {
  return freeOf(METHOD_RESERVED, snakeCase(id));
}

/** Name of the module of a domain. */
export function domainModule({ name }: ClientDomain): string {
  return `${pascalCase(name)}Events`;
}

function parameter(name: string): string {
  return freeOf(PARAMETER_RESERVED, snakeCase(name));
}

const TYPE_NAMES: Readonly<Record<ClientRule["type"], string>> = {
  string: "String",
  integer: "Integer",
  number: "Numeric",
  boolean: "Boolean",
  datetime: "Time",
  list: "Array",
  object: "Hash",
};

function eventComment(event: ClientEvent): readonly string[] {
  const { deprecated } = event;
  const use = deprecated?.to === undefined ? "" : ` Use {#${eventMethod(deprecated.to)}}.`;
  const until = deprecated?.removeAfter === undefined ? "" : ` Removed after ${deprecated.removeAfter}.`;
  return comment(
    [
      event.description ?? event.name,
      event.owner === undefined ? "" : `Owner: ${event.owner}`,
      ...(deprecated ? [`@deprecated${use}${until}`] : []),
      ...event.properties.map(
        ({ name, rule, required, description }) =>
          `@param ${parameter(name)} [${TYPE_NAMES[rule.type]}${required ? "" : ", nil"}] ${description ?? ""}`,
      ),
    ],
    "    ",
  );
}

function constant(name: string, rule: ClientRule): string {
  return `${ruleText(rule, "    ", `    ${name} = `)}.freeze\n    private_constant :${name}`;
}

function eventParts(event: ClientEvent): readonly string[] {
  const name = eventMethod(event.id);
  const rule = snakeCase(event.id).toUpperCase();
  const members = Object.fromEntries(event.properties.map((its) => [its.name, its.rule]));
  const parameters = [
    "user_id",
    ...event.properties.map((its) => `${parameter(its.name)}:${its.required ? "" : " nil"}`),
    "time: nil",
    "insert_id: nil",
  ];
  const values = event.properties.map((its) => `        ${text(its.name)} => ${parameter(its.name)}`);
  const warning = event.deprecated
    ? [
        `      warn(${text(`${name} is deprecated${event.deprecated.to === undefined ? "" : `: use ${eventMethod(event.deprecated.to)}`}`)}, uplevel: 1, category: :deprecated)`,
      ]
    : [];
  return [
    constant(rule, { type: "object", required: true, members }),
    [
      ...eventComment(event),
      `    def ${name}(`,
      parameters.map((its) => `      ${its}`).join(",\n"),
      "    )",
      ...warning,
      ...(values.length === 0 ? ["      values = {}"] : ["      values = {", values.join(",\n"), "      }"]),
      `      track(user_id, ${text(event.name)}, values, ${rule}, time: time, insert_id: insert_id)`,
      "    end",
    ].join("\n"),
  ];
}

function profileParts(property: ClientProfileProperty, operation: ProfileOperation): readonly string[] {
  const method = snakeCase(profileWords(property.id, operation).join(" "));
  const about = comment([property.description ?? property.name], "    ");
  if (operation === "$unset")
    return [
      [
        ...about,
        `    def ${method}(user_id)`,
        `      unset_profile(user_id, ${text(property.name)})`,
        "    end",
      ].join("\n"),
    ];
  const rule = operandRule(property.rule, operation);
  const name = method.toUpperCase();
  return [
    ...(rule ? [constant(name, rule)] : []),
    [
      ...about,
      `    def ${method}(user_id, value)`,
      `      write_profile(user_id, ${text(operation)}, ${text(property.name)}, value, ${rule ? name : "nil"})`,
      "    end",
    ].join("\n"),
  ];
}

/** The text of a domain's file. */
export function domainFile(model: ClientModel, domain: ClientDomain, moduleName: string): string {
  const parts = [
    ...domain.events.flatMap(eventParts),
    ...domain.profile.flatMap((property) =>
      property.operations.flatMap((operation) => profileParts(property, operation)),
    ),
  ];
  return `${[
    headerLine(model, "#"),
    "# frozen_string_literal: true",
    "",
    "require_relative 'plumbline'",
    "",
    `module ${moduleName}`,
    `  # Events and profile properties of the plan's ${domain.name} file.`,
    `  module ${domainModule(domain)}`,
    parts.join("\n\n"),
    "  end",
    "end",
  ].join("\n")}\n`;
}

// One generated file: the events and profile properties that one plan file defines, as methods of a trait that the client uses.
import { assertNever } from "../../core/index.ts";
import type { ProfileOperation } from "../../plan/index.ts";
import type { ClientDomain, ClientEvent, ClientProfileProperty } from "../model/client-model.ts";
import type { ClientRule } from "../model/client-rule.ts";
import { operandRule } from "../model/operand-rule.ts";
import { profileWords } from "../names/profile-words.ts";
import { camelCase, freeOf, pascalCase } from "../names/words.ts";
import { docComment, ruleLines, text } from "./literals.ts";

/** Parameters that every method has, and what a parameter cannot be called. */
const PARAMETER_RESERVED: ReadonlySet<string> = new Set([
  "this",
  "userId",
  "time",
  "insertId",
  "rule",
  "value",
]);
/** Methods of the client. PHP takes its own keywords as names of methods. */
const METHOD_RESERVED: ReadonlySet<string> = new Set([
  "send",
  "fail",
  "attempt",
  "wire",
  "refuses",
  "isUser",
  "isUserId",
  "problemCount",
  "writeProfile",
  "unsetProfile",
  "class",
]);

/** Name of the method of an event. */
export function eventMethod(id: string): string {
  return freeOf(METHOD_RESERVED, camelCase(id));
}

/** Name of the parameter of a property. */
export function parameterName(name: string): string {
  return freeOf(PARAMETER_RESERVED, camelCase(name));
}

/** Name of the trait of a domain. */
export function domainTrait({ name }: ClientDomain): string {
  return `${pascalCase(name)}Events`;
}

/** The native type: what PHP checks by itself. */
function nativeType(rule: ClientRule): string {
  switch (rule.type) {
    case "string":
      return "string";
    case "integer":
      return "int";
    case "number":
      return "int|float";
    case "boolean":
      return "bool";
    case "datetime":
      return "DateTimeInterface";
    case "list":
    case "object":
      return "array";
    default:
      return assertNever(rule.type);
  }
}

/** The type as static analysers read it. */
function docType(rule: ClientRule): string {
  if (rule.values !== undefined)
    return rule.values.map((value) => (typeof value === "string" ? text(value) : value)).join("|");
  if (rule.type === "list") return `list<${rule.items ? docType(rule.items) : "mixed"}>`;
  if (rule.type !== "object") return nativeType(rule);
  if (rule.members === undefined || rule.open === true) return "array<string, mixed>";
  const members = Object.entries(rule.members).map(
    ([name, its]) => `${/^\w+$/.test(name) ? name : text(name)}${its.required ? "" : "?"}: ${docType(its)}`,
  );
  return `array{${members.join(", ")}}`;
}

function orNull(type: string): string {
  return type.includes("|") ? `${type}|null` : `?${type}`;
}

function eventDoc(event: ClientEvent): readonly string[] {
  const { deprecated } = event;
  const use = deprecated?.to === undefined ? "" : ` Use {@see ${eventMethod(deprecated.to)}()}.`;
  const until = deprecated?.removeAfter === undefined ? "" : ` Removed after ${deprecated.removeAfter}.`;
  return docComment([
    event.description ?? event.name,
    event.owner === undefined ? "" : `Owner: ${event.owner}`,
    ...(deprecated ? [`@deprecated${use}${until}`] : []),
    ...event.properties.map(
      ({ name, rule, required, description }) =>
        `@param ${docType(rule)}${required && rule.nullable !== true ? "" : "|null"} $${parameterName(name)} ${description ?? ""}`,
    ),
  ]);
}

function eventText(event: ClientEvent): string {
  const members = Object.fromEntries(event.properties.map((its) => [its.name, its.rule]));
  const parameters = event.properties.map(({ name, rule, required }) => {
    const type = nativeType(rule);
    const full = required && rule.nullable !== true ? type : orNull(type);
    return `        ${full} $${parameterName(name)}${required ? "" : " = null"},`;
  });
  const values = event.properties.map(({ name }) => `            ${text(name)} => $${parameterName(name)},`);
  return [
    ...eventDoc(event),
    `    public function ${eventMethod(event.id)}(`,
    "        string $userId,",
    ...parameters,
    "        ?DateTimeInterface $time = null,",
    "        ?string $insertId = null,",
    "    ): void {",
    ...ruleLines({ type: "object", required: true, members }, "        ", "        $rule = ").slice(0, -1),
    "        ];",
    ...(values.length === 0 ? ["        $values = [];"] : ["        $values = [", ...values, "        ];"]),
    `        $this->send($userId, ${text(event.name)}, $values, $rule, ['time' => $time, 'insertId' => $insertId]);`,
    "    }",
  ].join("\n");
}

function profileText(property: ClientProfileProperty, operation: ProfileOperation): string {
  const method = camelCase(profileWords(property.id, operation).join(" "));
  const about = property.description ?? property.name;
  if (operation === "$unset")
    return [
      ...docComment([about]),
      `    public function ${method}(string $userId): void`,
      "    {",
      `        $this->unsetProfile($userId, ${text(property.name)});`,
      "    }",
    ].join("\n");
  const rule = operandRule(property.rule, operation);
  const type = rule ? nativeType(rule) : "mixed";
  const nullable = rule?.nullable === true;
  const write = (last: string): string =>
    `        $this->writeProfile($userId, ${text(operation)}, ${text(property.name)}, $value, ${last});`;
  return [
    ...docComment([about, ...(rule ? [`@param ${docType(rule)}${nullable ? "|null" : ""} $value`] : [])]),
    `    public function ${method}(string $userId, ${nullable ? orNull(type) : type} $value): void`,
    "    {",
    ...(rule
      ? [...ruleLines(rule, "        ", "        $rule = ").slice(0, -1), "        ];", write("$rule")]
      : [write("null")]),
    "    }",
  ].join("\n");
}

/** The text of a domain's file, from its second line. */
export function domainFile(domain: ClientDomain, namespace: string): string {
  const methods = [
    ...domain.events.map(eventText),
    ...domain.profile.flatMap((property) =>
      property.operations.map((operation) => profileText(property, operation)),
    ),
  ];
  const body = methods.join("\n\n");
  return `${[
    "",
    "declare(strict_types=1);",
    "",
    `namespace ${namespace};`,
    "",
    ...(body.includes("DateTimeInterface ") ? ["use DateTimeInterface;", ""] : []),
    `/** Events and profile properties of the plan's ${domain.name} file. */`,
    `trait ${domainTrait(domain)}`,
    "{",
    ...(body === "" ? [] : [body]),
    "}",
  ].join("\n")}\n`;
}

// One generated module: the events and profile properties that one plan file defines, as methods of a class that the client is made of.
import { headerLine } from "../header.ts";
import type { ClientDomain, ClientModel } from "../model/client-model.ts";
import type { ClientRule } from "../model/client-rule.ts";
import { operandRule } from "../model/operand-rule.ts";
import {
  type EventShape,
  eventShape,
  type MemberShape,
  operandShape,
  type ProfileShape,
  profileShape,
} from "../model/shape.ts";
import { profileWords } from "../names/profile-words.ts";
import { quote } from "../names/quote.ts";
import { TakenNames } from "../names/taken-names.ts";
import { freeOf, pascalCase, snakeCase } from "../names/words.ts";
import { docstring, ruleLines } from "./literals.ts";
import { PYTHON_RESERVED } from "./reserved.ts";
import { annotation, declarations } from "./types.ts";

/** Name of the method of an event. */
export function eventMethod(id: string): string {
  return freeOf(PYTHON_RESERVED, snakeCase(id));
}

/** Name of the class of a domain. */
export function domainClass({ name }: ClientDomain): string {
  return `${pascalCase(name)}Events`;
}

function parameter({ name, required, nullable, shape }: MemberShape, needs: Set<string>): string {
  const type = annotation(shape, needs);
  const optional = (!required || nullable) && type !== "Any" ? `${type} | None` : type;
  return `${freeOf(PYTHON_RESERVED, snakeCase(name))}: ${optional}${required ? "" : " = None"}`;
}

function described(members: readonly MemberShape[]): readonly string[] {
  return members.flatMap(({ name, description }) =>
    description === undefined ? [] : [`:param ${freeOf(PYTHON_RESERVED, snakeCase(name))}: ${description}`],
  );
}

function eventDoc({ event, members }: EventShape): readonly string[] {
  const owner = event.owner === undefined ? [] : [`Owner: ${event.owner}`];
  return [event.description ?? event.name, ...owner, ...described(members)];
}

function deprecation({ event }: EventShape): readonly string[] {
  const { deprecated } = event;
  if (!deprecated) return [];
  const use = deprecated.to === undefined ? "" : `Use ${eventMethod(deprecated.to)}.`;
  const until = deprecated.removeAfter === undefined ? "" : `Removed after ${deprecated.removeAfter}.`;
  return [`    @deprecated(${quote([use, until].filter(Boolean).join(" ") || "No longer in use.")})`];
}

class DomainFile {
  readonly #names: TakenNames;
  readonly #needs = new Set(["Client", "UserId"]);
  readonly #blocks: string[] = [];
  readonly #methods: string[] = [];

  constructor(names: TakenNames) {
    this.#names = names;
  }

  #rule(id: string, rule: ClientRule): string {
    const name = this.#names.claim(`_${snakeCase(id).toUpperCase()}`);
    const text = ruleLines(rule, `${name} = `).join("\n");
    this.#blocks.push(text);
    this.#needs.add("Rule");
    if (text.includes("re.compile(")) this.#needs.add("re");
    return name;
  }

  event(shape: EventShape): void {
    const { event, members } = shape;
    this.#needs.add("datetime");
    if (event.deprecated) this.#needs.add("deprecated");
    this.#blocks.push(...declarations(shape.declarations, this.#needs));
    const rule = this.#rule(event.id, shape.rule);
    this.#methods.push(
      [
        ...deprecation(shape),
        `    def ${eventMethod(event.id)}(`,
        "        self,",
        "        user_id: UserId,",
        "        *,",
        ...members.map((member) => `        ${parameter(member, this.#needs)},`),
        "        time: datetime | None = None,",
        "        insert_id: str | None = None,",
        "    ) -> None:",
        ...docstring(eventDoc(shape), "        "),
        "        self._track(",
        "            user_id,",
        `            ${quote(event.name)},`,
        ...(members.length === 0
          ? ["            {},"]
          : [
              "            {",
              ...members.map(
                ({ name }) => `                ${quote(name)}: ${freeOf(PYTHON_RESERVED, snakeCase(name))},`,
              ),
              "            },",
            ]),
        `            ${rule},`,
        "            time,",
        "            insert_id,",
        "        )",
      ].join("\n"),
    );
  }

  profile(shape: ProfileShape): void {
    const { property } = shape;
    this.#blocks.push(...declarations(shape.declarations, this.#needs));
    for (const operation of property.operations) {
      const method = profileWords(property.id, operation).join("_");
      const rule = operandRule(property.rule, operation);
      const operand = operandShape(shape, operation);
      const doc = docstring([property.description ?? property.name], "        ");
      if (operand === undefined) {
        this.#methods.push(
          [
            `    def ${method}(self, user_id: UserId) -> None:`,
            ...doc,
            `        self._unset(user_id, ${quote(property.name)})`,
          ].join("\n"),
        );
        continue;
      }
      const nullable = property.type.nullable === true && operation.startsWith("$set");
      const type = annotation(operand, this.#needs);
      const named = rule === undefined ? "None" : this.#rule(method, rule);
      this.#methods.push(
        [
          `    def ${method}(`,
          "        self,",
          "        user_id: UserId,",
          `        value: ${nullable ? `${type} | None` : type},`,
          "    ) -> None:",
          ...doc,
          "        self._profile(",
          "            user_id,",
          `            ${quote(operation)},`,
          `            ${quote(property.name)},`,
          "            value,",
          `            ${named},`,
          "        )",
        ].join("\n"),
      );
    }
  }

  text(
    header: string,
    { className, domain }: { readonly className: string; readonly domain: string },
  ): string {
    const body = [
      ...this.#blocks,
      [
        `class ${className}(Client):`,
        `    """Generated from the plan."""`,
        "",
        this.#methods.join("\n\n"),
      ].join("\n"),
    ].join("\n\n\n");
    if (this.#needs.has("NotRequired")) this.#needs.add("TYPE_CHECKING");
    return `${[header, `"""Events and profile properties of the plan's ${domain} file."""`, "", ...imports(this.#needs), "", ""].join("\n")}\n${body}\n`;
  }
}

function from(module: string, names: readonly string[], needs: ReadonlySet<string>): readonly string[] {
  const used = names.filter((name) => needs.has(name));
  return used.length === 0 ? [] : [`from ${module} import ${used.join(", ")}`];
}

/** Only what the body uses, in the order that isort keeps. */
function imports(needs: ReadonlySet<string>): readonly string[] {
  const lines = [
    "from __future__ import annotations",
    "",
    ...(needs.has("re") ? ["import re"] : []),
    ...from("collections.abc", ["Mapping", "Sequence"], needs),
    ...from("datetime", ["datetime"], needs),
    ...from("typing", ["TYPE_CHECKING", "Any", "Literal", "TypedDict"], needs),
    "",
    ...from(".checks", ["Rule"], needs),
    ...from(".plumbline", ["Client", "UserId", "deprecated"], needs),
    ...(needs.has("TYPE_CHECKING")
      ? ["", "if TYPE_CHECKING:", "    from typing_extensions import NotRequired"]
      : []),
  ];
  return lines.filter((line, index) => !(line === "" && lines[index - 1] === ""));
}

/** The text of a domain's module. */
export function domainFile(model: ClientModel, domain: ClientDomain): string {
  const names = new TakenNames([domainClass(domain), ...PYTHON_RESERVED]);
  const file = new DomainFile(names);
  for (const event of domain.events) file.event(eventShape(event, names));
  for (const property of domain.profile) file.profile(profileShape(property, names));
  return file.text(headerLine(model, "#"), { className: domainClass(domain), domain: domain.name });
}

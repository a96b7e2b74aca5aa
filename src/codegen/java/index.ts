// The Java generator: servers and Android, Java 8 and later.
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
import { camelCase, pascalCase } from "../names/words.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { call, docComment, pattern, ruleFunction, text } from "./literals.ts";
import { CLASS_RESERVED } from "./reserved.ts";
import { boxedType, declarations, membersText, plainType } from "./types.ts";

const SHARED = [
  "Rule",
  "Checks",
  "PlanObject",
  "WireText",
  "Event",
  "ProfileUpdate",
  "Problem",
  "PlanViolation",
  "UserId",
  "Base",
];
const BY_TRUST = ["Sink", "Analytics", "Recording"];

function packageName({ settings }: ClientModel): string {
  return settings.package ?? "analytics";
}

function userIdForm(literal: string): string {
  const [before, made] = ["  private static final Pattern FORM =", `Pattern.compile(${literal});`];
  if (before.length + made.length < 100) return `${before} ${made}`;
  return [before, ...call("      Pattern.compile(", [literal], ");")].join("\n");
}

function template(model: ClientModel, name: string): string {
  const filled = fillTemplate(new URL(`templates/${name}.java.template`, import.meta.url), {
    PACKAGE: packageName(model),
    SOURCE: model.source,
    USER_ID_FORMAT: model.userId.format,
    USER_ID_FORM: userIdForm(pattern(model.userId.pattern) ?? '""'),
    PLAN_HASH: text(model.hash),
    PLAN_PROPERTY: text(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "found != null" : "false",
  });
  return `${headerLine(model, "//")}\n\n${filled}`;
}

function eventText(shape: EventShape): string {
  const { event, name } = shape;
  const { deprecated } = event;
  const use =
    deprecated?.to === undefined ? "No longer in use." : `Use {@link ${pascalCase(deprecated.to)}}.`;
  const until = deprecated?.removeAfter === undefined ? "" : ` Removed after ${deprecated.removeAfter}.`;
  const owner = event.owner === undefined ? "" : `Owner: ${event.owner}.`;
  return [
    ...declarations(shape.declarations),
    [
      ...docComment(
        [event.description ?? event.name, owner, deprecated ? `@deprecated ${use}${until}` : ""],
        "  ",
      ),
      ...(deprecated ? ["  @Deprecated"] : []),
      `  public static final class ${name} extends Event {`,
      "    private static final Rule RULE = rule();",
      "",
      membersText(name, shape.members, {
        indent: "    ",
        superCall: `super(${text(event.name)}, RULE, ${String(event.resets)});`,
      }),
      "",
      ruleFunction("rule", shape.rule, "    "),
      "  }",
    ].join("\n"),
  ].join("\n\n");
}

function profileText(shape: ProfileShape): string {
  const { property } = shape;
  const parts = property.operations.flatMap((operation) => {
    const name = camelCase(profileWords(property.id, operation).join(" "));
    const operand = operandShape(shape, operation);
    const rule = operandRule(property.rule, operation);
    const nullable = property.type.nullable === true && operation.startsWith("$set");
    const parameters =
      operand === undefined ? [] : [`${nullable ? boxedType(operand) : plainType(operand)} value`];
    const method = [
      ...docComment([property.description ?? property.name], "  "),
      ...call(`  public static ProfileUpdate ${name}(`, parameters, ") {"),
      ...call(
        "    return new ProfileUpdate(",
        [
          text(operation),
          text(property.name),
          operand ? "value" : "null",
          operand && rule ? `${name}Rule()` : "null",
        ],
        ");",
      ),
      "  }",
    ].join("\n");
    return operand && rule ? [method, ruleFunction(`${name}Rule`, rule, "  ")] : [method];
  });
  return [...declarations(shape.declarations), ...parts].join("\n\n");
}

function domainText(model: ClientModel, domain: ClientDomain, { className, names }: DomainNames): string {
  const parts = [
    ...domain.events.map((event) => eventText(eventShape(event, names))),
    ...domain.profile.map((property) => profileText(profileShape(property, names))),
    `  private ${className}() {}`,
  ];
  const body = parts.join("\n\n");
  const imports = [
    ...(/\bInstant\b/.test(body) ? ["import java.time.Instant;"] : []),
    ...(/\bList</.test(body) ? ["import java.util.List;"] : []),
    ...(/\bMap</.test(body) ? ["import java.util.Map;"] : []),
  ];
  return `${[
    headerLine(model, "//"),
    "",
    `package ${packageName(model)};`,
    "",
    ...(imports.length === 0 ? [] : [...imports, ""]),
    `/** Events and profile properties of the plan's ${domain.name} file. */`,
    `public final class ${className} {`,
    body,
    "}",
  ].join("\n")}\n`;
}

interface DomainNames {
  readonly className: string;
  readonly names: TakenNames;
}

/** Java: a package with one class a plan file, `Analytics` to call, `Recording` for tests. */
export const java: Generator = {
  language: "java",
  adapters: { "mixpanel-android": "client", "mixpanel-java": "server" },
  generate(model): readonly GeneratedFile[] {
    const names = new TakenNames(CLASS_RESERVED);
    const file = (name: string, content: string): GeneratedFile => ({ path: `${name}.java`, text: content });
    const classes = model.domains.map((domain) => names.claim(`${pascalCase(domain.name)}Events`));
    return [
      ...model.domains.map((domain, index) => {
        const className = classes[index] ?? "";
        return file(className, domainText(model, domain, { className, names }));
      }),
      ...SHARED.map((name) => file(name, template(model, name))),
      ...BY_TRUST.map((name) => file(name, template(model, `${name}-${model.trust}`))),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(pascalCase(adapter), template(model, pascalCase(adapter))),
      ),
    ];
  },
};

// The Kotlin generator: Android and servers.
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
import { docComment, pattern, ruleLines, text } from "./literals.ts";
import { CLASS_RESERVED } from "./reserved.ts";
import { classText, declarations, kotlinType } from "./types.ts";

const OWN_FILES: ReadonlySet<string> = new Set([
  "Plumbline",
  "Checks",
  "Recording",
  "MixpanelAndroid",
  "MixpanelJava",
]);

function packageName({ settings }: ClientModel): string {
  return settings.package ?? "analytics";
}

function template(model: ClientModel, name: string): string {
  const filled = fillTemplate(new URL(`templates/${name}.kt.template`, import.meta.url), {
    PACKAGE: packageName(model),
    SOURCE: model.source,
    USER_ID_FORMAT: model.userId.format,
    USER_ID_PATTERN: pattern(model.userId.pattern) ?? '""',
    PLAN_HASH: text(model.hash),
    PLAN_PROPERTY: text(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "found != null" : "false",
  });
  return `${headerLine(model, "//")}\n\n${filled}`;
}

function deprecation({ event }: EventShape): readonly string[] {
  const { deprecated } = event;
  if (!deprecated) return [];
  const until = deprecated.removeAfter === undefined ? "" : ` Removed after ${deprecated.removeAfter}.`;
  if (deprecated.to === undefined) return [`@Deprecated(${text(`No longer in use.${until}`)})`];
  const to = pascalCase(deprecated.to);
  return [`@Deprecated(${text(`Use ${to}.${until}`)}, ReplaceWith(${text(to)}))`];
}

function eventText(shape: EventShape): string {
  const { event, name } = shape;
  const owner = event.owner === undefined ? "" : `Owner: ${event.owner}.`;
  const body = ["    override val head: EventHead get() = HEAD", ""];
  const head = [
    "",
    "    private companion object {",
    "        private val HEAD: EventHead = EventHead(",
    `            name = ${text(event.name)},`,
    ...ruleLines(shape.rule, "            ", { before: "            rule = ", after: "," }),
    ...(event.resets ? ["            endsSession = true,"] : []),
    "        )",
    "    }",
  ];
  const doc = [...docComment([event.description ?? event.name, owner], ""), ...deprecation(shape)];
  const written = classText(name, shape.members, { doc, extending: "Event()", body });
  return [...declarations(shape.declarations), `${written.slice(0, -2)}\n${head.join("\n")}\n}`].join("\n\n");
}

function profileText(shape: ProfileShape): string {
  const { property } = shape;
  const functions = property.operations.map((operation) => {
    const name = camelCase(profileWords(property.id, operation).join(" "));
    const operand = operandShape(shape, operation);
    const doc = docComment([property.description ?? property.name], "");
    if (operand === undefined)
      return [
        ...doc,
        `public fun ${name}(): ProfileUpdate = ProfileUpdate(${text(operation)}, ${text(property.name)})`,
      ].join("\n");
    const rule = operandRule(property.rule, operation);
    const constant = `${name}Rule`;
    const type = kotlinType(operand);
    const nullable = property.type.nullable === true && operation.startsWith("$set") && !type.endsWith("?");
    return [
      ...(rule
        ? [...ruleLines(rule, "", { before: `private val ${constant}: Rule = `, after: "" }), ""]
        : []),
      ...doc,
      `public fun ${name}(value: ${type}${nullable ? "?" : ""}): ProfileUpdate = ` +
        `ProfileUpdate(${text(operation)}, ${text(property.name)}, value${rule ? `, ${constant}` : ""})`,
    ].join("\n");
  });
  return [...declarations(shape.declarations), ...functions].join("\n\n");
}

function domainText(model: ClientModel, domain: ClientDomain, names: TakenNames): string {
  const body = [
    ...domain.events.map((event) => eventText(eventShape(event, names))),
    ...domain.profile.map((property) => profileText(profileShape(property, names))),
  ].join("\n\n");
  return `${[
    headerLine(model, "//"),
    "",
    `package ${packageName(model)}`,
    ...(/\bInstant\b/.test(body) ? ["", "import java.time.Instant"] : []),
    "",
    body,
  ].join("\n")}\n`;
}

/** Kotlin: a package with one file a plan file, `Plumbline.kt` with `Analytics` to call, `Recording.kt` for tests. */
export const kotlin: Generator = {
  language: "kotlin",
  adapters: { "mixpanel-android": "client", "mixpanel-java": "server" },
  generate(model): readonly GeneratedFile[] {
    const names = new TakenNames(CLASS_RESERVED);
    const file = (name: string, content: string): GeneratedFile => ({ path: `${name}.kt`, text: content });
    return [
      ...model.domains.map((domain) =>
        file(freeOf(OWN_FILES, pascalCase(domain.name)), domainText(model, domain, names)),
      ),
      file("Checks", template(model, "Checks")),
      file("Plumbline", template(model, `Plumbline-${model.trust}`)),
      file("Recording", template(model, `Recording-${model.trust}`)),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(pascalCase(adapter), template(model, pascalCase(adapter))),
      ),
    ];
  },
};

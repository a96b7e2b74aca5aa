// The Go generator: servers and jobs, Go 1.21 and later.
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
import { camelCase, freeOf, snakeCase } from "../names/words.ts";
import { dropsInvalid } from "../settings.ts";
import { fillTemplate } from "../template.ts";
import { comment, pattern, ruleVariable, text } from "./literals.ts";
import { declarations, goName, goType, structLines, wire } from "./types.ts";

const OWN_FILES: ReadonlySet<string> = new Set(["plumbline", "checks", "recording", "mixpanel_go"]);
/** What the package declares itself. */
const OWN_NAMES =
  "Operation OperationSet OperationSetOnce OperationAdd OperationAppend OperationUnion OperationRemove OperationUnset Sink Problem ErrUserID " +
  "UserId UserID ParseUserID Ptr Event Update Options Client NewClient TrackOption At InsertId InsertID Recording TrackedEvent ProfileUpdate " +
  "MixpanelSink";
const OPERATION_NAMES: Readonly<Record<ProfileOperation, string>> = {
  $set: "OperationSet",
  $set_once: "OperationSetOnce",
  $add: "OperationAdd",
  $append: "OperationAppend",
  $union: "OperationUnion",
  $remove: "OperationRemove",
  $unset: "OperationUnset",
  $delete: "OperationDelete",
};

function packageName({ settings }: ClientModel): string {
  return (settings.package ?? "analytics").replace(/[^A-Za-z0-9]/g, "").toLowerCase();
}

function template(model: ClientModel, name: string): string {
  return fillTemplate(new URL(`templates/${name}.go.template`, import.meta.url), {
    PACKAGE: packageName(model),
    SOURCE: model.source,
    USER_ID_FORMAT: model.userId.format,
    USER_ID_PATTERN: pattern(model.userId.pattern) ?? '""',
    PLAN_HASH: text(model.hash),
    PLAN_PROPERTY: text(model.planProperty),
    REFUSED: dropsInvalid(model.settings) ? "f != nil" : "false",
  });
}

function deprecation({ event }: EventShape): string {
  const { deprecated } = event;
  if (!deprecated) return "";
  const use = deprecated.to === undefined ? "no longer in use" : `use ${goName(deprecated.to)}`;
  return `Deprecated: ${use}.${deprecated.removeAfter === undefined ? "" : ` Removed after ${deprecated.removeAfter}.`}`;
}

function eventText(shape: EventShape): string {
  const { event, members } = shape;
  const name = goName(shape.name);
  const rule = `${camelCase(shape.name)}Rule`;
  const owner = event.owner === undefined ? "" : `Owner: ${event.owner}.`;
  const doc = comment([
    `${name} is the event ${text(event.name)}. ${event.description ?? ""}`,
    owner,
    deprecation(shape),
  ]);
  return [
    ...declarations(shape.declarations),
    structLines(name, members, { doc, receiver: "e" }),
    [
      `func (e ${name}) call() (string, map[string]any, *rule) {`,
      `\treturn ${text(event.name)}, e.wire(), &${rule}`,
      "}",
    ].join("\n"),
    ruleVariable(rule, shape.rule),
  ].join("\n\n");
}

function profileText(shape: ProfileShape): string {
  const { property } = shape;
  const about = property.description === undefined ? "" : ` ${property.description}`;
  const functions = property.operations.map((operation) => {
    const name = goName(profileWords(property.id, operation).join(" "));
    const doc = comment([`${name} is for the profile property ${text(property.name)}.${about}`]);
    const operand = operandShape(shape, operation);
    const base = `operation: ${OPERATION_NAMES[operation]}, name: ${text(property.name)}`;
    if (operand === undefined)
      return [...doc, `func ${name}() Update {`, `\treturn Update{${base}}`, "}"].join("\n");
    const rule = operandRule(property.rule, operation);
    const variable = `${camelCase(profileWords(property.id, operation).join(" "))}Rule`;
    return [
      ...(rule ? [ruleVariable(variable, rule), ""] : []),
      ...doc,
      `func ${name}(value ${goType(operand)}) Update {`,
      `\treturn Update{${base}, value: ${wire(operand, "value")}${rule ? `, rule: &${variable}` : ""}}`,
      "}",
    ].join("\n");
  });
  return [...declarations(shape.declarations), ...functions].join("\n\n");
}

function domainText(model: ClientModel, domain: ClientDomain, names: TakenNames): string {
  const body = [
    ...domain.events.map((event) => eventText(eventShape(event, names))),
    ...domain.profile.map((property) => profileText(profileShape(property, names))),
  ].join("\n\n");
  const imports = [
    ...(body.includes("regexp.MustCompile(") ? ["regexp"] : []),
    ...(body.includes("time.Time") ? ["time"] : []),
  ];
  const importText =
    imports.length < 2
      ? imports.map((name) => `import "${name}"\n`).join("")
      : `import (\n${imports.map((name) => `\t"${name}"\n`).join("")})\n`;
  return `\npackage ${packageName(model)}\n${importText === "" ? "" : `\n${importText}`}${body === "" ? "" : `\n${body}\n`}`;
}

/** Go: a package with one file a plan file, `plumbline.go` and `checks.go` as its runtime, `recording.go` for tests. */
export const go: Generator = {
  language: "go",
  trusts: ["server"],
  adapters: { "mixpanel-go": "server" },
  generate(model): readonly GeneratedFile[] {
    const names = new TakenNames(OWN_NAMES.split(" "));
    const file = (name: string, body: string): GeneratedFile => ({
      path: `${name}.go`,
      // The second line is the mark that Go's own tools know.
      text: `${headerLine(model, "//")}\n// Code generated by plumbline. DO NOT EDIT.\n${body}`,
    });
    return [
      // `_test` at the end of a name means something to Go.
      ...model.domains.map((domain) =>
        file(
          freeOf(OWN_FILES, snakeCase(domain.name).replace(/_(?=test$)/, "")),
          domainText(model, domain, names),
        ),
      ),
      ...["plumbline", "checks", "recording"].map((name) => file(name, template(model, name))),
      ...(model.settings.adapters ?? []).map((adapter) =>
        file(snakeCase(adapter), template(model, snakeCase(adapter))),
      ),
    ];
  },
};

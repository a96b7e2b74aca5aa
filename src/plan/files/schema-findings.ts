// Checks a located document against a JSON Schema; every mistake becomes a finding with its place and, for names, what was probably meant.
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { Finding, JsonObject } from "../../core/index.ts";
import { didYouMean, type DocumentPath, type LocatedDocument } from "./located-document.ts";

interface Described {
  readonly message: string;
  readonly fix?: string;
  /** The member that is wrong, below the error's own path. */
  readonly member?: string;
}

/** Keywords that only say that a branch did not fit; the branch's own errors say more. */
const STRUCTURAL: ReadonlySet<string> = new Set(["anyOf", "oneOf", "if", "propertyNames"]);

function unknownKey(member: string, known: readonly string[]): Described {
  const meant = didYouMean(member, known);
  const fix = meant === undefined ? `Use one of: ${known.join(", ")}.` : `Did you mean \`${meant}\`?`;
  return { message: `Unknown key \`${member}\``, fix, member };
}

function describe({ keyword, params, parentSchema, propertyName, message, data }: ErrorObject): Described {
  const schema = (parentSchema ?? {}) as { readonly properties?: object; readonly description?: string };
  switch (keyword) {
    case "additionalProperties":
      return unknownKey(String(params["additionalProperty"]), Object.keys(schema.properties ?? {}));
    case "required":
      return { message: `\`${String(params["missingProperty"])}\` is missing` };
    case "enum": {
      const allowed = (params["allowedValues"] as readonly unknown[]).map(String);
      const meant = typeof data === "string" ? didYouMean(data, allowed) : undefined;
      const text = `Must be one of: ${allowed.join(", ")}`;
      return meant === undefined ? { message: text } : { message: text, fix: `Did you mean \`${meant}\`?` };
    }
    case "const":
      return { message: `Must be ${JSON.stringify(params["allowedValue"])}` };
    case "type":
      return { message: `Must be of type ${String(params["type"])}` };
    case "pattern": {
      const form = schema.description === undefined ? "" : `: ${schema.description}`;
      return propertyName === undefined
        ? { message: `Does not have the right form${form}` }
        : {
            message: `The key \`${propertyName}\` does not have the right form${form}`,
            member: propertyName,
          };
    }
    default:
      return { message: message ?? keyword };
  }
}

function pathOf(pointer: string): DocumentPath {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** A mistake of shape, and the path of what is wrong. */
export interface ShapeFinding {
  readonly finding: Finding;
  readonly path: DocumentPath;
}

export interface SchemaChecker {
  check(document: LocatedDocument): readonly ShapeFinding[];
}

/** Compiles a schema. `prefix` stands before the finding ids `bad-value` and `unknown-key`. */
export function makeSchemaChecker(schema: JsonObject, prefix = ""): SchemaChecker {
  let validate: ValidateFunction | undefined;
  return {
    check: (document) => {
      validate ??= new Ajv2020({
        allErrors: true,
        verbose: true,
        // The schemas are this project's own, and tests hold them to the meta-schema: compiling it would cost every command a tenth of a second.
        validateSchema: false,
        code: { optimize: false },
        strict: true,
        strictRequired: false,
        strictTypes: false,
      }).compile(schema);
      if (validate(document.value) === true) return [];
      const errors = validate.errors ?? [];
      const own = errors.filter(({ keyword }) => !STRUCTURAL.has(keyword));
      return (own.length > 0 ? own : errors).map((error) => toFinding(error, document, prefix));
    },
  };
}

function toFinding(error: ErrorObject, document: LocatedDocument, prefix: string): ShapeFinding {
  const { message, fix, member } = describe(error);
  const path = [...pathOf(error.instancePath), ...(member === undefined ? [] : [member])];
  const finding: Finding = {
    id: `${prefix}${error.keyword === "additionalProperties" ? "unknown-key" : "bad-value"}`,
    level: "error",
    at: path.join("."),
    where: document.locate(path),
    message,
    ...(fix === undefined ? {} : { fix }),
  };
  return { finding, path };
}

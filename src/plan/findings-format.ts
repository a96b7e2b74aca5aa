// Findings for machines: JSON, SARIF 2.1.0, GitHub annotations; and plain text without colours.
import { assertNever, type Finding } from "../core/index.ts";

export type FindingsFormat = "text" | "json" | "sarif" | "github";

const SARIF_LEVELS = { error: "error", warn: "warning", info: "note" } as const;
const GITHUB_LEVELS = { error: "error", warn: "warning", info: "notice" } as const;
const DOCS = "https://github.com/plumbline/plumbline/blob/main/docs/findings";

function textOf({ where, level, message, fix, id, at }: Finding): string {
  const place = where === undefined ? "" : `${where.file}:${where.line}:${where.column}: `;
  return `${place}${level}: ${message} [${id}] ${at}${fix === undefined ? "" : `\n    ${fix}`}`;
}

/** Where the page of a finding is. */
export type HelpUri = (id: string) => string;

const pageOf: HelpUri = (id) => `${DOCS}/${id}.md`;

function sarifOf(findings: readonly Finding[], helpUri: HelpUri): object {
  const ids = [...new Set(findings.map(({ id }) => id))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "plumbline",
            informationUri: DOCS,
            rules: ids.map((id) => ({ id, helpUri: helpUri(id) })),
          },
        },
        results: findings.map(({ id, level, message, fix, where, at }) => ({
          ruleId: id,
          level: SARIF_LEVELS[level],
          message: { text: fix === undefined ? message : `${message}. ${fix}` },
          locations: [
            {
              ...(where === undefined
                ? {}
                : {
                    physicalLocation: {
                      artifactLocation: { uri: where.file },
                      region: { startLine: where.line, startColumn: where.column },
                    },
                  }),
              logicalLocations: [{ fullyQualifiedName: at }],
            },
          ],
        })),
      },
    ],
  };
}

/** Workflow commands take one line; these characters would end it. Source (read 2026-11): GitHub "Workflow commands". */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function githubOf({ level, where, id, message, fix, at }: Finding): string {
  const place =
    where === undefined ? "" : `file=${escapeProperty(where.file)},line=${where.line},col=${where.column},`;
  const text = `${message} (${at})${fix === undefined ? "" : `\n${fix}`}`;
  return `::${GITHUB_LEVELS[level]} ${place}title=${escapeProperty(id)}::${escapeData(text)}`;
}

/** Prints findings in a format. `helpUri` is for findings that are explained elsewhere. */
export function formatFindings(
  findings: readonly Finding[],
  format: FindingsFormat,
  { helpUri = pageOf }: { readonly helpUri?: HelpUri } = {},
): string {
  switch (format) {
    case "text":
      return findings.map(textOf).join("\n");
    case "json":
      return JSON.stringify({ findings }, null, 2);
    case "sarif":
      return JSON.stringify(sarifOf(findings, helpUri), null, 2);
    case "github":
      return findings.map(githubOf).join("\n");
    default:
      return assertNever(format);
  }
}

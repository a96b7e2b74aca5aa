// A file around its calls: whose code it is, and whether an argument brings a flag, also by a name that the file defines.
// It decides only by what stands in the file: what may come from elsewhere is believed.
import type { CodeSide, ScanLanguage, ServerFlag } from "./call-site.ts";

/** The file around calls. */
export interface FileText {
  readonly language: ScanLanguage;
  readonly text: string;
  readonly side: CodeSide;
  /** Mixpanel is named somewhere. */
  readonly isOfMixpanel: boolean;
}

const STANDS: Readonly<Record<ServerFlag, RegExp>> = {
  $ip: /\$ip\b/,
  $ignore_time: /\$ignore_time\b/,
  ip: /(?<![$\w])ip(?!\w)/,
};
const STATEMENT_MAX_CHARACTERS = 2000;

/** What of a file decides about its calls; once, since a file has many. */
export function makeFileText(language: ScanLanguage, text: string): FileText {
  return { language, text, side: codeSide(language, text), isOfMixpanel: /mixpanel/i.test(text) };
}

function codeSide(language: ScanLanguage, text: string): CodeSide {
  switch (language) {
    case "swift":
      return "client";
    case "javascript":
      if (/["'](?:mixpanel-browser|mixpanel-react-native)["']/.test(text)) return "client";
      return /(?:from|require\(|import\()\s*["']mixpanel["']/.test(text) ? "server" : "unknown";
    case "java":
    case "kotlin":
      return text.includes("com.mixpanel.mixpanelapi") ? "server" : "client";
    case "python":
    case "ruby":
    case "php":
    case "go":
      return "server";
  }
}

/** Lines that say what a name of the file is; `undefined`: it comes from elsewhere. */
function definitionOf(name: string, text: string): string | undefined {
  const bare = (/^[^.:>-]+/.exec(name)?.[0] ?? name).replaceAll("$", String.raw`\$`);
  const made = new RegExp(
    // At the beginning of a line: a named argument is no definition.
    String.raw`^[ \t]*(?:[\w<>[\].?,]+[ \t]+){0,4}${bare}(?:(?:\s*:[^=\n;,)]*)?\s*(?::=|=)(?![=>])|\.(?:put|set|merge|update)\b|\[)`,
    "gm",
  );
  const found = [...text.matchAll(made)].map(({ index }) => statementAt(index, text));
  return found.length === 0 ? undefined : found.join("\n");
}

/** A statement from where it begins: to the end of the line on which all brackets are closed. */
function statementAt(from: number, text: string): string {
  let depth = 0;
  const end = Math.min(text.length, from + STATEMENT_MAX_CHARACTERS);
  for (let at = from; at < end; at += 1) {
    const character = text.charAt(at);
    if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character)) depth -= 1;
    if (character !== "\n" || depth > 0) continue;
    const isGoingOn = /^\s*\./.test(text.slice(at, at + 80)) || /[=,]\s*$/.test(text.slice(from, at));
    if (!isGoingOn) return text.slice(from, at);
  }
  return text.slice(from, end);
}

const NAME = /^(?:\*\*|\.\.\.|&|\w+\s*[=:]\s*)?(\$?[A-Za-z_][\w.]*)$/;
const SPREAD = /(?:\.\.\.|\*\*)\s*(\$?[A-Za-z_][\w.]*)/g;
const MAKER = /^(?:new\s+)?(?:array|dict|Map\.of|mapOf|JSONObject|map\[string\])/;
const CALL = /^(?:await\s+)?[\w.$>:-]+\(/;

/** Whether an argument brings a flag; what cannot be told from the file counts as brought. */
export function brings(argument: string, flag: ServerFlag, { text }: FileText): boolean {
  if (STANDS[flag].test(argument)) return true;
  if (/^(?:nil|null|None|undefined|true|false)$/.test(argument)) return false;
  const named = NAME.exec(argument)?.[1];
  const names = [
    ...(named === undefined ? [] : [named]),
    ...[...argument.matchAll(SPREAD)].map(([, name = ""]) => name),
  ];
  if (names.length === 0) return CALL.test(argument) && !MAKER.test(argument);
  return names.some((name) => {
    const definition = definitionOf(name, text);
    return definition === undefined || STANDS[flag].test(definition);
  });
}

// Names that a TypeScript export cannot have, or that the generated files use themselves.

/** Reserved words of ECMAScript modules, and names that the generated files import. */
export const RESERVED: ReadonlySet<string> = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if " +
    "implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof " +
    "undefined var void while with yield event profile unset process"
  ).split(" "),
);

// Names that a Python method or parameter of the generated client cannot have.

/** Keywords of Python 3 and what the generated files use themselves. */
export const PYTHON_RESERVED: ReadonlySet<string> = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield match case type self user_id time insert_id value " +
    "problem_count Any Literal TypedDict Rule Client Operation UserId datetime re deprecated"
  ).split(" "),
);

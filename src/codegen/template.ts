// Template files of a language: real files in that language, with `PLUMBLINE_…` where a plan's values go.
import { readFileSync } from "node:fs";
import { AppError } from "../core/index.ts";

const PLACEHOLDER = /PLUMBLINE_[A-Z][A-Z_]*/g;

/** Reads a template beside a module and fills in every placeholder, whose names come without `PLUMBLINE_`. */
export function fillTemplate(file: URL, values: Readonly<Record<string, string>>): string {
  return readFileSync(file, "utf8").replace(PLACEHOLDER, (found) => {
    const value = values[found.slice("PLUMBLINE_".length)];
    if (value === undefined)
      throw new AppError(
        "INTERNAL",
        `Cannot fill ${file.pathname.replace(/^.*\//, "")}: no value for ${found}`,
      );
    return value;
  });
}

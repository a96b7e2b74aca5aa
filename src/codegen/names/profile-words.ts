// What the function of a profile property and operator is called, as words: every language puts them together in its own way.
import { assertNever } from "../../core/index.ts";
import type { ProfileOperation } from "../../plan/index.ts";
import { words } from "./words.ts";

/** `$append` of `favouriteColours` is `append to favourite colours`. */
export function profileWords(id: string, operation: ProfileOperation): readonly string[] {
  const name = words(id);
  switch (operation) {
    case "$set":
      return ["set", ...name];
    case "$set_once":
      return ["set", ...name, "once"];
    case "$add":
      return ["increment", ...name];
    case "$append":
      return ["append", "to", ...name];
    case "$union":
      return ["union", ...name];
    case "$remove":
      return ["remove", "from", ...name];
    case "$unset":
      return ["unset", ...name];
    case "$delete":
      return ["delete", ...name];
    default:
      return assertNever(operation);
  }
}

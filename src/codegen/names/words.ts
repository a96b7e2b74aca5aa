// Names as languages spell them. A plan's ids and wire names are cut into words; each language puts them together again.

/** Cuts `userSignsUp`, `plan_tier`, `$email`, `HTTPStatus2xx` into lower-case words. */
export function words(text: string): readonly string[] {
  return text
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase());
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** A name may not begin with a digit in any of the languages. */
function notDigitFirst(name: string, prefix: string): string {
  return name === "" || /^[0-9]/.test(name) ? `${prefix}${name}` : name;
}

/** `userSignsUp` */
export function camelCase(text: string): string {
  const [first = "", ...rest] = words(text);
  return notDigitFirst([first, ...rest.map(capital)].join(""), "n");
}

/** `UserSignsUp` */
export function pascalCase(text: string): string {
  return notDigitFirst(words(text).map(capital).join(""), "N");
}

/** `user_signs_up` */
export function snakeCase(text: string): string {
  return notDigitFirst(words(text).join("_"), "n_");
}

/** Makes a name free for use: a reserved word gets an underscore at its end. */
export function freeOf(reserved: ReadonlySet<string>, name: string): string {
  return reserved.has(name) ? `${name}_` : name;
}

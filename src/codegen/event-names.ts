// What an event is called in generated code, by language: what a scan of application code looks for.
import { goName } from "./go/types.ts";
import { pascalCase } from "./names/words.ts";
import { eventMethod as phpMethod } from "./php/domain-file.ts";
import { eventMethod as pythonMethod } from "./python/domain-file.ts";
import { eventMethod as rubyMethod } from "./ruby/domain-file.ts";
import { eventFunction } from "./typescript/domain-file.ts";

/** Function, method or type of an event, by language. */
export const EVENT_NAMES: Readonly<Record<string, (id: string) => string>> = {
  typescript: eventFunction,
  php: phpMethod,
  python: pythonMethod,
  ruby: rubyMethod,
  go: goName,
  java: pascalCase,
  kotlin: pascalCase,
  swift: pascalCase,
};

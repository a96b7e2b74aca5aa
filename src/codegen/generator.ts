// The interface between the plan and a language. A team's own generator is a module whose default export is one of these.
import type { Trust } from "../plan/index.ts";
import type { ClientModel } from "./model/client-model.ts";

export interface GeneratedFile {
  /** Below the source's `out`, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Makes the files of one client. Pure: the same model gives the same bytes. */
export interface Generator {
  readonly language: string;
  /** Kinds of source that it writes clients for; default: both. */
  readonly trusts?: readonly Trust[];
  /** Adapters that `generate.adapters` may ask for, and the kind of source that each is for. */
  readonly adapters: Readonly<Record<string, Trust>>;
  generate(model: ClientModel): readonly GeneratedFile[];
}

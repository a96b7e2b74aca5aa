// The shapes of Lexicon entities, as Plumbline writes them. Source (read 2026-11): Mixpanel "Lexicon Schemas API".

/** One entity of Lexicon: an event, or the user profile as a whole. */
export interface LexiconEntity {
  readonly entityType: "event" | "profile";
  readonly name: string;
  readonly schemaJson: LexiconSchema;
}

export interface LexiconProperty {
  readonly type: string;
  readonly description: string | null;
}

export interface LexiconSchema {
  readonly $schema: string;
  readonly description: string | null;
  readonly properties: Readonly<Record<string, LexiconProperty>>;
  readonly required: readonly string[];
  /** A key that is absent keeps its value there; `null` clears it. */
  readonly metadata?: { readonly "com.mixpanel": Readonly<Record<string, unknown>> };
}

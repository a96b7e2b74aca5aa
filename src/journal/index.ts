export { openJournal, type EmbeddedJournal, type JournalOptions } from "./open-journal.ts";
export type { RetentionPolicy } from "./retention.ts";

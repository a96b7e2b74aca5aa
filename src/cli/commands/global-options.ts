// Options that every command has.

export interface GlobalOptions {
  readonly json?: boolean;
  readonly config?: string;
}

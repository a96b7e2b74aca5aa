// A file of lines beside a step, for people: as long as the journal says. What a crash left behind that is cut off before more is written.
import { type FileHandle, open } from "node:fs/promises";

export class KeptLines {
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Opens the file, or makes it; only this user may read it. */
  static async open(file: string, bytes: number): Promise<KeptLines> {
    const handle = await open(file, "a+", 0o600);
    await handle.truncate(bytes);
    return new KeptLines(handle, bytes);
  }

  /** Length on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Durable when the promise resolves. */
  async append(values: readonly object[]): Promise<void> {
    if (values.length === 0) return;
    const text = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
    await this.#handle.appendFile(text);
    await this.#handle.datasync();
    this.#bytes += text.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

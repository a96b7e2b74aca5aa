// How a loop waits for work: until it is woken, the time is over, or the signal comes.

export class WakeUp {
  #wake: () => void = () => undefined;

  /** Ends a wait that is under way; without one, nothing. A wake that comes between two waits is caught by the next poll. */
  wake(): void {
    this.#wake();
  }

  async wait(maxMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, maxMs);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

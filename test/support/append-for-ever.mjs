// Child process of the journal's test: appends without end and prints each acknowledged position.
import { openJournal } from "../../dist/journal/index.js";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const journal = await openJournal({
  directory: process.argv[2],
  clock: { now: () => Date.now() },
  log: quiet,
});
const lane = async () => {
  for (;;) process.stdout.write(`${await journal.append("raw", Buffer.alloc(400, 7))}\n`);
};
await Promise.all(Array.from({ length: 16 }, lane));

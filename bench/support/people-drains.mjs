// Measure: how fast the log is read, against a connection that only counts bytes and against a library, on the same log.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { openBenchPeople, run, SIZES } from "./people-database.mjs";

const execute = promisify(execFile);
const DRAIN = new URL("people-drain.mjs", import.meta.url).pathname;
const ROWS_PER_TRANSACTION = 100;
const TARGET_PER_SECOND = 120_000;

export async function drain(kind, { url, provider, slot, changes }) {
  const args = [
    ...(process.env.PLUMBLINE_BENCH_PROFILE
      ? ["--cpu-prof", `--cpu-prof-dir=${process.env.PLUMBLINE_BENCH_PROFILE}`]
      : []),
    DRAIN,
    kind,
    url,
    provider.url,
    slot,
    String(changes),
  ];
  const { stdout } = await execute(process.execPath, args, { maxBuffer: 2 ** 24 });
  const result = JSON.parse(stdout);
  return { ...result, rate: changes / result.seconds };
}

async function makeSlots(url, names) {
  for (const name of names)
    await run(url, `select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
}

async function dropSlots(url) {
  await run(
    url,
    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active",
  );
}

export async function measureDrain({ postgres, provider }) {
  const { changes } = SIZES;
  const url = await postgres.createDatabase();
  const people = await openBenchPeople({ url, provider: provider.url });
  await people.setup();
  await people.close();
  const name = new URL(url).pathname.slice(1);
  const slots = Object.fromEntries(
    ["cold", "bare", "ours", "library", "marks"].map((kind) => [kind, `${name}_${kind}`]),
  );
  await makeSlots(url, Object.values(slots));
  await run(
    url,
    `do $$ begin set local synchronous_commit = off; for i in 0..${changes / ROWS_PER_TRANSACTION - 1} loop
     update orders set total = total + 1 where id > i * ${ROWS_PER_TRANSACTION} and id <= (i + 1) * ${ROWS_PER_TRANSACTION}; commit; end loop; end $$`,
  );
  const ask = (kind) => ({ url, provider, slot: slots[kind], changes });
  // The first to read finds the log on disk, the others in memory.
  await drain("bare", { ...ask("bare"), slot: slots.cold });
  const bare = await drain("bare", ask("bare"));
  const ours = await drain("ours", ask("ours"));
  const library = await drain("library", ask("library"));
  const marked = await drain("marks", ask("marks"));
  await dropSlots(url);
  const huge = `${name}_huge`;
  await makeSlots(url, [huge]);
  await run(url, `update orders set total = total + 1 where id <= ${changes}`);
  const big = await drain("ours", { url, provider, slot: huge, changes });
  await dropSlots(url);
  const text = changes.toLocaleString("en-US");
  return [
    {
      measure: `log drained, keys only, ${text} changes in transactions of ${ROWS_PER_TRANSACTION}`,
      value: ours.rate,
      unit: "changes/s",
      ratio: ours.rate / bare.rate,
      against: `a connection that counts bytes (${Math.round(bare.rate).toLocaleString("en-US")}/s)`,
      target: `≥ ${TARGET_PER_SECOND.toLocaleString("en-US")}`,
      met: ours.rate >= TARGET_PER_SECOND,
      note: `${ours.cpuSeconds.toFixed(1)} CPU-s; ${Math.round(bare.bytes / changes)} bytes a change`,
    },
    {
      measure: "the same by pg-logical-replication 2.5.0",
      value: library.rate,
      unit: "changes/s",
      ratio: ours.rate / library.rate,
      against: "Plumbline's reader against it",
      note: `${library.cpuSeconds.toFixed(1)} CPU-s; the server's sender binds all three`,
    },
    {
      measure: `the same with marks on disk, ${marked.users.toLocaleString("en-US")} users`,
      value: marked.rate,
      unit: "changes/s",
      note: `${marked.flushes} transactions of marks; ${marked.cpuSeconds.toFixed(1)} CPU-s; ${Math.round(marked.peakMb)} MB`,
    },
    {
      measure: `one transaction of ${text} changes`,
      value: big.rate,
      unit: "changes/s",
      note: `memory ${Math.round(big.peakMb)} MB`,
    },
  ];
}

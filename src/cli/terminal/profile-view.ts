// Profiles as a destination acknowledges them, one line each, with names only: whose, which properties, which table's change it was, how long after it.
import pc from "picocolors";
import type { AcknowledgedNotice } from "../../people/index.ts";

const ID_CHARACTERS = 8;
const NAMES_MAX = 4;
const NAMES_WIDTH = 58;
const CAUSE_WIDTH = 50;
/** Lines a second; more are counted and told in one. */
const LINES_PER_SECOND = 5;

/** Line breaks and control characters in a name must not reach the terminal. */
function printable(text: string, most: number): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?");
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}

function changes({ set, unset, isDelete }: AcknowledgedNotice): string {
  if (isDelete) return "deleted";
  const all = [...set, ...unset.map((name) => `−${name}`)];
  const more = all.length > NAMES_MAX ? ` and ${all.length - NAMES_MAX} more` : "";
  return all.slice(0, NAMES_MAX).join(", ") + more;
}

/** The tables of a cause, without the position that stands behind them. */
function tables(cause: string): string {
  return cause.replace(/ at [0-9A-F]+\/[0-9A-F]+$/, "");
}

function lag(ms: number): string {
  return ms < 10_000 ? `${Math.max(0, Math.round(ms))} ms` : `${Math.round(ms / 1000)} s`;
}

/** One acknowledged profile as a line. */
export function profileLine(notice: AcknowledgedNotice): string {
  const time = new Date(notice.at).toISOString().slice(11, 19);
  const id = printable(notice.userId, ID_CHARACTERS + 1).slice(0, ID_CHARACTERS);
  const names = printable(changes(notice), NAMES_WIDTH).padEnd(NAMES_WIDTH);
  const after = pc.bold(lag(notice.lagMs).padStart(7));
  return `${pc.dim(time)} ${pc.blue("↑ profile    ")} ${pc.dim(id)} ${names} ${after} ${pc.dim(`after ${printable(tables(notice.cause), CAUSE_WIDTH)}`)}`;
}

export interface ProfileView {
  show(notices: readonly AcknowledgedNotice[]): void;
  /** Profiles acknowledged so far. */
  readonly count: number;
}

/** Makes the view; it writes to stderr. */
export function makeProfileView(): ProfileView {
  let [count, second, lines, skipped] = [0, 0, 0, 0];
  return {
    get count() {
      return count;
    },
    show: (notices) => {
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) {
        if (skipped > 0)
          process.stderr.write(`${pc.dim(`… and ${skipped} profiles more; so far ${count}`)}\n`);
        [second, lines, skipped] = [now, 0, 0];
      }
      for (const notice of notices) {
        count += 1;
        lines += 1;
        if (lines > LINES_PER_SECOND) skipped += 1;
        else process.stderr.write(`${profileLine(notice)}\n`);
      }
    },
  };
}

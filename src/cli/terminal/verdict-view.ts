// Verdicts as they fall, one line each, with names only: what was received, what became of it, and why.
import pc from "picocolors";
import { type Verdict, VERDICTS } from "../../core/index.ts";
import type { VerdictNotice } from "../../gateway/index.ts";

const COLOURS: Readonly<Record<Verdict, (text: string) => string>> = {
  accepted: pc.green,
  repaired: pc.cyan,
  stripped: pc.yellow,
  quarantined: pc.magenta,
  dropped: pc.red,
};
const SIGNS: Readonly<Record<Verdict, string>> = {
  accepted: "✓",
  repaired: "~",
  stripped: "-",
  quarantined: "!",
  dropped: "×",
};
const NAME_WIDTH = 28;
const REASONS_MAX = 3;
/** Lines a second; more are counted and told in one. */
const LINES_PER_SECOND = 25;

function reasons({ judged, name }: VerdictNotice): string {
  const repairs = judged.repairs.map(({ rule, at, from, to }) =>
    from === undefined || to === undefined ? `${rule} ${at}` : `${from === name ? "" : `${from} `}→ ${to}`,
  );
  const findings = judged.findings.map(({ id, at }) => `${id} ${at}`);
  const all = [...repairs, ...findings];
  const more = all.length > REASONS_MAX ? ` and ${all.length - REASONS_MAX} more` : "";
  return all.slice(0, REASONS_MAX).join(", ") + more;
}

/** Line breaks and control characters in a name must not reach the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?").slice(0, 60);
}

/** One verdict as a line. */
export function verdictLine(notice: VerdictNotice): string {
  const { verdict } = notice.judged;
  const time = new Date(notice.at).toISOString().slice(11, 19);
  const name = printable(notice.name).padEnd(NAME_WIDTH);
  const colour = COLOURS[verdict];
  return `${pc.dim(time)} ${colour(`${SIGNS[verdict]} ${verdict.padEnd(11)}`)} ${name} ${pc.dim(notice.source.padEnd(5))} ${pc.dim(printable(reasons(notice)))}`.trimEnd();
}

export interface VerdictView {
  show(notices: readonly VerdictNotice[]): void;
  /** How many of each verdict so far. */
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** Makes the view; it writes to stderr. */
export function makeVerdictView(): VerdictView {
  const counts: Record<Verdict, number> = {
    accepted: 0,
    repaired: 0,
    stripped: 0,
    quarantined: 0,
    dropped: 0,
  };
  let second = 0;
  let lines = 0;
  let skipped = 0;
  return {
    counts,
    show: (notices) => {
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) {
        if (skipped > 0) {
          const total = VERDICTS.map((verdict) => `${counts[verdict]} ${verdict}`).join(", ");
          process.stderr.write(`${pc.dim(`… and ${skipped} more; so far ${total}`)}\n`);
        }
        second = now;
        lines = 0;
        skipped = 0;
      }
      for (const notice of notices) {
        counts[notice.judged.verdict] += 1;
        lines += 1;
        if (lines > LINES_PER_SECOND) skipped += 1;
        else process.stderr.write(`${verdictLine(notice)}\n`);
      }
    },
  };
}

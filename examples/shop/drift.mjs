// Is it true? Every ten seconds: everybody's state recomputed and held against what Mixpanel acknowledged; once a minute, within Mixpanel's
// limit of sixty queries an hour, against what it really has.
import { setTimeout as pause } from "node:timers/promises";
import pc from "picocolors";
import { driftLine } from "../../dist/cli/commands/people/drift.js";
import { externalDrift, internalDrift } from "../../dist/people/index.js";

const EVERY_MS = 10_000;
const READ_BACK_EVERY = 6;
/** The local Mixpanel shows an update at once; the real one takes a while. */
const FRESH_MS = 2000;

async function measure(context, { signal, isReadBack }) {
  const [destination] = context.destinations;
  const internal = await internalDrift(context, destination, { signal });
  if (!isReadBack) return driftLine(internal);
  const external = await externalDrift(context, destination, { queries: 1, freshMs: FRESH_MS, signal });
  const { differing, checked } = external;
  return `${driftLine(internal)}; read back from Mixpanel: ${differing} of ${checked} differ`;
}

/**
 * Tells drift until the signal aborts.
 *
 * @param {{ context: () => Promise<object>, signal: AbortSignal, say: (text: string) => void }} options
 */
export async function tellDrift({ context, signal, say }) {
  for (let round = 0; !signal.aborted; round += 1) {
    await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const line = await measure(await context(), { signal, isReadBack: round % READ_BACK_EVERY === 0 });
      if (!signal.aborted) say(pc.bold(`         = ${line}`));
    } catch (error) {
      if (!signal.aborted) say(`drift could not be measured: ${error.message}`);
    }
  }
}

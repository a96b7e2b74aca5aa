// Where ids are read from for `plumbline ids check`: files of events, a raw export, the gateway's journal, and the profiles of a destination.
import type { Journal, ProviderReader } from "../../core/index.ts";
import { type IdTally, walkIds, type WalkOptions } from "../../cleanup/index.ts";
import { readReceived, type Receiver } from "../../gateway/index.ts";
import { EventLines } from "../../infer/index.ts";
import { type TrafficInput, withReason } from "../infer/open-traffic.ts";
import type { Output } from "../terminal/output.ts";

interface Telling {
  readonly output: Output;
  readonly progress: { show(text: string): void; end(): void };
}

/** Events of a file or an export. What is no event is counted and told. */
export async function tallyEvents(
  tally: IdTally,
  input: TrafficInput,
  { output, progress }: Telling,
): Promise<void> {
  const lines = new EventLines(({ properties }) => tally.addEvent(properties));
  try {
    for await (const bytes of input.bytes) {
      lines.push(bytes);
      progress.show(`ids: ${input.name}: ${tally.events.toLocaleString("en-US")} events`);
    }
  } catch (cause) {
    throw withReason(cause, input.name);
  }
  lines.end();
  progress.end();
  if (lines.brokenOff) output.note(`${input.name}: the export broke off before its end.`);
  if (lines.unreadable > 0)
    output.note(
      `${input.name}: ${lines.unreadable} of ${lines.lines} lines are no events; they were left out.`,
    );
}

/** What the journal still holds, as it was received: events, and updates of user profiles. */
export function tallyGateway(
  tally: IdTally,
  journal: Journal,
  options: { readonly receivers: readonly Receiver[]; readonly since: number },
): void {
  for (const { item } of readReceived(journal, options)) {
    if (item.kind === "event") tally.addEvent(item.properties);
    else if (item.kind === "profile" && item.groupKey === undefined) tally.addProfile(item.id);
  }
}

/** Ids of all profiles. */
export async function tallyProfiles(
  tally: IdTally,
  reader: Pick<ProviderReader, "profiles">,
  options: WalkOptions,
): Promise<void> {
  for await (const { ids, isFirst } of walkIds(reader, options)) {
    if (isFirst) tally.beginProfiles();
    for (const id of ids) tally.addProfile(id);
  }
}

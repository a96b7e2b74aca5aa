// Ids and names that a language cannot tell apart: every language puts the same words together again, so one rule holds for all.
import { AppError } from "../../core/index.ts";
import type { ClientModel } from "../model/client-model.ts";
import { words } from "./words.ts";

function refuseTwins(names: readonly string[], where: string): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const spelled = words(name).join(" ");
    const before = seen.get(spelled);
    if (before !== undefined)
      throw new AppError(
        "GENERATE_NAME_COLLISION",
        `Cannot generate ${where}: \`${before}\` and \`${name}\` are the same name in code`,
      );
    seen.set(spelled, name);
  }
}

/**
 * Refuses a model with two names that come out the same.
 *
 * @throws {AppError} `GENERATE_NAME_COLLISION`
 */
export function refuseCollisions(model: ClientModel): void {
  const client = `the client of ${model.source}`;
  refuseTwins(
    model.domains.flatMap(({ events }) => events.map(({ id }) => id)),
    client,
  );
  refuseTwins(
    model.domains.flatMap(({ profile }) => profile.map(({ id }) => id)),
    client,
  );
  for (const { events } of model.domains)
    for (const { id, properties } of events) {
      if (properties.some(({ name }) => name === model.planProperty))
        throw new AppError(
          "GENERATE_NAME_COLLISION",
          `Cannot generate event ${id} of ${model.source}: its property \`${model.planProperty}\` is where clients name their plan; ` +
            "set `defaults.plan_property` to another name",
        );
      refuseTwins(
        properties.map(({ name }) => name),
        `event ${id} of ${model.source}`,
      );
    }
}

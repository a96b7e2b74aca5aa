// Data classes that every plan has; a plan may change them and add its own.
import type { LockDataClass } from "../lock.ts";
import type { RawPlan } from "../raw-plan.ts";

const OPEN: LockDataClass = { client: "allow", gateway: "accept", providers: {} };

/** Built-in classes, all open: what a company allows is for its plan to say. */
export const DATA_CLASSES: Readonly<Record<string, LockDataClass>> = {
  none: OPEN,
  pseudonymous: OPEN,
  contact: OPEN,
  free_text: OPEN,
};

/** All classes of a plan. */
export function dataClassesOf(plan: RawPlan): Readonly<Record<string, LockDataClass>> {
  const own = Object.entries(plan.data_classes).map(([id, { client, gateway, providers, max }]) => [
    id,
    {
      client: client ?? OPEN.client,
      gateway: gateway ?? OPEN.gateway,
      providers: providers ?? {},
      ...(max === undefined ? {} : { max }),
    },
  ]);
  return { ...DATA_CLASSES, ...(Object.fromEntries(own) as Record<string, LockDataClass>) };
}

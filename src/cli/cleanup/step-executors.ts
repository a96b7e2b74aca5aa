// Executors of the steps that are not about profiles or ids: dictionary, events, privacy requests; over the ports of the change set's destination.
import {
  createDeleteEventsExecutor,
  createDictionaryExecutor,
  createDropFilterExecutor,
  createPrivacyExecutor,
  createReimportExecutor,
  type StepExecutor,
} from "../../cleanup/index.ts";
import type { Lock } from "../../plan/index.ts";
import {
  createMixpanelDictionary,
  createMixpanelGovernance,
  createMixpanelPrivacy,
} from "../../providers/index.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Config, ConfigDestination } from "../config/config.ts";
import { keyedHash } from "../up/keyed-hash.ts";

/** Privacy requests of a destination; without a person's token each is refused, and says so. */
export function privacyOf({ host, token, erasureToken }: ConfigDestination) {
  return createMixpanelPrivacy({
    host,
    token,
    clock: systemClock,
    ...(erasureToken === undefined ? {} : { erasureToken }),
  });
}

/** Makes them. Without project and service account there are only privacy requests. */
export function makeStepExecutors(
  destination: ConfigDestination,
  parts: { readonly config: Config; readonly lock: Lock; readonly waitMaxMs: number },
): readonly StepExecutor[] {
  const { host, projectId, serviceAccount, unofficial } = destination;
  const privacy = createPrivacyExecutor(privacyOf(destination));
  if (projectId === undefined || serviceAccount === undefined) return [privacy];
  const project = { host, projectId, serviceAccount, clock: systemClock };
  const governance = unofficial ? createMixpanelGovernance(project) : undefined;
  const { hashKey } = parts.config;
  return [
    privacy,
    createDictionaryExecutor(createMixpanelDictionary({ ...project, waitMaxMs: parts.waitMaxMs })),
    createDeleteEventsExecutor(governance),
    createDropFilterExecutor(governance),
    createReimportExecutor({
      lock: parts.lock,
      governance,
      ...(hashKey === undefined ? {} : { hash: keyedHash(hashKey) }),
    }),
  ];
}

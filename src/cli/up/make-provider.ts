// A configured destination as the provider that delivers to it.
import type { Clock, Provider } from "../../core/index.ts";
import { createMixpanelProvider } from "../../providers/index.ts";
import type { ConfigDestination } from "../config/config.ts";

/** Makes the provider; whoever asked for it closes it. */
export function makeProvider(destination: ConfigDestination, clock: Clock): Provider {
  const { host, token, projectId, serviceAccount, route, timeoutMs, parallelRequests, eventsPerRequest } =
    destination;
  return createMixpanelProvider({
    host,
    token,
    clock,
    ...(projectId === undefined ? {} : { projectId }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(route === undefined ? {} : { route }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    limits: {
      ...(parallelRequests === undefined ? {} : { parallelEventRequests: parallelRequests }),
      ...(eventsPerRequest === undefined ? {} : { eventsPerRequest }),
    },
  });
}

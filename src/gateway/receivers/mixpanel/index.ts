// The receiver for Mixpanel's wire format: `/track`, `/engage`, `/groups` and `/import` under any prefix and renamable.
import type { Receiver } from "../../receiver.ts";
import { readCredential } from "../basic-credential.ts";
import { answerMixpanel } from "./answers.ts";
import { decodeMixpanel, type MixpanelRoute } from "./decode.ts";
import { MIXPANEL_ROUTES, type MixpanelRoutes } from "./side-routes.ts";

/** Largest body as received. Mixpanel's own limits are 1 MB an event and 10 MB an import; 50 large events must fit. */
const BODY_MAX_BYTES = 20 * 2 ** 20;
const DATA_ROUTES: readonly MixpanelRoute[] = ["track", "engage", "groups", "import"];

/** Makes the receiver. `routes` adds or replaces path names, since blockers match paths. */
export function makeMixpanelReceiver(
  options: { readonly routes?: MixpanelRoutes; readonly bodyMaxBytes?: number } = {},
): Receiver {
  const routes = options.routes ?? MIXPANEL_ROUTES;
  const bySegment = new Map<string, MixpanelRoute>();
  for (const route of DATA_ROUTES) for (const segment of routes[route]) bySegment.set(segment, route);
  return {
    kind: "mixpanel",
    bodyMaxBytes: () => options.bodyMaxBytes ?? BODY_MAX_BYTES,
    route: (method, path) => {
      if (method !== "POST" && method !== "GET") return undefined;
      const end = path.endsWith("/") ? path.length - 1 : path.length;
      return bySegment.get(path.slice(path.lastIndexOf("/", end - 1) + 1, end));
    },
    credential: readCredential,
    decode: decodeMixpanel,
    answer: answerMixpanel,
  };
}

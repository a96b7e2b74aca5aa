// Which source sent an event, by the library that it names. In the gateway a token decides; an export has nothing better than this.
import type { Trust } from "../../plan/index.ts";

export interface TrafficSource {
  /** Id of the source in the plan. */
  readonly id: string;
  readonly trust: Trust;
  /** As it stood in the events; empty where nothing did. */
  readonly library: string;
}

/** Sources (read 2026-11): `mp_lib` of Mixpanel's SDKs; `library.name` of Segment's. */
const LIBRARIES: Readonly<Record<string, readonly [id: string, trust: Trust]>> = {
  web: ["web", "client"],
  "analytics.js": ["web", "client"],
  swift: ["ios", "client"],
  iphone: ["ios", "client"],
  "analytics-ios": ["ios", "client"],
  "analytics-swift": ["ios", "client"],
  android: ["android", "client"],
  "analytics-android": ["android", "client"],
  "analytics-kotlin": ["android", "client"],
  "react-native": ["react_native", "client"],
  flutter: ["flutter", "client"],
  unity: ["unity", "client"],
  node: ["node", "server"],
  "analytics-node": ["node", "server"],
  python: ["python", "server"],
  "analytics-python": ["python", "server"],
  ruby: ["ruby", "server"],
  go: ["go", "server"],
  php: ["php", "server"],
  java: ["java", "server"],
};

/** Id of what names no library: HTTP calls, imports. */
export const UNNAMED_SOURCE = "unnamed";

/** The source of a library. One that is not known counts as a client: nothing is trusted by mistake. */
export function sourceOfLibrary(library: string): TrafficSource {
  const known = Object.hasOwn(LIBRARIES, library) ? LIBRARIES[library] : undefined;
  if (known !== undefined) return { id: known[0], trust: known[1], library };
  const id = library
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^[^a-z]+|_$/g, "")
    .slice(0, 30);
  return { id: id === "" ? UNNAMED_SOURCE : id, trust: "client", library };
}

// Hand-written calls of Mixpanel's server SDKs that move a user to the data centre, or make a job at night look like a visit.
// Only what stands in the same file is judged: flags that may come from elsewhere are believed. Sources (read 2026-11): Mixpanel "Geolocation",
// "Update profiles", "Import events", and the SDKs: node and python send `ip=0` with every event by /track, ruby, php and go send nothing.
import type { ServerFlag } from "./call-site.ts";
import { brings, type FileText } from "./file-text.ts";
import { isTracker, splitCallee } from "./sdk-calls.ts";

/** A call with the texts of its arguments. */
export interface CallText {
  readonly callee: string;
  readonly args: readonly string[];
}

const PROFILE_FLAGS: readonly ServerFlag[] = ["$ip", "$ignore_time"];
const EVENT_FLAGS: readonly ServerFlag[] = ["ip"];
const OTHERS = /analytics|amplitude|posthog|rudder|segment/i;
const OWN = /mixpanel|(?<![A-Za-z0-9])mp(?![A-Za-z0-9])/i;
const PROFILE_METHODS = new Set(
  "set set_once setOnce increment plus_one append union remove unset update track_charge trackCharge".split(
    " ",
  ),
);
/** Nothing else is called so, where Mixpanel is. */
const PEOPLE = /(?:\.|->)people\b/;
const ENDS_IN_PROFILES = /(?:people|groups)\W*$/i;
const JVM_METHODS = new Set(
  "set setOnce increment append union remove unset peopleMessage groupMessage".split(" "),
);
const PYTHON_METHOD =
  /^(?:people|group)_(?:set|set_once|increment|append|union|remove|unset|update|track_charge)$/;
const GO_METHOD =
  /^(?:People|Group)(?:Set|SetOnce|Increment|Union|Append|Remove|Delete)(?:List)?(?:Property)?$/;
/** Names that callbacks have. */
const CALLBACK = /^(?:cb|callback|done|next|resolve|reject|err\w*|on[A-Z]\w*)$|=>|^(?:async\s+)?function\b/;
interface Asked {
  readonly flags: readonly ServerFlag[];
  /** Arguments that may bring them. */
  readonly carriers: readonly string[];
  /** Flags that an argument of their own says. */
  readonly given?: readonly ServerFlag[];
}

const isText = (argument = ""): boolean => /^[bru]?["'`]/.test(argument);

function askedOfNode(
  { method, args }: { readonly method: string; readonly args: readonly string[] },
  isProfile: boolean,
): Asked | undefined {
  if (method === "import" || method === "import_batch")
    return { flags: EVENT_FLAGS, carriers: method === "import" ? args.slice(2) : args };
  if (method === "init" && args.some((one) => /geolocate["']?\s*:\s*true/.test(one)))
    return { flags: EVENT_FLAGS, carriers: [] };
  if (!isProfile) return undefined;
  // Behind the id stand properties, or a name and its value; `unset` has no value.
  const first = isText(args[1]) && method !== "unset" ? 3 : 2;
  return { flags: PROFILE_FLAGS, carriers: args.slice(first).filter((one) => !CALLBACK.test(one)) };
}

/** Ruby and PHP take `ip` as an argument of its own, PHP also `ignore_time`. */
function askedByPlace(
  { method, args }: { readonly method: string; readonly args: readonly string[] },
  { isProfile, language }: { readonly isProfile: boolean; readonly language: "ruby" | "php" },
): Asked | undefined {
  const places = args.filter((one) => !/^[\w$"']+["']?\s*(?:=>|:(?!:))/.test(one));
  const isGiven = (index: number): boolean =>
    places[index] !== undefined && !/^(?:nil|null|\{|\[)/.test(places[index]);
  if (isProfile) {
    const at = language === "php" && /^(?:increment|append|union)$/.test(method) ? 3 : 2;
    const named = language === "php" ? args.join(" ") : "";
    const hasIp = isGiven(at) || /\bip\s*:/.test(named);
    const hasTime =
      language === "php" && (places[at + 1] === "true" || /\bignore_time\s*:\s*true/.test(named));
    const given: ServerFlag[] = [
      ...(hasIp ? ["$ip" as const] : []),
      ...(hasTime ? ["$ignore_time" as const] : []),
    ];
    const carriers = method === "update" ? args : language === "ruby" ? args.slice(3) : [];
    return { flags: PROFILE_FLAGS, carriers, given };
  }
  if (method !== "track" && method !== "import") return undefined;
  const from = language === "php" ? 1 : method === "import" ? 3 : 2;
  return {
    flags: EVENT_FLAGS,
    carriers: args.slice(from),
    given: language === "ruby" && isGiven(from + 1) ? EVENT_FLAGS : [],
  };
}

function asked({ callee, args }: CallText, file: FileText): Asked | undefined {
  const { receiver, method } = splitCallee(callee);
  const isProfile = PROFILE_METHODS.has(method) && ENDS_IN_PROFILES.test(receiver);
  switch (file.language) {
    case "javascript":
      return askedOfNode({ method, args }, isProfile);
    case "python":
      if (method === "import_data") return { flags: EVENT_FLAGS, carriers: args.slice(4) };
      return PYTHON_METHOD.test(method)
        ? {
            flags: PROFILE_FLAGS,
            carriers: args.filter(
              (one, index) => method.endsWith("_update") || index > 1 || /^(?:meta\s*=|\*\*)/.test(one),
            ),
          }
        : undefined;
    case "ruby":
    case "php":
      return askedByPlace({ method, args }, { isProfile, language: file.language });
    case "go":
      if (method === "NewEvent")
        return {
          flags: EVENT_FLAGS,
          carriers: args.slice(2),
          given: /\.AddIP\(|Properties\["ip"\]/.test(file.text) ? EVENT_FLAGS : [],
        };
      // The SDK's updates have no place for them in the call: what stands in the file decides.
      return GO_METHOD.test(method)
        ? {
            flags: PROFILE_FLAGS,
            carriers: [],
            given: [
              ...(/PeopleGeolocationByIpProperty|\$ip\b/.test(file.text) ? ["$ip" as const] : []),
              ...(file.text.includes("$ignore_time") ? ["$ignore_time" as const] : []),
            ],
          }
        : undefined;
    case "java":
    case "kotlin":
      if (!/message|builder|mixpanel/i.test(receiver)) return undefined;
      if (method === "importEvent") return { flags: EVENT_FLAGS, carriers: args.slice(2) };
      return JVM_METHODS.has(method) && args.length > 1
        ? { flags: PROFILE_FLAGS, carriers: args.slice(2) }
        : undefined;
    case "swift":
      return undefined;
  }
}

/** Whether Mixpanel's SDK is called: by its name, or by a name that trackers have in a file that names it. */
function isOwn(callee: string, { isOfMixpanel, language }: FileText): boolean {
  if (OWN.test(callee)) return true;
  if (!isOfMixpanel || OTHERS.test(callee)) return false;
  // There the methods' names, which nothing else has, or the package decide.
  return (
    language === "java" ||
    language === "kotlin" ||
    language === "go" ||
    isTracker(callee) ||
    PEOPLE.test(callee)
  );
}

/** Flags that a server's call should have and lacks; empty for a call that is fine, or no such call. */
export function lackingFlags(call: CallText, file: FileText): readonly ServerFlag[] {
  if (call.args.length === 0 || !isOwn(call.callee, file)) return [];
  const ask = asked(call, file);
  if (!ask) return [];
  return ask.flags.filter(
    (flag) => ask.given?.includes(flag) !== true && !ask.carriers.some((one) => brings(one, flag, file)),
  );
}

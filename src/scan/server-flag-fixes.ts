// How a server's call keeps place and "last seen", as each SDK spells it. Source (read 2026-11): the SDKs' own code and documentation.
import type { ScanLanguage } from "./call-site.ts";

/** What to write instead, by language; else a call of a generated client, which has the flags. */
export const SERVER_FLAG_FIXES: Readonly<
  Record<ScanLanguage, { readonly profile: string; readonly event: string }>
> = {
  javascript: {
    profile: 'people.set(id, properties, { $ip: "0", $ignore_time: true })',
    event: "import(name, time, { …, ip: 0 }), and no `geolocate: true`",
  },
  python: {
    profile: 'people_set(id, properties, meta={"$ip": "0", "$ignore_time": True})',
    event: 'import_data(…, properties={…, "ip": 0})',
  },
  ruby: {
    profile: "people.set(id, properties, '0', '$ignore_time' => true)",
    event: "track(id, name, { …, 'ip' => 0 })",
  },
  php: {
    profile:
      "$mixpanel->people->enqueue(['$token' => …, '$distinct_id' => $id, '$set' => […], '$ip' => '0', '$ignore_time' => true])",
    event: "track($name, ['distinct_id' => $id, 'ip' => 0, …])",
  },
  go: {
    profile:
      'a request to /engage?ip=0 with "$ip": "0" and "$ignore_time": true: the SDK cannot keep "last seen"',
    event: 'NewEvent(name, id, map[string]any{…, "ip": 0})',
  },
  java: {
    profile: 'messages.set(id, properties, new JSONObject().put("$ip", "0").put("$ignore_time", true))',
    event: 'messages.importEvent(id, name, properties.put("ip", 0))',
  },
  kotlin: {
    profile: 'messages.set(id, properties, JSONObject().put("\\$ip", "0").put("\\$ignore_time", true))',
    event: 'messages.importEvent(id, name, properties.put("ip", 0))',
  },
  swift: { profile: "", event: "" },
};

// The official python SDK, unchanged. Needs python3 and a package index; where one is missing the test says so by its name.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { installPythonSdk, PYTHON_SDK_VERSION } from "../support/python-sdk.ts";
import { tempDirectory } from "../support/temp.ts";
import { startLocal } from "./local.ts";

const directory = tempDirectory("python-sdk");
const { python, missing } = installPythonSdk(directory);
const script = join(directory, "script.py");
writeFileSync(
  script,
  `
import sys
from mixpanel import BufferedConsumer, Consumer, Mixpanel, MixpanelException
url = sys.argv[1]
urls = dict(events_url=url + "/track", people_url=url + "/engage", groups_url=url + "/groups", import_url=url + "/import")
one = Mixpanel("py_token", consumer=Consumer(**urls))
one.track("ada", "Single", {"note": "ü>>>???"})
one.people_set("ada", {"plan": "free", "gone": 1}, meta={"$ignore_time": True, "$ip": 0})
one.people_set_once("ada", {"plan": "pro"}, meta={"$ignore_time": True})
one.people_increment("ada", {"count": 2}, meta={"$ignore_time": True})
one.people_append("ada", {"list": "a"}, meta={"$ignore_time": True})
one.people_union("ada", {"list": ["a", "b"]}, meta={"$ignore_time": True})
one.people_remove("ada", {"list": "a"}, meta={"$ignore_time": True})
one.people_unset("ada", ["gone"], meta={"$ignore_time": True})
one.group_set("company", "acme", {"seats": 3})
one.import_data("unused", "ada", "Imported", 1580000000, {"n": 1}, api_secret="secret")
buffered = BufferedConsumer(max_size=50, **urls)
many = Mixpanel("py_token", consumer=buffered)
for n in range(120):
    many.track("ada", "Batched", {"n": n})
buffered.flush()
try:
    one.people_set("", {"a": 1})
    print("no error")
except MixpanelException as error:
    print(error)
`,
);

test.skipIf(missing !== undefined)(
  `the official python SDK ${PYTHON_SDK_VERSION}${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  async () => {
    const local = await startLocal();
    const { stdout } = await promisify(execFile)(python, [script, local.url]);
    expect(stdout).toContain("$distinct_id, missing or empty");
    const events = await local.exported();
    expect(events.filter(({ event }) => event === "Batched")).toHaveLength(120);
    const single = events.find(({ event }) => event === "Single");
    expect(single?.properties).toMatchObject({ note: "ü>>>???", mp_lib: "python", distinct_id: "ada" });
    expect(events.find(({ event }) => event === "Imported")?.properties).toMatchObject({
      n: 1,
      time: 1_580_000_000_000,
    });
    expect(await local.profile("ada")).toEqual({ plan: "free", count: 2, list: ["b"] });
    expect((await local.send("/emulator/stats")).json()).toMatchObject({ groups: { company: 1 } });
  },
);

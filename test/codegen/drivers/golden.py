"""Calls the generated client with every case of the golden vectors: JSON on stdin, one answer a case on stdout.

In development each case is called; what raises answers its finding id. What is fine is sent through the official SDK, too.
"""

import json
import re
import sys
from datetime import datetime

import mixpanel
from analytics import Analytics, PlanViolation, parse_user_id
from analytics.mixpanel_python import MixpanelSink
from analytics.testing import Recording

given = json.load(sys.stdin)
user = parse_user_id(given["user"])
consumer = mixpanel.Consumer(events_url=f"{given['emulator']}/track", people_url=f"{given['emulator']}/engage")
checking = Analytics(lambda: Recording(), development=True)
sending = Analytics(lambda: MixpanelSink(mixpanel.Mixpanel("t", consumer=consumer)))


def native(value):
    if isinstance(value, dict) and list(value) == ["$datetime"]:
        return datetime.fromisoformat(value["$datetime"].replace("Z", "+00:00"))
    return value


answers = []
for index, case in enumerate(given["cases"]):
    values = {name: native(value) for name, value in case["values"].items()}
    method = case["method"]
    try:
        getattr(checking, method)(user, **values)
    except PlanViolation as violation:
        answers.append(re.match(r"[a-z-]+", str(violation)).group())
    except TypeError:
        answers.append("does-not-compile")
    else:
        answers.append(None)
        getattr(sending, method)(user, **values, insert_id=f"case-{index}")
sending.set_theme(user, "dark")


def gone():
    raise OSError("gone")


# What every client has to do, whatever the language.
problems = []
production = Analytics(gone, on_problem=lambda problem: problems.append(problem.id))
production.user_signs_out(user)
production.user_signs_out("ada@example.com")
production.values_sent(user, percent=101)
json.dump({"answers": answers, "problems": sending.problem_count, "production": problems}, sys.stdout)

#!/usr/bin/env python3
# Goal: one license as Prometheus, fcli and SNMP tell it, compared field by
# field and with what is expected; prints the story in one line.
# usage: faces.py METRICS JSON SCALARS [NAME=VALUE ...]
import datetime, json, re, sys

STATES = "missing valid expiring expired invalid hardware_mismatch suspended " \
    "cancelled clock_untrusted not_yet_valid".split()
SEVERITIES = "ok warning critical unknown".split()
REASONS = "none missing invalid cancelled suspended not_yet_valid expired " \
    "hardware_mismatch clock_untrusted term_ending lease_ending " \
    "refresh_overdue rebind_refused address_changed clone bandwidth storage " \
    "data_stale".split()
RESULTS = "never ok dns connect timeout tls http bad_signature unknown_key " \
    "replayed malformed refused storage auth stale".split()
REFUSALS = "none malformed unsupported_version busy unknown_machine " \
    "no_subscription coupon_used cancelled suspended term_over " \
    "offline_issued address_changed clone hardware_limit".split()


def read_metrics(path):
    values, sets = {}, {}
    for line in open(path):
        m = re.match(r'license_(\w+?)\{license="main"(?:,(\w+)="(\w+)")?\} (\S+)$', line)
        if not m:
            continue
        name, label, choice, value = m.groups()
        if label is None:
            values[name] = int(float(value))
        elif label == "severity" and name != "severity":
            values[name + "_" + choice] = int(float(value))
        elif value == "1":
            sets[name] = choice
    return values, sets


def instant(text):
    if text is None:
        return 0
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
               .replace(tzinfo=datetime.timezone.utc).timestamp())


values, sets = read_metrics(sys.argv[1])
told = json.load(open(sys.argv[2]))
try:
    lines = [line.strip().strip('"') for line in open(sys.argv[3])]
except FileNotFoundError:
    lines = []
# The numbers of leaselineSummary, 7 to 29.
scalar = dict(zip(range(7, 30), lines))
now = instant(told["now"])
wrong = []


def same(what, a, b):
    if str(a) != str(b):
        wrong.append(f"{what}: {a} and {b}")


story = {
    "state": sets.get("state"), "usable": values.get("usable"),
    "severity": sets.get("severity"), "reason": sets.get("severity_reason"),
    "result": sets.get("refresh_last_result"),
    "refusal": sets.get("refresh_last_refusal"),
}
for name in ("state", "severity", "reason"):
    same(f"{name} in metrics and JSON", story[name], told.get(name))
same("usable in metrics and JSON", bool(story["usable"]), told["usable"])
for number, name, words in ((9, "state", STATES), (7, "severity", SEVERITIES),
                            (8, "reason", REASONS), (25, "result", RESULTS),
                            (26, "refusal", REFUSALS)):
    if lines and story[name] is not None:
        same(f"{name} in SNMP and metrics", scalar[number],
             words.index(story[name]) + 1)
if lines:
    same("usable in SNMP and metrics", scalar[10], 2 - story["usable"])
for name, days, epoch in (("expiry", 11, 13), ("lease_end", 14, 16),
                          ("term_end", 17, 19), ("action_deadline", 20, 22)):
    at = values.get(name + "_timestamp_seconds", 0)
    same(f"{name} in metrics and JSON", at, instant(told.get(name)))
    if at:
        short = "days" if name == "expiry" else name.split("_")[0]
        story[short] = (at - now) // 86400
        story[name] = datetime.datetime.fromtimestamp(
            at, datetime.timezone.utc).strftime("%Y-%m-%d")
    if lines:
        same(f"{name} in SNMP and metrics", scalar[epoch], at)
        same(f"days of {name} in SNMP", scalar[days],
             (at - now) // 86400 if at else -2147483648)
story["mbits"] = values.get("bandwidth_limit_bytes_per_second", 0) // 125000
if lines:
    same("bandwidth in SNMP and metrics", scalar[23], story["mbits"])
for level in ("warning", "critical"):
    if f"action_threshold_seconds_{level}" in values:
        story[level] = values[f"action_threshold_seconds_{level}"] // 86400
for word in sys.argv[4:]:
    name, _, value = word.partition("=")
    same(f"{name} and what was expected", story.get(name), value)
print("; ".join(wrong) or " ".join(
    f"{name}={story[name]}" for name in
    ("state", "usable", "severity", "reason", "days", "lease", "term",
     "action", "mbits", "refusal") if story.get(name) is not None))
sys.exit(1 if wrong else 0)

#!/usr/bin/env python3
"""Goal: no alert without its tests and its runbook.

lint RULES TESTS RUNBOOKS OTHER-RULES...   each rule (an alert with a severity) is silent, fires
    and ends in one test, and is silent in the healthy one; its annotations are
    complete; each alert, also of the other rules, has a section of the runbooks
    with its four parts, and no section is without an alert
plant RULES TESTS WORK      a rule that never fires, always fires, or has lost
    its last `unless`, is noticed by the tests of its alert
known ALERTMANAGER RULES... the alerts that are named there exist
"""
import copy
import re
import subprocess
import sys

import yaml

PARTS = ("Means", "If nobody acts", "Look", "Mend")


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def rules_of(path):
    return [r for g in load(path)["groups"] for r in g["rules"]]


def minutes(text):
    unit = {"d": 1440, "h": 60, "m": 1}
    return sum(int(n) * unit[u] for n, u in re.findall(r"(\d+)([dhm])", text))


def fires(check, severity):
    return any(e["exp_labels"]["severity"] == severity
               for e in check.get("exp_alerts", []))


def whole_life(test, alert, severity):
    """Silent, firing, silent again, in one test."""
    checks = sorted((c for c in test["alert_rule_test"]
                     if c["alertname"] == alert),
                    key=lambda c: minutes(c["eval_time"]))
    seen = "".join("f" if fires(c, severity) else "s" for c in checks)
    return re.search("s+f+s", seen)


def lint(rules_path, tests_path, runbooks_path, *other_paths):
    rules, tests = rules_of(rules_path), load(tests_path)["tests"]
    others = [r for path in other_paths for r in rules_of(path)]
    with open(runbooks_path, encoding="utf-8") as file:
        parts = re.split(r"^## +", file.read(), flags=re.M)[1:]
    sections = {p.split("\n", 1)[0].strip(): p for p in parts}
    wrong = []
    healthy = {c["alertname"] for c in tests[0]["alert_rule_test"]
               if not c.get("exp_alerts")}
    for r in rules:
        alert, severity = r["alert"], r["labels"]["severity"]
        notes = r.get("annotations", {})
        if not any(whole_life(t, alert, severity) for t in tests):
            wrong.append(f"{alert} ({severity}): no test in which it is "
                         "silent, fires and ends")
        if alert not in healthy:
            wrong.append(f"{alert}: not in the test '{tests[0]['name']}'")
        if severity not in ("critical", "warning", "info"):
            wrong.append(f"{alert}: severity {severity}")
        summary = notes.get("summary", "")
        if not summary.endswith(".") or "{{" in summary:
            wrong.append(f"{alert}: summary is not a static sentence")
        if "{{" not in notes.get("description", ""):
            wrong.append(f"{alert}: description names nothing")
    for r in rules + others:
        alert, url = r["alert"], r["annotations"].get("runbook_url")
        if url != f"dashboards/runbooks.md#{alert.lower()}":
            wrong.append(f"{alert}: runbook_url {url}")
        for part in PARTS:
            if f"**{part}.**" not in sections.get(alert, ""):
                wrong.append(f"{alert}: its runbook lacks '{part}'")
    wrong += [f"a runbook for {s}, which is no alert"
              for s in sections.keys() - {r["alert"] for r in rules + others}]
    return sorted(set(wrong))


def noticed(rules, tests, alert, work):
    """Whether the tests of one alert fail with these rules."""
    few = []
    for t in tests:
        checks = [c for c in t["alert_rule_test"] if c["alertname"] == alert]
        if checks:
            few.append(dict(t, alert_rule_test=checks))
    mine = [r for r in rules if r["alert"] == alert]
    with open(f"{work}/planted.yml", "w", encoding="utf-8") as file:
        yaml.dump({"groups": [{"name": "planted", "rules": mine}]}, file)
    with open(f"{work}/planted.test.yml", "w", encoding="utf-8") as file:
        yaml.dump({"rule_files": ["planted.yml"], "tests": few,
                   "evaluation_interval": "1m"}, file)
    return subprocess.run(
        ["promtool", "test", "rules", "planted.test.yml"], cwd=work,
        check=False, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL).returncode != 0


def plant(rules_path, tests_path, work):
    rules, tests = rules_of(rules_path), load(tests_path)["tests"]
    wrong, planted = [], 0
    for alert in sorted({r["alert"] for r in rules}):
        if noticed(rules, tests, alert, work):
            wrong.append(f"{alert}: its tests fail, with nothing planted")
    for i, r in enumerate(rules):
        bugs = {"never fires": "vector(0) > 1", "always fires": "vector(1)"}
        if "unless" in r["expr"]:
            bugs["lost its unless"] = r["expr"].rsplit("unless", 1)[0]
        for name, expr in bugs.items():
            bad = copy.deepcopy(rules)
            bad[i]["expr"] = expr
            planted += 1
            if not noticed(bad, tests, r["alert"], work):
                wrong.append(f"{r['alert']} ({r['labels']['severity']}) "
                             f"{name}, and no test notices")
    print(f"rules: {planted} bugs planted, {planted - len(wrong)} found")
    return wrong


def known(config_path, *rules_paths):
    names = {r["alert"] for path in rules_paths for r in rules_of(path)}
    with open(config_path, encoding="utf-8") as file:
        named = re.findall(r"alertname\s*(=~?)\s*\"?([\w|]+)", file.read())
    return [f"{alert} is no alert" for _, words in named
            for alert in words.split("|") if alert not in names]


if __name__ == "__main__":
    complaints = {"lint": lint, "plant": plant, "known": known}[sys.argv[1]](
        *sys.argv[2:])
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if complaints else 0)

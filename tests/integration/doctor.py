#!/usr/bin/env python3
# Goal: what `fcli --json doctor` said (standard input), judged for its form,
# as lines for awk: id, result, text, mend, command, with tabs between.
import json, sys

report = json.load(sys.stdin)
steps = report["steps"]
results = ["ok", "warning", "failed", "skipped"]
assert report["version"] == 1
for step in steps:
    assert sorted(step) == ["command", "id", "mend", "result", "subject", "text"], step
    assert step["text"] and step["result"] in results, step
    # A fault has a mend, and nothing else has one.
    assert (step["mend"] is not None) == (step["result"] in ("warning", "failed")), step
    print(*[step[key] or "" for key in ("id", "result", "text", "mend", "command")], sep="\t")
worst = max(results.index(s["result"]) % 3 for s in steps)
assert report["result"] == results[worst], report["result"]

#!/usr/bin/env python3
# What monitoring systems do with our files and answers, from their documented
# formats, where the system itself is not to be had here.
import json
import re
import sys

import yaml


def wrong(text):
    sys.exit("packs: " + text)


def checkmk(_):
    """Lines of a local check: "Leaseline 0 licenses=1.0", one for each.

    The format of docs.checkmk.com, "Local checks"; text is not optional here.
    """
    line_form = re.compile(r'([0-3P]) "([^"\']+)" (\S+) (\S.*)')
    for line in sys.stdin.read().splitlines():
        match = line_form.fullmatch(line)
        if not match or "\\" in line:
            wrong("not a line of a local check: " + line)
        state, name, metrics, _ = match.groups()
        numbers = []
        for metric in [] if metrics == "-" else metrics.split("|"):
            label, rest = metric.split("=", 1)
            value, *limits = rest.split(";")
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", label) or len(limits) > 4:
                wrong("not a metric: " + metric)
            for limit in limits:
                [float(part) for part in limit.split(":") if part]
            numbers.append("%s=%s" % (label, float(value)))
        print(name, state, " ".join(numbers))


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](sys.argv[2:])

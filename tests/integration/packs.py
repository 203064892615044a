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


# Keys of snmp_exporter's configuration since 0.23, read strictly by it: from
# generator/FORMAT.md and config/config.go of v0.30. Value: type, must be there.
METRIC = {"name": (str, True), "oid": (str, True), "type": (str, True),
          "help": (str, True), "indexes": (list, False),
          "lookups": (list, False), "regex_extracts": (dict, False),
          "datetime_pattern": (str, False), "enum_values": (dict, False),
          "offset": (float, False), "scale": (float, False),
          "display_hint": (str, False)}
INDEX = {"labelname": (str, True), "type": (str, True),
         "fixed_size": (int, False), "implied": (bool, False),
         "enum_values": (dict, False)}
LOOKUP = {"labels": (list, True), "labelname": (str, True), "oid": (str, False),
          "type": (str, False), "display_hint": (str, False),
          "enum_values": (dict, False)}
MODULE = {"walk": (list, False), "get": (list, False), "metrics": (list, True),
          "max_repetitions": (int, False), "retries": (int, False),
          "timeout": (str, False), "filters": (list, False),
          "use_unconnected_udp_socket": (bool, False),
          "allow_nonincreasing_oids": (bool, False)}
AUTH = {"community": (str, False), "security_level": (str, False),
        "username": (str, False), "password": (str, False),
        "auth_protocol": (str, False), "priv_protocol": (str, False),
        "priv_password": (str, False), "context_name": (str, False),
        "version": (int, True)}
TYPES = {"gauge", "counter", "OctetString", "DateAndTime", "DisplayString",
         "EnumAsInfo", "EnumAsStateSet", "Bits"}


def fits(what, value, keys):
    if not isinstance(value, dict):
        wrong(what + " is not a mapping")
    for key, (kind, must) in keys.items():
        if must and key not in value:
            wrong("%s has no %s" % (what, key))
        if key in value and not isinstance(value[key], kind):
            wrong("%s: %s is not %s" % (what, key, kind.__name__))
    for key in value:
        if key not in keys:
            wrong("%s: unknown %s" % (what, key))


def current_form(config, mib):
    fits("the file", config, {"auths": (dict, True), "modules": (dict, True)})
    for name, auth in config["auths"].items():
        fits("auth " + name, auth, AUTH)
    for name, module in config["modules"].items():
        fits("module " + name, module, MODULE)
        for metric in module["metrics"]:
            what = str(metric.get("name"))
            fits(what, metric, METRIC)
            if not re.search(r"^%s +OBJECT-TYPE" % what, mib, re.M):
                wrong(what + " is not in the MIB")
            if metric["type"] not in TYPES:
                wrong("%s: type %s" % (what, metric["type"]))
            if metric["type"].startswith("Enum") and not metric.get("enum_values"):
                wrong(what + " has no enum_values")
            for index in metric.get("indexes", []):
                fits(what + ", index", index, INDEX)
            for lookup in metric.get("lookups", []):
                fits(what + ", lookup", lookup, LOOKUP)


def snmp_modules(files):
    """The form since 0.23, strictly; the same module as that for 0.21."""
    current, before = [yaml.safe_load(open(name)) for name in files[:2]]
    mib = open(files[2]).read()
    current_form(current, mib)
    if current["modules"] != before:
        wrong("the module is not that for 0.21")
    # It can fail.
    for key, value in (("auth", {}), ("metrics", [{"name": "leaselineState"}])):
        broken = {**current, "modules": {"leaseline": {**before["leaseline"], key: value}}}
        try:
            current_form(broken, mib)
        except SystemExit:
            continue
        wrong("%s in a module is not noticed" % key)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](sys.argv[2:])

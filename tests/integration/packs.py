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


def librenms_json(_):
    """What json_app_get() of LibreNMS makes of an extend: leaves as lines."""
    # It takes every backslash away before it parses.
    text = re.sub(r"\\(.)", r"\1", sys.stdin.read())
    value = json.loads(text)
    if not {"error", "data", "errorString", "version"} <= set(value):
        wrong("a key is missing")
    if value["version"] < 1 or not isinstance(value["data"], (dict, list)):
        wrong("version or data")
    if value["error"] != 0:
        print("error", value["error"])
        return

    def leaves(prefix, part):
        for key, inner in part.items():
            if isinstance(inner, dict):
                leaves(prefix + key + ".", inner)
            else:
                print(prefix + key, inner)
    leaves("", value["data"])


# Of resources/definitions/schema/discovery_schema.json of LibreNMS.
SENSOR = {"oid": (str, True), "num_oid": (str, True), "descr": (str, True),
          "value": (str, False), "index": ((int, str), False),
          "group": (str, False), "divisor": ((int, float, str), False),
          "multiplier": ((int, float, str), False),
          "low_limit": ((int, float, str), False),
          "low_warn_limit": ((int, float, str), False),
          "warn_limit": ((int, float, str), False),
          "high_limit": ((int, float, str), False)}
STATE = {**SENSOR, "states": (list, True), "state_name": (str, False)}
del STATE["divisor"], STATE["multiplier"]
ONE_STATE = {"value": (int, True), "descr": (str, True), "graph": (int, True),
             "generic": (int, True)}
NUM_OID = re.compile(r"((?:\.\d+)+)\.\{\{ \$index \}\}")
OURS = "LEASELINE-MIB::"
NAME = re.compile(r"\{\{ ([A-Za-z:-]+) \}\}")


def all_sensors(path):
    file = yaml.safe_load(open(path))
    fits("the file", file, {"modules": (dict, True)})
    fits("modules", file["modules"], {"sensors": (dict, True)})
    for kind, section in file["modules"]["sensors"].items():
        if kind not in ("state", "count", "percent"):
            wrong("class " + kind)
        fits(kind, section, {"data": (list, True)})
        for sensor in section["data"]:
            yield kind, sensor


def mib_columns(mib):
    """Columns of the table: name: (number, the values of its enumeration)."""
    root = "1.3.6.1.4.1.8072.9999.9999.14"
    types = {name: dict((int(n), label) for label, n in re.findall(r"(\w+)\((\d+)\)", body))
             for name, body in re.findall(
                 r"^(\w+) ::= TEXTUAL-CONVENTION(?:(?!^\w+ ::=).)*?SYNTAX\s+INTEGER \{(.*?)\}", mib, re.S | re.M)}
    types["TruthValue"] = {1: "true", 2: "false"}
    found = {}
    for name, syntax, number in re.findall(
            r"^(leaselineLic\w+) +OBJECT-TYPE\s+SYNTAX +(\w+).*?::= \{ leaselineLicenseEntry (\d+) \}",
            mib, re.S | re.M):
        found[name] = (".%s.1.3.1.%s" % (root, number), types.get(syntax))
    return found


def librenms_sensors(files):
    """The schema; every object and number is the MIB's, every state there."""
    columns = mib_columns(open(files[1]).read())
    if len(columns) < 40:
        wrong("the MIB is not understood")
    indexes = set()
    for kind, sensor in all_sensors(files[0]):
        what = sensor.get("value", "a sensor")
        fits(what, sensor, STATE if kind == "state" else SENSOR)
        names = [sensor["value"]] + NAME.findall(sensor["descr"]) + [
            sensor[key] for key in sensor
            if key.endswith("limit") and isinstance(sensor[key], str)]
        for name in names:
            if not name.startswith(OURS) or name[len(OURS):] not in columns:
                wrong("%s: %s is not in the MIB" % (what, name))
        number, values = columns[sensor["value"][len(OURS):]]
        match = NUM_OID.fullmatch(sensor["num_oid"])
        if not match or match[1] != number:
            wrong("%s: num_oid, where the MIB has %s" % (what, number))
        if sensor["index"] in indexes:
            wrong(what + ": its index is there twice")
        indexes.add(sensor["index"])
        if kind != "state":
            continue
        for state in sensor["states"]:
            fits(what + ", a state", state, ONE_STATE)
            if state["generic"] not in (0, 1, 2, 3):
                wrong(what + ": generic")
        if [state["value"] for state in sensor["states"]] != sorted(values):
            wrong(what + ": other states than the MIB")


def librenms_discover(files):
    """Sensors that discovery makes of a walk: OID|value|class|descr|..."""
    rows = {}
    for line in open(files[1]):
        match = re.fullmatch(r'(\w+)(?:\[|\.)(\d+)\]? = "?(.*?)"?', line.rstrip())
        if not match:
            wrong("not understood: " + line)
        rows.setdefault(match[2], {})[match[1]] = match[3]
    for kind, sensor in all_sensors(files[0]):
        for index, row in rows.items():
            value = row.get(sensor["value"][len(OURS):])
            if value is None or not re.fullmatch(r"-?\d+", value):
                continue  # no instance: no sensor
            parts = [sensor["num_oid"].replace("{{ $index }}", index), value, kind,
                     NAME.sub(lambda m: row[m[1][len(OURS):]], sensor["descr"])]
            if kind == "state":
                state = [s for s in sensor["states"] if s["value"] == int(value)][0]
                parts += [state["descr"], "generic %d" % state["generic"]]
            for key in ("low_limit", "low_warn_limit"):
                if key in sensor:
                    parts.append("%s %s" % (key[:-6], row[sensor[key][len(OURS):]]))
            print("|".join(parts) + "|")


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](sys.argv[2:])

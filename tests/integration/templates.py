# SPDX-License-Identifier: ISC
"""The Zabbix templates without a Zabbix: what they name exists, and is called
what the MIB, license/names.h and exporter/metrics.c call it. Then each kind of
mistake is planted in a copy, and must be found."""
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "dashboards/zabbix" / f"leaseline_by_{face}.yaml"
         for face in ("snmp", "http")]
KEY = r'/([^/(){}]+)/((?:[a-z.]+)(?:\["?[^]]*"?\])?)'


def mib_objects():
    """OID suffix -> name, syntax; the OID tree is short: see the MIB's head."""
    text = (ROOT / "mibs/LEASELINE-MIB.txt").read_text()
    roots = {"leaselineAgent": "1.1", "leaselineSummary": "1.2",
             "leaselineLicenseEntry": "1.3.1"}
    objects = {}
    for name, body, parent, number in re.findall(
            r"^(\w+) OBJECT-TYPE\n(.*?)::= \{ (\w+) (\d+) \}", text,
            re.S | re.M):
        syntax = re.search(r"SYNTAX\s+(\w+)(?:[^{]*?\{([^}]*)\})?", body)
        if parent in roots and "read-only" in body:
            objects[f"{roots[parent]}.{number}"] = (name, syntax.group(1))
    return objects


def names():
    """Enumeration -> {number: label}, as license/names.h has them."""
    text = (ROOT / "license/names.h").read_text()
    out = {}
    for group, number, label in re.findall(
            r"X\((\w+),\s*\w+,\s*(\d+),\s*(\w+)", text):
        out.setdefault(group, {})[number] = label
    return out


VALUE_MAPS = {"state": "STATE", "severity": "SEVERITY",
              "severity reason": "REASON", "refresh result": "RESULT",
              "refusal reason": "REFUSAL", "source": "SOURCE",
              "mode": "MODE", "kind": "KIND", "clock trust": "TRUST"}
CODES = {"LeaselineStateCode": "state", "LeaselineSeverityCode": "severity",
         "LeaselineReasonCode": "severity reason",
         "LeaselineResultCode": "refresh result",
         "LeaselineRefusalCode": "refusal reason", "TruthValue": "yes or no",
         "INTEGER": None}


def dotted(name):
    """leaselineLicRefreshNextAttemptEpoch -> license.refresh.next.attempt"""
    name = re.sub("^leaselineLic(?!enses)", "license", name)
    name = re.sub("^leaseline", "", name)
    name = re.sub("(Epoch|Mbits|Remaining)$", "", name)
    return re.sub("(?<!^)([A-Z])", r".\1", name).lower()


class Template:
    def __init__(self, text):
        self.text = text
        export = yaml.safe_load(text)["zabbix_export"]
        self.version = export["version"]
        self.groups = export["groups"]
        self.body, = export["templates"]
        self.name = self.body["template"]
        self.rule, = self.body["discovery_rules"]
        self.items = self.body["items"] + self.rule["item_prototypes"]
        self.triggers = [t for i in self.items
                         for t in i.get("triggers", [])
                         + i.get("trigger_prototypes", [])]
        self.triggers += self.rule["trigger_prototypes"]
        self.triggers += export.get("triggers", [])
        self.keys = {i["key"] for i in self.items}
        self.maps = {m["name"]: {x["value"]: x["newvalue"]
                                 for x in m["mappings"]}
                     for m in self.body["valuemaps"]}

    def uuids(self):
        return re.findall(r"uuid: (\S+)", self.text)


def steps(item, kind):
    return [p for p in item.get("preprocessing", []) if p["type"] == kind]


def check_root(t, root):
    for oid in re.findall(r"1\.3\.6\.1[\d.]*", t.text):
        if not oid.startswith(root + "."):
            yield f"{oid} is not below {root}"
    if re.search(r"8072", t.text.replace(root, "")):
        yield "the root is written in another way than with dots"


def check_oid(item, root, objects):
    oid = item["snmp_oid"].removeprefix(root + ".")
    known = objects.get(re.sub(r"\.(0|\{#SNMPINDEX\})$", "", oid))
    if known is None:
        yield f"{item['key']}: no readable object has {item['snmp_oid']}"
        return
    name, syntax = known
    key = re.sub(r"\[.*", "", item["key"]).removeprefix("leaseline.")
    if key != dotted(name):
        yield f"{item['key']}: {oid} is {name}, which is {dotted(name)}"
    if oid.endswith("{#SNMPINDEX}") != oid.startswith("1.3.1."):
        yield f"{item['key']}: {oid} lacks its instance"
    kind = item.get("value_type", "UNSIGNED")
    text = syntax in ("SnmpAdminString", "BITS")
    if text != (kind in ("CHAR", "TEXT")):
        yield f"{item['key']}: {syntax} in a {kind}"
    if syntax == "Integer32" and kind != "FLOAT":
        yield f"{item['key']}: {syntax} may be negative"
    if name.endswith("Epoch") != (item.get("units") == "unixtime"):
        yield f"{item['key']}: the unit of {name}"
    has = item.get("valuemap", {}).get("name")
    if syntax in CODES and CODES[syntax] and \
            has != f"Leaseline {CODES[syntax]}":
        yield f"{item['key']}: {syntax} is shown as {has}"
    if (syntax in CODES) != (has is not None):
        yield f"{item['key']}: {syntax} is shown as {has}"


def check_metrics(t, metrics):
    for item in t.items + [t.rule]:
        for step in steps(item, "PROMETHEUS_PATTERN") + \
                steps(item, "PROMETHEUS_TO_JSON"):
            named = re.findall(r"(?:license|leaseline|process)_\w+",
                               step["parameters"][0])
            for name in set(named) - metrics:
                yield f"{item['key']}: no metric is called {name}"
            if not named:
                yield f"{item['key']}: no metric is named"
        for step in steps(item, "JAVASCRIPT"):
            rows = re.search(r"\[('\w+'(?:, '\w+')+)\]\.indexOf",
                             step["parameters"][0])
            if rows and dict(enumerate(re.findall(r"\w+", rows.group(1)), 1)) \
                    != {int(k): v for k, v in
                        t.maps[item["valuemap"]["name"]].items()}:
                yield f"{item['key']}: its numbers are not its value map's"


def check_references(t):
    expressions = [x["expression"] for x in t.triggers]
    named = {(x["name"], x["expression"]) for x in t.triggers}
    if len(set(expressions)) != len(expressions):
        yield "two triggers have one expression"
    for trigger in t.triggers:
        if not any(x["tag"] == "scope" for x in trigger.get("tags", [])):
            yield f"{trigger['name']}: no scope"
        for host, key in re.findall(KEY, trigger["expression"]):
            if host != t.name or key not in t.keys:
                yield f"{trigger['name']}: no item {key}"
        if not re.search(KEY, trigger["expression"]):
            yield f"{trigger['name']}: no item at all"
        for other in trigger.get("dependencies", []):
            if (other["name"], other["expression"]) not in named:
                yield f"{trigger['name']}: depends on what is not there"
    for item in t.items:
        if not any(x["tag"] == "component" for x in item.get("tags", [])):
            yield f"{item['key']}: no component"
        for key in re.findall(r"//([a-z.]+(?:\[[^]]*\])?)",
                              item.get("params", "")):
            if key not in t.keys:
                yield f"{item['key']}: no item {key}"
    for item in t.items + [t.rule]:
        master = item.get("master_item", {}).get("key")
        if master is not None and master not in t.keys:
            yield f"{item['key']}: no master {master}"
        if item.get("valuemap", {}).get("name", None) not in \
                {None, *t.maps}:
            yield f"{item['key']}: no such value map"
        if item.get("value_type") in ("CHAR", "TEXT") and \
                item.get("history") != "0" and \
                not steps(item, "DISCARD_UNCHANGED_HEARTBEAT"):
            yield f"{item['key']}: the same text is stored again and again"
    graphs = t.rule["graph_prototypes"]
    for graph in graphs:
        for item in graph["graph_items"]:
            if item["item"]["host"] != t.name or \
                    item["item"]["key"] not in t.keys:
                yield f"{graph['name']}: no item {item['item']['key']}"
    for name in (field["value"]["name"] for dashboard in t.body["dashboards"]
                 for page in dashboard["pages"] for widget in page["widgets"]
                 for field in widget["fields"]
                 if field["type"] == "GRAPH_PROTOTYPE"):
        if name not in [graph["name"] for graph in graphs]:
            yield f"{t.name}: the dashboard has no graph {name}"
    shown = {i["valuemap"]["name"] for i in t.items if "valuemap" in i}
    for name in set(t.maps) - shown:
        yield f"the value map {name} is not used"


def check_macros(t):
    defined = {m["macro"] for m in t.body["macros"]}
    used = set(re.findall(r"\{\$[A-Z._]+\}", t.text.split("macros:\n")[0]))
    for macro in defined ^ used:
        yield f"{macro} is defined or used, not both"


def check(texts, root, objects, enums, metrics, version):
    templates = [Template(text) for text in texts]
    group = templates[0].groups[0]["uuid"]
    uuids = [u for t in templates for u in t.uuids() if u != group]
    for uuid in uuids + [group]:
        if not re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}",
                            uuid):
            yield f"{uuid} is no UUID of version 4"
    for uuid in {u for u in uuids if uuids.count(u) > 1}:
        yield f"{uuid} is there twice"
    for t in templates:
        if t.version != "6.0":
            yield f"{t.name}: version {t.version}"
        if f"Of Leaseline {version}, for Zabbix" not in t.body["description"]:
            yield f"{t.name}: it is not said to be of {version}"
        yield from check_root(t, root)
        yield from check_metrics(t, metrics)
        yield from check_references(t)
        yield from check_macros(t)
        for name, group in VALUE_MAPS.items():
            if t.maps.get("Leaseline " + name) != enums[group]:
                yield f"{t.name}: {name} is not as in names.h"
        for item in t.items:
            if "snmp_oid" in item:
                yield from check_oid(item, root, objects)
    by_snmp, by_http = templates
    of_snmp = {i["key"]: i for i in by_snmp.items}
    for item in by_http.rule["item_prototypes"]:
        other = of_snmp.get(item["key"], {})
        for part in ("name", "units", "valuemap", "value_type"):
            if item.get(part) != other.get(part):
                yield f"{item['key']}: {part} differs from by SNMP's"
    for name, by in (("SNMP", by_snmp), ("HTTP", by_http)):
        alarms = {t["name"] for t in by.triggers if "{#NAME}" in t["name"]}
        other = by_http if by is by_snmp else by_snmp
        for missing in alarms - {t["name"] for t in other.triggers}:
            yield f"only by {name}: {missing}"


# (what is put wrong, what it becomes, a word of the complaint)
MISTAKES = [
    (0, r"(\.1\.3\.1\.)12(\.\{#SNMP)", r"\g<1>13\2", "license.usable"),
    (0, r"(\.1\.3\.1\.)46(\.\{#SNMP)", r"\g<1>47\2", "no readable object"),
    (0, r"(1\.3\.6\.1\.4\.1\.)8072", r"\g<1>8073", "is not below"),
    (0, r"(uuid: )\S{32}(\s+name: 'Agent: v)", r"\g<1>12\2", "no UUID"),
    (0, r"(newvalue: )hardware_limit", r"\1hardware", "refusal reason"),
    (1, r"license_usable\{", "license_usabel{", "no metric"),
    (1, "valid'', ''expiring", "expiring'', ''valid", "numbers"),
    (0, r"last\(/Leaseline by SNMP/leaseline\.storage\.up\)",
     "last(/Leaseline by SNMP/leaseline.storage.on)", "no item"),
    (1, r"master_item:\s+key: leaseline\.metrics",
     "master_item:\n                key: leaseline.metric", "no master"),
    (0, r"nodata\((.*?),\{\$LEASELINE\.SILENT\}\)",
     r"nodata(\1,{$LEASELINE.SILENCE})", "not both"),
    (0, r"(?s)(value_type: CHAR.*?DISCARD_UNCHANGED)_HEARTBEAT", r"\1",
     "again and again"),
    (1, r"(host: 'Leaseline by HTTP'\s+key: 'leaseline\.license\.)action",
     r"\1act", "no item"),
    (0, r"(host: \S+ by SNMP'\s+name: 'License \{#NAME\}: )days",
     r"\1hours", "no graph"),
    (1, r"Of Leaseline \d", "Of Leaseline 9", "not said"),
]


def main():
    makefile = (ROOT / "Makefile").read_text()
    root = re.search(r"^MIB_ROOT \?= (\S+)", makefile, re.M).group(1)
    metrics = set(re.findall(r'"((?:license|leaseline)_\w+)"',
                             "".join((ROOT / "exporter" / name).read_text()
                                     for name in ("metrics.c", "families.c"))))
    metrics |= {"leaseline_build_info", "process_start_time_seconds"}
    version = re.search(r"^VERSION := (\S+)", makefile, re.M).group(1)
    known = (root, mib_objects(), names(), metrics, version)
    texts = [path.read_text() for path in FILES]
    complaints = list(check(texts, *known))
    for complaint in complaints:
        print(complaint)
    if complaints:
        sys.exit(1)
    for which, pattern, new, word in MISTAKES:
        planted = list(texts)
        planted[which], count = re.subn(pattern, new, planted[which], count=1)
        if count != 1 or not any(word in c for c in check(planted, *known)):
            sys.exit(f"a planted mistake is not found: {pattern}")
    templates = [Template(text) for text in texts]
    print("templates:",
          ", ".join(f"{t.name}: {len(t.items)} items, {len(t.triggers)} "
                    f"triggers" for t in templates)
          + f"; {len(MISTAKES)} planted mistakes found")


if __name__ == "__main__":
    main()

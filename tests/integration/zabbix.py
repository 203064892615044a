# SPDX-License-Identifier: ISC
"""What the test asks of a real Zabbix over its API. Orders, after the URL:

login                        prints a token; from then on in ZABBIX_TOKEN
import FILE...               as a person imports it; then exported again, and
                             compared: what is committed is what Zabbix writes
export TEMPLATE              as YAML, to the standard output
host NAME TEMPLATE IP PORT FACE [MACRO=VALUE...]
                             FACE: snmp2, snmp3 or http
discover NAME...             waits until their licenses are there
values NAME ITEM=VALUE...    waits until they are so; prints them as shown;
                             VALUE as in a shell's pattern
graphs NAME GRAPH...         waits until just these are drawn
gone NAME WORD               waits until no item has WORD in its key
unsupported NAME...          fails if an item is
problems NAME SECONDS [WORDS...]
                             waits until just these are what a person sees;
                             WORDS: severity and the trigger's name
fired NAME [WORDS...]        fails if anything else ever was a problem there,
                             or more often than WORDS are given
covered TEMPLATE [NOT-TRIED...]
                             fails if one of its triggers was never a problem,
                             or never one that was over again
"""
import collections
import fnmatch
import json
import os
import sys
import time
import urllib.request

import yaml

SEVERITIES = "NONE INFO WARNING AVERAGE HIGH DISASTER".split()
PREFIX = "leaseline."


class Failed(Exception):
    pass


class Zabbix:
    def __init__(self, url):
        self.url, self.token = url, os.environ.get("ZABBIX_TOKEN")
        self.token = self.token or self.ask("user.login", user="Admin",
                                            password="zabbix")

    def ask(self, method, **params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        if self.token:
            body["auth"] = self.token
        request = urllib.request.Request(
            self.url, json.dumps(body).encode(),
            {"Content-Type": "application/json-rpc"})
        answer = json.load(urllib.request.urlopen(request, timeout=120))
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['data']}")
        return answer["result"]

    def host(self, name):
        return self.ask("host.get", filter={"host": name})[0]["hostid"]

    def items(self, name, key=None):
        return self.ask("item.get", hostids=self.host(name), output="extend",
                        selectValueMap="extend",
                        **({"filter": {"key_": key}} if key else {}))


def key_of(word):
    if word.startswith(("zabbix[", "snmptrap[")):
        return word
    name, _, license_name = word.partition("@")
    return PREFIX + (f'license.{name}["{license_name}"]' if license_name
                     else name)


def shown(item):
    value = item["lastvalue"]
    for row in (item.get("valuemap") or {}).get("mappings", []):
        if row["value"] == value:
            return row["newvalue"]
    return value


def do_login(z):
    print(z.token)


def do_import(z, *files):
    create = {"createMissing": True, "updateExisting": True}
    rules = {part: create for part in ("templates", "items", "triggers",
                                       "discoveryRules", "valueMaps",
                                       "graphs", "templateDashboards")}
    rules["groups"] = {"createMissing": True, "updateExisting": True}
    for path in files:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        done = z.ask("configuration.import", format="yaml", source=text,
                     rules=rules)
        if done is not True:
            raise Failed(f"{path}: import says {done}")
        ours = yaml.safe_load(text)["zabbix_export"]
        name = ours["templates"][0]["template"]
        theirs = yaml.safe_load(export(z, name))["zabbix_export"]
        ours.pop("date"), theirs.pop("date")
        if ours != theirs:
            raise Failed(f"{path} is not what Zabbix exports of it")
        print(f"imported {name}; exported again it is the same")


def export(z, name):
    template = z.ask("template.get", filter={"host": name})[0]["templateid"]
    return z.ask("configuration.export", format="yaml",
                 options={"templates": [template]})


def do_export(z, name):
    sys.stdout.write(export(z, name))


def do_host(z, name, template, address, port, face, *macros):
    interface = {"type": 1, "main": 1, "useip": 1, "ip": address, "dns": "",
                 "port": port}
    if face == "snmp2":
        interface.update(type=2, details={
            "version": 2, "bulk": 1, "community": "{$SNMP_COMMUNITY}"})
        macros += ("{$SNMP_COMMUNITY}=public",)
    elif face == "snmp3":
        interface.update(type=2, details={
            "version": 3, "bulk": 1, "securityname": "operator",
            "securitylevel": 2, "authprotocol": 3, "privprotocol": 1,
            "authpassphrase": "authpass12", "privpassphrase": "privpass12"})
    groups = z.ask("hostgroup.get", filter={"name": "Linux servers"})
    templates = z.ask("template.get", filter={"host": template})
    z.ask("host.create", host=name, interfaces=[interface],
          groups=[{"groupid": groups[0]["groupid"]}],
          templates=[{"templateid": templates[0]["templateid"]}],
          macros=[dict(zip(("macro", "value"), m.split("=", 1)))
                  for m in macros])


def do_discover(z, *names):
    until = time.time() + 90
    for name in names:
        while True:
            found = [i for i in z.items(name) if "license." in i["key_"]]
            if found:
                break
            if time.time() > until:
                rules = z.ask("discoveryrule.get", hostids=z.host(name),
                              output="extend")
                raise Failed(f"{name}: no license: {rules[0]['error']}")
            time.sleep(0.5)
        print(f"{name}: {len(found)} items of licenses discovered")


def do_values(z, name, *wanted):
    until = time.time() + 60
    while True:
        items = {i["key_"]: i for i in z.items(name)}
        wrong = []
        for word in wanted:
            key, _, value = word.partition("=")
            item = items.get(key_of(key))
            got = None if item is None else \
                shown(item) if item["lastclock"] != "0" else \
                f"no value ({item['error']})"
            if got is None or not fnmatch.fnmatchcase(got, value):
                wrong.append(f"{key} is {got!r} where {value!r} was expected")
        if not wrong:
            break
        if time.time() > until:
            raise Failed(f"{name}: " + "; ".join(wrong))
        time.sleep(0.5)
    names = [word.partition("=")[0] for word in wanted]
    print(f"{name}: " + ", ".join(
        f"{n} {' '.join(shown(items[key_of(n)]).split())[:150]}"
        for n in names))


def do_graphs(z, name, *wanted):
    until = time.time() + 60
    while True:
        found = z.ask("graph.get", hostids=z.host(name), selectItems=["key_"],
                      output=["name"])
        if {graph["name"] for graph in found} == set(wanted):
            break
        if time.time() > until:
            raise Failed(f"{name}: the graphs are {found}")
        time.sleep(0.5)
    print(f"{name}: " + ", ".join(
        f"graph {g['name']} of {len(g['items'])} items" for g in found))


def do_gone(z, name, word):
    until = time.time() + 60
    while left := [i["key_"] for i in z.items(name) if word in i["key_"]]:
        if time.time() > until:
            raise Failed(f"{name}: still there: {left[0]}")
        time.sleep(0.5)
    print(f"{name}: no item of {word}")


def do_unsupported(z, *names):
    for name in names:
        items = z.items(name)
        bad = [f"{i['key_']}: {i['error']}" for i in items
               if i["state"] == "1"]
        if bad:
            raise Failed(f"{name}: not supported: " + "; ".join(bad))
        valued = sum(i["lastclock"] != "0" for i in items)
        print(f"{name}: {len(items)} items, {valued} with a value, "
              "none unsupported")


def words_of(trigger):
    return (SEVERITIES[int(trigger["priority"])] + " "
            + trigger["description"].removeprefix("Leaseline: "))


def seen(z, name):
    """Name, severity and text of what a person sees on the page."""
    triggers = z.ask("trigger.get", hostids=z.host(name), output="extend",
                     filter={"value": 1}, skipDependent=True, monitored=True)
    return {words_of(t): t for t in triggers}


def do_problems(z, name, seconds, *wanted):
    start = time.time()
    while True:
        now = seen(z, name)
        if set(now) == set(wanted):
            break
        if time.time() > start + float(seconds):
            raise Failed(f"{name}: problems are {sorted(now)} where "
                         f"{sorted(wanted)} was expected")
        time.sleep(0.5)
    texts = [p["name"] + (f" ({p['opdata']})" if p["opdata"] else "")
             for p in z.ask("problem.get", hostids=z.host(name),
                            output="extend")
             if p["objectid"] in {t["triggerid"] for t in now.values()}]
    words = [word.split()[0] for word in now] + texts if now else \
        ["no problem"]
    print(f"{name}: {' '.join(words)}, after {time.time() - start:.0f} s")


def events(z, hosts):
    """Words -> the problems that there ever were, with when each was over."""
    triggers = {t["triggerid"]: words_of(t)
                for t in z.ask("trigger.get", hostids=hosts, output="extend",
                               expandDescription=True)}
    found = collections.defaultdict(list)
    for event in z.ask("event.get", hostids=hosts, source=0, object=0,
                       value=1, output=["objectid", "r_eventid"]):
        if event["objectid"] in triggers:
            found[triggers[event["objectid"]]].append(
                event["r_eventid"] != "0")
    return found


def do_fired(z, name, *wanted):
    found = events(z, [z.host(name)])
    often = collections.Counter({w: len(over) for w, over in found.items()})
    often.subtract(wanted)
    if more := sorted(+often):
        raise Failed(f"{name}: was a problem, too: {more}")
    print(f"{name}: {sum(map(len, found.values()))} problems in all, "
          "none but the expected")


def do_covered(z, template, *not_tried):
    """Of license main: by the triggers' names, as its hosts have them."""
    found = z.ask("template.get", filter={"host": template},
                  selectHosts=["hostid"])[0]
    of = {"templateids": found["templateid"], "output": "extend"}
    triggers = z.ask("trigger.get", **of) + z.ask("triggerprototype.get", **of)
    seen_events = events(z, [h["hostid"] for h in found["hosts"]])
    never = []
    for words in sorted(words_of(t).replace("{#NAME}", "main")
                        for t in triggers):
        over = seen_events.get(words, [])
        tried = words.split(" ", 1)[1] not in not_tried
        if tried and True not in over:
            never.append(words)
        print(f"{template}: {words}: {len(over)} times a problem, "
              f"{sum(over)} times over" + ("" if tried else "; NOT TRIED"))
    if never:
        raise Failed(f"{template}: never a problem and over: {never}")
    print(f"{template}: {len(triggers) - len(not_tried)} of {len(triggers)} "
          "triggers fired and recovered")


def main():
    url, order, *arguments = sys.argv[1:]
    try:
        globals()["do_" + order](Zabbix(url), *arguments)
    except (Failed, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The Grafana dashboards without a Grafana.

lint FILE...          the rules of grafana/dashboard-linter, on every kind of
                      panel, and ours; then each rule is shown a broken copy.
run URL DIR FILE...   every query at a real Prometheus, with the variables
                      replaced as Grafana does; answers are kept in DIR.
"""
import copy
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

UNITS = {"none", "s", "bps", "bytes", "percentunit", "reqps", "dtdurations", "dateTimeAsIso"}
RANGED = re.compile(r"(\w+)\(\s*(\w+)\s*\{[^{}]*\}\s*\[([^\]]*)\]")
SELECTOR = re.compile(r"\b([a-zA-Z_]\w*)\s*\{([^{}]*)\}")
NAME = re.compile(r"\b(?:license|leaseline|authority|process)_\w+|\bup\b")


def panels_of(page):
    return [one for one in page["panels"] if one["type"] != "row"]


def queries_of(page):
    for one in panels_of(page):
        for target in one["targets"]:
            yield one, target


def variable(page, name):
    found = [one for one in page["templating"]["list"] if one["name"] == name]
    return found[0] if len(found) == 1 else {}


# Each rule: what is wrong with a page, as sentences. Named as the linter's
# where it has one.
def template_datasource(page, _):
    sources = [one for one in page["templating"]["list"] if one["type"] == "datasource"]
    if [(one["name"], one["label"], one["query"]) for one in sources] != [
            ("datasource", "Data source", "prometheus")]:
        yield "not exactly one variable 'datasource', of Prometheus"


def template_variables(page, _):
    for name in ("job", "instance"):
        one = variable(page, name)
        if (one.get("type"), one.get("label"), one.get("multi"), one.get("allValue"),
                one.get("datasource", {}).get("uid")) != (
                    "query", name.title(), True, ".+", "${datasource}"):
            yield "variable %s" % name
    for one in page["templating"]["list"]:
        if one["type"] == "query" and (one["allValue"], one["multi"]) != (".+", True):
            yield "variable %s" % one["name"]


def template_label_promql(page, _):
    for one in page["templating"]["list"]:
        if one["type"] == "query" and not re.fullmatch(
                r"label_values\(\w+(\{.*\})?, \w+\)", one["query"]["query"]):
            yield "variable %s: %s" % (one["name"], one["query"]["query"])


def template_on_time_change_reload(page, _):
    for one in page["templating"]["list"]:
        if one["type"] == "query" and one["refresh"] != 2:
            yield "variable %s is not refreshed with the time range" % one["name"]


def panel_datasource(page, _):
    for one in panels_of(page):
        for place in [one] + one["targets"]:
            if place.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
                yield "%s: another data source" % one["title"]


def panel_title_description(page, _):
    for one in page["panels"]:
        if not one.get("title") or (one["type"] != "row" and not one.get("description")):
            yield "panel %s has no title or description" % one.get("title", one["id"])


def panel_units(page, _):
    for one in panels_of(page):
        units = [one["fieldConfig"]["defaults"].get("unit")] + [
            part["value"] for other in one["fieldConfig"]["overrides"]
            for part in other["properties"] if part["id"] == "unit"]
        if not set(units) <= UNITS:
            yield "%s: units %s" % (one["title"], units)


def panel_no_targets(page, _):
    for one in panels_of(page):
        if not one.get("targets"):
            yield "%s has no query" % one["title"]


def target_promql(page, _):
    """Each as a recording rule: promtool says which is no PromQL."""
    rules = [{"record": "query%d" % n, "expr": replaced(target["expr"], {})}
             for n, (_, target) in enumerate(queries_of(page))]
    checked = subprocess.run(
        ["promtool", "check", "rules", "/dev/stdin"], text=True, check=False,
        input=json.dumps({"groups": [{"name": "x", "rules": rules}]}), capture_output=True)
    if checked.returncode:
        yield checked.stderr


def target_rate_interval(page, _):
    for one, target in queries_of(page):
        for call, _, interval in RANGED.findall(target["expr"]):
            if interval != ("$__range" if call == "last_over_time" else "$__rate_interval"):
                yield "%s: [%s]" % (one["title"], interval)


def target_job_instance(page, _):
    wanted = ['job=~"$job"', 'instance=~"$instance"']
    if variable(page, "license"):
        wanted.append('license=~"$license"')
    for one, target in queries_of(page):
        bare = NAME.findall(re.sub(r'"[^"]*"', "", SELECTOR.sub("", target["expr"])))
        for name, has in SELECTOR.findall(target["expr"]) + [(name, "") for name in bare]:
            of_license = name.startswith(("license_", "leaseline_authority_"))
            if not all(matcher in has for matcher in (wanted if of_license else wanted[:2])):
                yield "%s: %s{%s}" % (one["title"], name, has)


def target_counter_agg(page, _):
    for one, target in queries_of(page):
        rated = [name for call, name, _ in RANGED.findall(target["expr"])
                 if call in ("rate", "irate", "increase")]
        for name in NAME.findall(target["expr"]):
            if name.endswith(("_total", "_bucket", "_count", "_sum")) and name not in rated:
                yield "%s: %s is not under rate or increase" % (one["title"], name)


def uneditable(page, _):
    if page["editable"] is not False:
        yield "it can be edited"


def provisioned(page, _):
    if page["id"] is not None or "__inputs" in page or "__requires" in page:
        yield "not the form that is provisioned"
    if not re.fullmatch("leaseline-[a-z]+", page["uid"]) or page["schemaVersion"] < 39:
        yield "uid or schemaVersion"


def no_fixed_job(page, _):
    for one, target in queries_of(page):
        if re.search(r'\b(job|instance)\s*(=~?|!~|!=)\s*"(?!\$(job|instance)")', target["expr"]):
            yield "%s: a job or instance by name" % one["title"]


def links_lead_somewhere(page, pages):
    titles = {other["uid"]: {one["name"] for one in other["templating"]["list"]}
              for other in pages}
    urls = re.findall(r'"url": "([^"]*)"', json.dumps(page))
    if not page["links"] or not urls:
        yield "no links"
    for url in urls:
        uid, parameters = re.fullmatch(r"/d/([^?]*)\?(.*)", url).groups()
        names = re.findall(r"var-(\w+)=", parameters) + re.findall(
            r"\$\{(\w+):queryparam\}", parameters)
        if uid not in titles or not set(names) <= titles[uid]:
            yield "link to %s" % url
        own = re.findall(r"\$\{(\w+):queryparam\}", parameters)
        if not all(variable(page, name) for name in own):
            yield "link %s: a variable that is not here" % url


def in_place(page, _):
    if len({one["id"] for one in page["panels"]}) != len(page["panels"]):
        yield "two panels of one id"
    taken = set()
    for one in page["panels"]:
        place = one["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        if cells & taken or place["x"] + place["w"] > 24:
            yield "%s lies over another" % one["title"]
        taken |= cells
        for references in [[target["refId"] for target in one.get("targets", [])]]:
            if len(set(references)) != len(references):
                yield "%s: two queries of one refId" % one["title"]


RULES = [template_datasource, template_variables, template_label_promql,
         template_on_time_change_reload, panel_datasource, panel_title_description, panel_units,
         panel_no_targets, target_promql, target_rate_interval, target_job_instance,
         target_counter_agg, uneditable, provisioned, no_fixed_job, links_lead_somewhere, in_place]


def change(*path, to):
    """What breaks a copy: the value at the path is another, or gone."""
    def apply(page):
        for key in path[:-1]:
            page = page[key]
        if to is None and path[-1] in ("targets", "description"):
            del page[path[-1]]
        else:
            page[path[-1]] = to
    return apply


def expression(old, new):
    def apply(page):
        for _, target in queries_of(page):
            if old in target["expr"]:
                target["expr"] = target["expr"].replace(old, new, 1)
                return
        sys.exit("grafana: no query has " + old)
    return apply


BROKEN = [
    (template_datasource, change("templating", "list", 0, "name", to="prometheus")),
    (template_variables, change("templating", "list", 1, "allValue", to=".*")),
    (template_variables, change("templating", "list", 2, "multi", to=False)),
    (template_label_promql, change("templating", "list", 1, "query", "query", to="up")),
    (template_on_time_change_reload, change("templating", "list", 1, "refresh", to=1)),
    (panel_datasource, change("panels", 1, "datasource", "uid", to="prometheus")),
    (panel_title_description, change("panels", 1, "description", to=None)),
    (panel_title_description, change("panels", 1, "title", to="")),
    (panel_units, change("panels", 1, "fieldConfig", "defaults", "unit", to="")),
    (panel_no_targets, change("panels", 1, "targets", to=[])),
    (target_promql, expression("(", "((")),
    (target_rate_interval, expression("$__rate_interval", "5m")),
    (target_job_instance, expression('job=~"$job", ', "")),
    (target_job_instance, expression(', instance=~"$instance"', "")),
    (target_counter_agg, expression("increase(", "delta(")),
    (uneditable, change("editable", to=True)),
    (provisioned, change("id", to=7)),
    (provisioned, change("__inputs", to=[])),
    (no_fixed_job, expression('job=~"$job"', 'job=~"$job", job="leaseline"')),
    (links_lead_somewhere, change("links", 0, "url", to="/d/leaseline-flet?")),
    (in_place, change("panels", 2, "gridPos", "x", to=0)),
]


def lint(files):
    pages = [json.load(open(name, encoding="utf-8")) for name in files]
    for page in pages:
        for rule in RULES:
            for sentence in rule(page, pages):
                sys.exit("grafana: %s: %s: %s" % (page["uid"], rule.__name__, sentence))
    for page in pages:
        for rule, break_it in BROKEN:
            broken = copy.deepcopy(page)
            break_it(broken)
            if not list(rule(broken, pages)):
                sys.exit("grafana: %s: %s does not see a broken copy" % (
                    page["uid"], rule.__name__))
    if {rule for rule, _ in BROKEN} != set(RULES):
        sys.exit("grafana: a rule was not shown a broken copy")
    print("grafana: %d dashboards keep %d rules, each of which sees a broken copy"
          % (len(pages), len(RULES)))


def names(files):
    """The metrics that the queries name, one a line."""
    found = set()
    for name in files:
        page = json.load(open(name, encoding="utf-8"))
        texts = [target["expr"] for _, target in queries_of(page)]
        texts += [one["query"]["query"] for one in page["templating"]["list"][1:]]
        for text in texts:
            found |= {metric for metric, _ in SELECTOR.findall(text)}
            found |= set(re.findall(r"label_values\((\w+),", text))
    print("\n".join(sorted(found)))


def replaced(text, values):
    """What Grafana makes of an expression; of All it makes allValue."""
    text = text.replace("$__rate_interval", "20s").replace("$__range", "600s")
    for name in ("datasource", "job", "instance", "license"):
        text = text.replace("$" + name, values.get(name, ".+"))
    return text


class Prometheus:
    def __init__(self, url):
        self.url = url

    def ask(self, path, **parameters):
        data = urllib.parse.urlencode(parameters, doseq=True)
        with urllib.request.urlopen(self.url + path + "?" + data, timeout=30) as answer:
            return json.load(answer)["data"]

    def values_of(self, query, values):
        metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        return self.ask("/api/v1/label/%s/values" % label,
                        **{"match[]": replaced(metric, values),
                           "start": time.time() - 600, "end": time.time()})

    def run(self, target, values):
        expr = replaced(target["expr"], values)
        now = time.time()
        if target["instant"]:
            return self.ask("/api/v1/query", query=expr, time=now)["result"]
        return self.ask("/api/v1/query_range", query=expr, start=now - 60, end=now,
                        step=5)["result"]


def has_number(result):
    return any(point[1] != "NaN" for one in result
               for point in one.get("values", [one.get("value")]))


def chosen_values(prometheus, page):
    """Each variable's options, in turn; all of them picked one by one."""
    values = {}
    for one in page["templating"]["list"][1:]:
        options = prometheus.values_of(one["query"]["query"], values)
        if not options:
            sys.exit("grafana: %s: no options for %s" % (page["uid"], one["name"]))
        # As Grafana's Prometheus data source writes several: escaped twice.
        escaped = [re.sub(r"[.+*?()|\[\]{}^$\\]", lambda m: "\\\\" + m[0], o) for o in options]
        values[one["name"]] = "(" + "|".join(escaped) + ")"
    return values


def same_when_picked(prometheus, target, chosen, answer, title):
    """All and every value by itself are the same; the fleet moves in between."""
    for _ in range(5):
        picked = prometheus.run(target, chosen)
        if len(answer) == len(picked):
            return answer
        answer = prometheus.run(target, {})
    sys.exit("grafana: %s: %d series, %d when each value is picked: %s" % (
        title, len(answer), len(picked), target["expr"]))


def run(arguments):
    prometheus, directory = Prometheus(arguments[0]), arguments[1]
    counts, empty, until = {}, [], time.time() + int(os.environ.get("WAIT_S", 90))
    for name in arguments[2:]:
        page = json.load(open(name, encoding="utf-8"))
        chosen = chosen_values(prometheus, page)
        answers = {}
        for one, target in queries_of(page):
            key = "%d%s" % (one["id"], target["refId"])
            excused = "grace_end" in target["expr"] and os.environ.get("FLEET_GRACE") == "no"
            answer = prometheus.run(target, {})
            while not excused and not has_number(answer) and time.time() < until:
                time.sleep(1)
                answer = prometheus.run(target, {})
            if excused and answer:
                sys.exit("grafana: %s has data now: it is excused no more" % target["expr"])
            if excused:
                empty.append("%s, %s" % (page["uid"], one["title"]))
            elif not has_number(answer):
                sys.exit("grafana: %s: %s: no data: %s" % (page["uid"], one["title"],
                                                          target["expr"]))
            answer = same_when_picked(prometheus, target, chosen, answer, one["title"])
            answers[key] = answer
            counts.setdefault(page["uid"], []).append(len(answer))
        with open(os.path.join(directory, page["uid"] + ".answers"), "w", encoding="utf-8") as out:
            json.dump(answers, out)
    for uid, series in counts.items():
        print("grafana: %s: %d queries, %d series" % (uid, len(series), sum(series)))
    if empty:
        print("grafana: expected to be empty, no rebind could be refused without root: %s" %
              "; ".join(sorted(set(empty))))


def stat(arguments):
    """What a stat of a dashboard shows: DIR FILE TITLE."""
    directory, file, title = arguments
    page = json.load(open(file, encoding="utf-8"))
    answers = json.load(open(os.path.join(directory, page["uid"] + ".answers"), encoding="utf-8"))
    for one, target in queries_of(page):
        if one["title"] == title:
            print(answers["%d%s" % (one["id"], target["refId"])][0]["value"][1])


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2:])

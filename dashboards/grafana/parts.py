# SPDX-License-Identifier: ISC
"""The parts that generate.py makes the Grafana dashboards of.

In an expression {L ...} selects by job, instance and license, {A ...} by job and
instance alone. No number in here says when a license is late: those are the
agent's, license_action_threshold_seconds and its kind.
"""
import json
import os
import re

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
AGENT = 'job=~"$job", instance=~"$instance"'
LICENSE = AGENT + ', license=~"$license"'
KEY = "(job, instance, license)"

GREEN, YELLOW, ORANGE, RED, BLUE, GRAY = "green", "yellow", "orange", "red", "blue", "text"
# The MIB's numbers, which are those of names.c; the color of each.
STATES = [("missing", RED), ("valid", GREEN), ("expiring", ORANGE), ("expired", RED),
          ("invalid", RED), ("hardware_mismatch", RED), ("suspended", RED),
          ("cancelled", RED), ("clock_untrusted", YELLOW), ("not_yet_valid", ORANGE)]
SEVERITIES = [("ok", GREEN), ("warning", ORANGE), ("critical", RED), ("unknown", YELLOW)]
YES_NO = [(0, "no", RED), (1, "yes", GREEN)]
# What two `< bool` of thresholds add up to.
LEVELS = [(0, "in time", GREEN), (1, "warning", ORANGE), (2, "critical", RED)]
# Of a count of things that should not be, the first is one too many.
NONE_IS_GOOD = [(None, GREEN), (1, RED)]
NONE_IS_BEST = [(None, GREEN), (1, ORANGE)]


def promql(text):
    """One line, the selectors written out."""
    text = " ".join(text.split())
    for short, long in (("L", LICENSE), ("A", AGENT)):
        text = re.sub(r"\{%s(?=[,}])" % short, lambda _, long=long: "{" + long, text)
    return text


def numbered(metric, label, values):
    """A state set as the MIB's number of the value that is 1."""
    terms = ('%d * %s{L, %s="%s"}' % (number + 1, metric, label, name)
             for number, (name, _) in enumerate(values))
    return "sum by %s (%s)" % (KEY, " or ".join(terms))


def query(expr, legend="__auto", table=False, now=False):
    return {"datasource": SOURCE, "editorMode": "code", "expr": promql(expr),
            "format": "table" if table else "time_series",
            "instant": table or now, "legendFormat": legend, "range": not (table or now)}


def steps(pairs):
    return {"mode": "absolute",
            "steps": [{"color": color, "value": value} for value, color in pairs]}


def words(rows):
    """Values, or words, and how they are shown."""
    options = {str(value): {"color": color, "index": n, "text": text}
               for n, (value, text, color) in enumerate(rows)}
    return [{"type": "value", "options": options}]


def enumeration(values):
    return words([(n + 1, name, color) for n, (name, color) in enumerate(values)])


def named(values):
    return words([(name, name, color) for name, color in values])


def override(name, **properties):
    """Of the field of that name; a property's dots are written as __."""
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key.replace("__", "."), "value": value}
                           for key, value in properties.items()]}


def panel(kind, title, description, unit, queries, size, options, defaults=None,
          overrides=()):
    targets = [dict(one, refId=chr(ord("A") + n)) for n, one in enumerate(queries)]
    field = {"unit": unit, "mappings": [], "thresholds": steps([(None, GREEN)]),
             "color": {"mode": "palette-classic"}, "custom": {}}
    field.update(defaults or {})
    return {"type": kind, "title": title, "description": description,
            "datasource": SOURCE, "targets": targets, "options": options,
            "gridPos": {"w": size[0], "h": size[1]},
            "fieldConfig": {"defaults": field, "overrides": list(overrides)}}


def stat(title, description, expr, unit="none", legend="__auto", size=(4, 4),
         thresholds=None, mappings=None, decimals=None, links=None, no_value=None):
    defaults = {"mappings": mappings or []}
    if thresholds:
        defaults.update(thresholds=steps(thresholds), color={"mode": "thresholds"})
    elif not mappings:
        defaults.update(color={"mode": "fixed", "fixedColor": BLUE})
    else:
        defaults.update(color={"mode": "thresholds"}, thresholds=steps([(None, GRAY)]))
    for key, value in (("decimals", decimals), ("links", links), ("noValue", no_value)):
        if value is not None:
            defaults[key] = value
    options = {"colorMode": "background" if thresholds or mappings else "value",
               "graphMode": "none", "justifyMode": "auto", "orientation": "auto",
               "textMode": "auto", "wideLayout": True,
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return panel("stat", title, description, unit, [query(expr, legend, now=True)], size,
                 options, defaults)


def series(title, description, unit, queries, size=(12, 8), stack=False, bars=False,
           overrides=(), decimals=None, minimum=None):
    custom = {"drawStyle": "bars" if bars else "line", "lineWidth": 1,
              "fillOpacity": 60 if bars else 30 if stack else 0, "showPoints": "auto",
              "spanNulls": False, "lineInterpolation": "stepAfter" if stack else "linear",
              "stacking": {"mode": "normal" if stack else "none", "group": "A"}}
    defaults = {"custom": custom}
    for key, value in (("decimals", decimals), ("min", minimum)):
        if value is not None:
            defaults[key] = value
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True,
                          "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, unit, queries, size, options, defaults,
                 overrides)


def timeline(title, description, queries, mappings, size=(24, 6)):
    options = {"alignValue": "left", "mergeValues": True, "rowHeight": 0.8,
               "showValue": "auto", "tooltip": {"mode": "single", "sort": "none"},
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False}}
    defaults = {"mappings": mappings, "color": {"mode": "thresholds"},
                "thresholds": steps([(None, GRAY)]),
                "custom": {"fillOpacity": 70, "lineWidth": 0}}
    return panel("state-timeline", title, description, "none", queries, size, options, defaults)


def value(name, expr, **properties):
    """A column of a table: the query's value."""
    return name, expr, properties, False


def label(name, expr, **properties):
    """A column of a table: that label, or labels, of the query; no value."""
    return name, expr, properties, True


def table(title, description, columns, first=("license", "instance", "job"), overrides=(),
          sort=None, size=(24, 10), unit="none"):
    """Rows are joined on the labels that all columns' queries have. License,
    instance and job keep those names, which the links of their cells use."""
    queries, order, rename = [], list(first), {}
    hidden, overrides = {"Time": True}, list(overrides)
    for n, (name, expr, properties, is_label) in enumerate(columns):
        field = "Value #" + chr(ord("A") + n)
        # A label, the metric's name too, that only some have splits a row.
        queries.append(query("max by (%s) (%s)" % (
            ", ".join(sorted(first) + ([name] if is_label else [])), expr), table=True))
        order += name.split(", ") if is_label else [field]
        if is_label:
            hidden[field] = True
        else:
            rename[field] = name
        if properties:
            overrides.append(override(name, **properties))
    # What Grafana calls the value when only one of the queries has any.
    rename["Value"] = next((name for name, _, _, is_label in columns if not is_label), "Value")
    made = panel("table", title, description, unit, queries, size,
                 {"showHeader": True, "cellHeight": "sm",
                  "sortBy": [{"displayName": sort, "desc": False}] if sort else []},
                 {"custom": {"align": "auto", "filterable": True,
                             "cellOptions": {"type": "auto"}}, "color": {"mode": "thresholds"}},
                 overrides)
    made["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {
            "excludeByName": hidden, "renameByName": rename,
            "indexByName": {name: n for n, name in enumerate(order)}}}]
    return made


COLORED = {"custom__cellOptions": {"type": "color-background", "mode": "basic"}}


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"w": 24, "h": 1}}


def variable(name, label, text):
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE,
            "query": {"query": text, "refId": "StandardVariableQuery"},
            "multi": True, "includeAll": True, "allValue": ".+",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "refresh": 2, "sort": 1, "regex": "", "hide": 0, "options": [],
            "skipUrlSync": False}


def variables(jobs, instances, licenses=None):
    made = [{"name": "datasource", "label": "Data source", "type": "datasource",
             "query": "prometheus", "hide": 0, "includeAll": False,
             "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False},
            variable("job", "Job", "label_values(%s, job)" % jobs),
            variable("instance", "Instance", "label_values(%s, instance)" % promql(instances))]
    if licenses:
        made.append(variable("license", "License", "label_values(%s, license)" % promql(licenses)))
    return made


SAME = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${license:queryparam}"
TIME = "${__url_time_range}"
FLEET, ONE, AUTHORITY = ("/d/leaseline-fleet?", "/d/leaseline-license?", "/d/leaseline-authority?")
OF_ROW = ONE + ("${datasource:queryparam}&var-job=${__data.fields.job}"
                "&var-instance=${__data.fields.instance}&var-license=%s&") + TIME
LICENSE_OF_ROW = [{"title": "This license", "targetBlank": False,
                   "url": OF_ROW % "${__data.fields.license}"}]
AGENT_OF_ROW = [{"title": "This agent's licenses", "targetBlank": False,
                 "url": OF_ROW % "$__all"}]


def link(title, url, tooltip):
    return {"type": "link", "icon": "dashboard", "title": title, "tooltip": tooltip, "url": url,
            "asDropdown": False, "includeVars": False, "keepTime": True, "tags": [],
            "targetBlank": False}


def lay_out(panels):
    """From left to right, a new line where the next does not fit."""
    x = y = height = 0
    for n, one in enumerate(panels):
        place = one["gridPos"]
        if x + place["w"] > 24:
            x, y, height = 0, y + height, 0
        place.update(x=x, y=y)
        x, height = x + place["w"], max(height, place["h"])
        one["id"] = n + 1
    return panels


def dashboard(uid, title, description, panels, template, links, since="now-24h"):
    return {"id": None, "uid": uid, "title": title, "description": description,
            "tags": ["leaseline"], "schemaVersion": 39, "version": 1, "editable": False,
            "graphTooltip": 1, "refresh": "1m", "time": {"from": since, "to": "now"},
            "timepicker": {}, "timezone": "utc", "fiscalYearStartMonth": 0, "weekStart": "",
            "liveNow": False, "annotations": {"list": []}, "links": links,
            "templating": {"list": template}, "panels": lay_out(panels)}


def write(directory, name, made):
    with open(os.path.join(directory, name + ".json"), "w", encoding="utf-8") as out:
        json.dump(made, out, indent=2, sort_keys=True)
        out.write("\n")


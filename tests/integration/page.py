#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What the exporter serves for people and programs, checked by parsers that
we did not write. Arguments: URL of the agent, the schema, and a file with what
`fcli show license_calendar --all` printed."""
import html.parser
import json
import sys
import urllib.request

import icalendar
import jsonschema

VOID = {"meta", "br"}


class Page(html.parser.HTMLParser):
    """Every element closes; nothing is loaded, nothing runs."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.seen.append((tag, attrs))
        assert tag not in ("script", "link", "img", "iframe"), tag
        for name in attrs:
            assert name != "style" and not name.startswith("on"), name
        if tag == "svg":
            assert attrs["role"] == "img" and attrs["aria-label"], attrs
        if tag == "a":
            assert attrs["href"].startswith("/"), attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()


def get(url, **headers):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers),
                                  timeout=10)


def undated(calendar):
    """Without the moment at which it was made."""
    return [line for line in calendar.split(b"\r\n")
            if not line.startswith(b"DTSTAMP")]


def main():
    base, schema, calendar = sys.argv[1:]
    answer = get(base + "/")
    text = answer.read().decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy, policy
    page = Page()
    page.feed(text)
    assert not page.open, page.open
    assert any(tag == "article" for tag, _ in page.seen)

    status = json.load(get(base + "/status.json"))
    rules = json.load(open(schema))
    jsonschema.Draft202012Validator.check_schema(rules)
    jsonschema.validate(status, rules)
    for wrong in ({**status, "version": 2},
                  {**status, "licenses": [{**status["licenses"][0],
                                           "state": "fine"}]}):
        try:
            jsonschema.validate(wrong, rules)
        except jsonschema.ValidationError:
            continue
        raise AssertionError("the schema takes anything")
    allowed = rules["properties"]["licenses"]["items"]["properties"]
    for entry in status["licenses"]:
        assert set(entry) <= set(allowed), set(entry) - set(allowed)

    feed = get(base + "/license.ics")
    assert feed.headers["Content-Type"].startswith("text/calendar")
    body = feed.read()
    assert undated(body) == undated(open(calendar, "rb").read()), \
        "not what fcli shows"
    events = icalendar.Calendar.from_ical(body).walk("VEVENT")
    print("page: %d elements close, %d members of the schema, %d events, %d B"
          % (len(page.seen), len(status["licenses"][0]), len(events),
             len(text)))


main()

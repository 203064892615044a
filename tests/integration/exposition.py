"""What exposition.sh asks of programs and parsers that we did not write.

parse TEXT OPEN   both pages through python3-prometheus-client: the same
                  samples, no family or series twice, the types and units
proxy URL LOG     passes requests on to URL and logs what was asked for and
                  answered; prints its own port
"""
import http.client
import http.server
import sys
import urllib.parse

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_open)
from prometheus_client.parser import (
    text_string_to_metric_families as read_text)

UNITS = ("bytes_per_second", "seconds", "bytes", "ratio")


def samples_of(families):
    found = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, "twice: %s" % (key,)
            found[key] = sample.value
    return found


def parse(text_path, open_path):
    with open(text_path, encoding="utf-8", newline="\n") as page:
        text = list(read_text(page.read()))
    with open(open_path, encoding="utf-8", newline="\n") as page:
        openmetrics = list(read_open(page.read()))
    names = [family.name for family in openmetrics]
    assert len(set(names)) == len(names), "a family twice"
    in_text, in_open = samples_of(text), samples_of(openmetrics)
    assert set(in_text) == set(in_open), "other series: %s" % sorted(
        set(in_text) ^ set(in_open))
    for family in openmetrics:
        want = next((u for u in UNITS if family.name.endswith("_" + u)), "")
        assert family.unit == want, "%s has unit %r" % (family.name, family.unit)
        assert family.type in ("gauge", "counter"), family.type
        assert family.documentation, "%s has no HELP" % family.name
    by_name = {f.name: f for f in openmetrics}
    for name, want in (("license_state", 10), ("license_severity", 4),
                       ("license_severity_reason", 18),
                       ("license_refresh_last_result", 15),
                       ("license_refresh_last_refusal", 14)):
        sets = [s.value for s in by_name[name].samples]
        assert len(sets) == want and sorted(sets)[-2:] == [0, 1], name
    print("%d families, %d series" % (len(openmetrics), len(in_open)))


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        base = urllib.parse.urlsplit(self.server.url)
        link = http.client.HTTPConnection(base.hostname, base.port, timeout=10)
        link.request("GET", self.path, headers=dict(self.headers))
        answer = link.getresponse()
        body = answer.read()
        with open(self.server.log, "a") as log:
            log.write("%s | %s | %s | %s\n" % (
                self.headers.get("User-Agent"), self.headers.get("Accept"),
                answer.getheader("Content-Type"),
                answer.getheader("Content-Encoding")))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        link.close()

    def log_message(self, *args):
        pass


def proxy(url, log):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.url, server.log = url, log
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    {"parse": parse, "proxy": proxy}[sys.argv[1]](*sys.argv[2:])

#!/usr/bin/env python3
"""What an Alertmanager's webhooks were told.

serve LOG PORT-FILE   one JSON line in LOG for each alert of each message
told LOG AFTER RECEIVER STATUS LABEL=VALUE...   after that many lines one has
    this; it is printed as words, with its annotations judged
"""
import http.server
import json
import sys


def serve(log, port_file):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with open(log, "a", encoding="utf-8") as file:
                for alert in body["alerts"]:
                    file.write(json.dumps({"receiver": self.path[1:], **{
                        k: alert[k] for k in
                        ("status", "labels", "annotations")}}) + "\n")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(port_file, "w", encoding="utf-8") as file:
        file.write(f"{server.server_port}\n")
    server.serve_forever()


def told(log, after, receiver, status, *labels):
    want = dict(w.split("=", 1) for w in labels)
    with open(log, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file][int(after):]
    for line in lines:
        if (line["receiver"], line["status"]) != (receiver, status):
            continue
        if want.items() <= line["labels"].items():
            notes = line["annotations"]
            name = want["alertname"]
            assert notes["summary"].endswith("."), notes
            assert want.get("license", "") in notes["description"], notes
            assert notes["runbook_url"] == \
                f"dashboards/runbooks.md#{name.lower()}", notes
            print(f"{receiver}: {status} {name}"
                  f" {line['labels']['severity']}: {notes['description'][:72]}")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit({"serve": serve, "told": told}[sys.argv[1]](*sys.argv[2:]))

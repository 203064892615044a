# SPDX-License-Identifier: ISC
"""FastNetMon's web API as far as its license goes, for tests: GET /license
and PUT /renew_license with HTTP Basic, in the vendor's envelope. What it says
is in a directory: license.json (the object; "error TEXT" a failure of the
command; "raw TEXT" the whole body), status (an HTTP status in place of an
answer), hang (no answer), renewed (the object after PUT). It writes port and
requests. With --fcli it is FastNetMon's fcli, over the same directory."""
import base64
import http.server
import json
import os
import sys
import time

directory = sys.argv[1]
password = "s3cret word"


def path(name):
    return os.path.join(directory, name)


def text(name):
    try:
        with open(path(name)) as f:
            return f.read()
    except FileNotFoundError:
        return None


def put_down(line):
    with open(path("requests"), "a") as f:
        f.write(line + "\n")


def renew():
    said = text("renewed")
    if said is None:
        return False
    with open(path("license.json.new"), "w") as f:
        f.write(said)
    os.rename(path("license.json.new"), path("license.json"))
    return True


def envelope(said):
    if said.startswith("raw "):
        return said[4:].encode()
    if said.startswith("error "):
        body = {"success": False, "error_text": said[6:].strip()}
    else:
        body = {"success": True, "error_text": "", "object": json.loads(said)}
    return json.dumps(body).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self, wanted):
        put_down(f"{self.command} {self.path}")
        while text("hang") is not None:
            time.sleep(0.1)
        token = base64.b64encode(b"admin:" + password.encode()).decode()
        if self.headers.get("Authorization") != "Basic " + token:
            self.answer(401, b"")
        elif text("status") is not None:
            self.answer(int(text("status")), b"{}")
        elif self.path != wanted:
            self.answer(404, b"{}")
        elif self.command == "PUT":
            good = renew()
            self.answer(200, json.dumps({"success": good, "error_text":
                        "" if good else "renewal \x1b[31mis off"}).encode())
        else:
            self.answer(200, envelope(text("license.json")))

    def do_GET(self):
        self.handle_one("/license")

    def do_PUT(self):
        self.handle_one("/renew_license")

    def log_message(self, *_):
        pass


def fcli(words):
    put_down("fcli " + " ".join(words) + " JSON_MODE=" +
             os.environ.get("JSON_MODE", ""))
    if words == ["set", "renew_license"]:
        return 0 if renew() else 1
    said = text("license.json")
    if said.startswith("error "):
        print(said[6:].strip())
        return 1
    print(json.dumps(json.loads(said), indent=2))
    return 0


def main():
    if sys.argv[2:3] == ["--fcli"]:
        return fcli(sys.argv[3:])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(path("port.new"), "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(path("port.new"), path("port"))
    server.serve_forever()


sys.exit(main())

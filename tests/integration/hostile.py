#!/usr/bin/env python3
# Goal: the network between an agent and its authority, when it is hostile.
# Passes a request on to the real authority and does to the answer what the
# file MODE says. Prints its port. usage: hostile.py MODE-FILE AUTHORITY OTHER
import http.server, sys, time, urllib.error, urllib.request

mode_file, authority, other = sys.argv[1:4]
last_good = b""


def ask(url, body):
    request = urllib.request.Request(url + "/v1/lease", body, {"Content-Type": "text/plain"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Middle(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        global last_good
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mode, *words = open(mode_file).read().split()
        if mode == "portal":
            return self.answer(200, b"<html>Please log in</html>\n")
        if mode == "status":
            return self.answer(int(words[0]), b"no\n", [("Retry-After", "99999999")])
        if mode == "redirect":
            return self.answer(302, b"", [("Location", authority + "/v1/lease")])
        if mode == "echo":
            return self.answer(200, body)
        if mode == "endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(64):
                self.wfile.write(b"x" * 4096)
            return None
        if mode == "other":
            return self.answer(*ask(other, body))
        if mode == "replay":
            return self.answer(200, last_good)
        status, good = ask(authority, body)
        if mode == "pass":
            if status == 200:
                last_good = good
        elif mode == "flip":
            # The first byte of the value, to another of its kind.
            at = good.index(words[0].encode() + b" ") + len(words[0]) + 1
            one, two = (b"7", b"8") if good[at:at + 1].isdigit() else (b"A", b"B")
            good = good[:at] + (two if good[at:at + 1] == one else one) + good[at + 1:]
        elif mode == "cut":
            good = good[:len(good) // 2]
        elif mode == "append":
            good += b"more\n"
        return self.answer(status, good)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Middle)
print(server.server_port, flush=True)
server.serve_forever()

#!/usr/bin/env python3
# Goal: the boxes between an agent and its authority, one a role, as they are
# met in the field. Each prints a line when it is ready.
#   forward ADDRESS PORT LOG [USER:PASSWORD]   an HTTP proxy: CONNECT only
#   reverse ADDRESS PORT CERT KEY CA UPSTREAM-ADDRESS UPSTREAM-PORT
#       TLS ends here; X-Forwarded-For is appended, as $proxy_add_x_forwarded_for
#   nat ADDRESS PORT OUTSIDE UPSTREAM-ADDRESS UPSTREAM-PORT
#       bytes from another source address, as behind a NAT
import base64, http.client, http.server, socket, ssl, sys, threading

role, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET


def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    for end in one, other:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def join(one, other):
    threading.Thread(target=pump, args=(one, other), daemon=True).start()
    pump(other, one)


class Forward(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_CONNECT(self):
        wanted = sys.argv[5] if len(sys.argv) > 5 else None
        given = self.headers.get("Proxy-Authorization", "")
        good = not wanted or given == "Basic " + base64.b64encode(wanted.encode()).decode()
        with open(sys.argv[4], "a") as log:
            log.write("%s %s %s\n" % (self.client_address[0], self.path, "passed" if good else "refused"))
        if not good:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        host, _, number = self.path.rpartition(":")
        upstream = socket.create_connection((host.strip("[]"), int(number)), 10, (address, 0))
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        join(self.connection, upstream)
        self.close_connection = True


class Reverse(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hops = self.headers.get_all("X-Forwarded-For", []) + [self.client_address[0]]
        upstream = http.client.HTTPSConnection(sys.argv[7], int(sys.argv[8]), timeout=10,
            source_address=(address, 0), context=ssl.create_default_context(cafile=sys.argv[6]))
        upstream.request("POST", self.path, body, {"Content-Type": "text/plain", "X-Forwarded-For": ", ".join(hops)})
        answer = upstream.getresponse()
        text = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        upstream.close()


class Server(http.server.ThreadingHTTPServer):
    address_family = family


def nat():
    listener = socket.create_server((address, port), family=family)
    print("ready", flush=True)
    while True:
        inside, _ = listener.accept()
        try:
            outside = socket.create_connection((sys.argv[5], int(sys.argv[6])), 10, (sys.argv[4], 0))
        except OSError:
            inside.close()
            continue
        threading.Thread(target=join, args=(inside, outside), daemon=True).start()


if role == "nat":
    nat()
server = Server((address, port), Forward if role == "forward" else Reverse)
if role == "reverse":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()

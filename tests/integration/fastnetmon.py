#!/usr/bin/env python3
# Goal: FastNetMon's metrics page as a test wants it, with hosts of a network
# in it, and a usage report server that behaves as the file MODE says: hang,
# refuse, garbage, endless. "bits IN OUT" is the page's traffic, "page-hang",
# "page-404" and "page-empty" what becomes of the page. Every connection is a
# line of LOG. Prints its port.
# usage: fastnetmon.py MODE-FILE LOG
import http.server, sys, threading, time

mode_file, log = sys.argv[1:3]
started = time.monotonic()
lock = threading.Lock()
seen = 0

HOSTS = ("192.0.2.77", "198.51.100.200", "10.20.30.40", "2001:db8:5::77", "fe80::1")


def mode():
    return open(mode_file).read().strip()


# By direction and version of IP; in bits per second.
def traffic(n, version):
    words = mode().split()
    if words[0] != "bits":
        return 8000 * (n + 1)
    return (words[1:] + [7, 8])[n] if version == "ipv4" else 0


def page():
    flows = int((time.monotonic() - started) * 1000)
    lines = [
        "# HELP Total number of hosts",
        "# TYPE fastnetmon_total_number_of_hosts gauge",
        "fastnetmon_total_number_of_hosts 4321",
        "fastnetmon_speed_recalculation_time_seconds 0",
        "fastnetmon_speed_recalculation_time_microseconds 777",
        "fastnetmon_influxdb_writes_total 12",
        "fastnetmon_sflow_total_packets 5",
        "fastnetmon_sflow_raw_packet_headers_total %d" % (flows * 2),
        "fastnetmon_netflow_ipfix_total_packets 6",
        "fastnetmon_netflow_ipfix_all_protocols_total_flows %d" % flows,
    ]
    for version in "ipv4", "ipv6":
        for n, direction in enumerate(("incoming", "outgoing", "internal", "other")):
            lines.append("# HELP Total traffic in bits")
            lines.append('fastnetmon_total_traffic_bits{traffic_direction="%s",protocol_version="%s"} %d'
                         % (direction, version, int(traffic(n, version))))
    for host in HOSTS:
        lines.append('fastnetmon_host_traffic_bits{ip="%s",traffic_direction="incoming"} 99' % host)
        lines.append('fastnetmon_total_number_of_hosts{network="%s/24"} 3' % host)
        lines.append('fastnetmon_total_traffic_bits{traffic_direction="%s",protocol_version="ipv4"} 5' % host)
    return "\n".join(lines) + "\n"


class Both(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def note(self):
        with open(log, "a") as out:
            out.write("%s %s\n" % (self.command, self.path))

    def do_GET(self):
        self.note()
        if mode() == "page-hang":
            time.sleep(120)
        elif mode() == "page-404":
            self.send_error(404)
            return
        body = b"# nothing\n" if mode() == "page-empty" else page().encode()
        self.send_response(200)
        # As FastNetMon does.
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.note()
        how = mode()
        if how == "hang":
            time.sleep(120)
        elif how == "refuse":
            self.send_error(403)
        elif how == "garbage":
            self.wfile.write(b"\x00\xff leaseline-license 1\n" * 10)
        elif how == "endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1024):
                self.wfile.write(b"x" * 4096)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Both)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()

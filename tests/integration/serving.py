#!/usr/bin/env python3
# Goal: clients as they should not be, against a listener that must not mind.
# usage: serving.py WHAT ADDRESS:PORT|/SOCKET [ARGUMENTS]
#   ask                what each request of a table is answered with
#   ratio N SOURCE     scrapes while N slow clients of SOURCE hold on, and
#                      without them: medians, and their ratio
#   flood S            wrong passwords for S seconds; prints statuses
#   times N USER       N scrapes: the median, and the slowest (ms)
#   fuzz N SEED        N requests that are none, and then a good one
#   drip               one byte a second: after how many seconds it ends
import base64, collections, os, random, socket, sys, threading, time

what, address, rest = sys.argv[1], sys.argv[2], sys.argv[3:]


def dial(source=None, timeout=30):
    if address.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)
        s.connect(address)
        return s
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout,
                                    (source, 0) if source else None)


def drain(s):
    out = b""
    try:
        while True:
            some = s.recv(65536)
            if not some:
                return out
            out += some
    except (ConnectionError, socket.timeout):
        return out


def ask(text, source=None):
    with dial(source) as s:
        try:
            s.sendall(text)
        except ConnectionError:
            pass
        return drain(s)


def authorization(user):
    return b"Authorization: Basic " + base64.b64encode(user.encode()) + b"\r\n"


def status(answer):
    return answer[9:12].decode() if answer.startswith(b"HTTP/1.") else "none"


def get(path="/metrics", more=b"", last=True, version="1.1", method="GET"):
    return (b"%s %s HTTP/%s\r\nHost: x\r\n" % (method.encode(), path.encode(), version.encode()) +
            more + (b"Connection: close\r\n" if last else b"") + b"\r\n")


# What is sent, the statuses that it may have, and what the answer must have.
TABLE = [
    ("GET", get(), "200", b"license_usable"),
    ("HEAD", get(method="HEAD"), "200", b"Content-Length: "),
    ("a query string", get("/metrics?a=b&c=%00"), "200", b"license_usable"),
    ("HTTP/1.0", b"GET /metrics HTTP/1.0\r\n\r\n", "200", b"license_usable"),
    ("two at once", get(last=False) + get(), "200", None),
    ("nothing there", get("/nothing"), "404", b"nosniff"),
    ("an escaped path", get("/%6detrics"), "404", None),
    ("a path that climbs", get("/../etc/passwd"), "404", None),
    ("POST", get(method="POST"), "405", b"Allow: GET, HEAD"),
    ("DELETE", get(method="DELETE"), "405", b"Allow: GET, HEAD"),
    ("TRACE", get(method="TRACE"), "405", b"Allow: GET, HEAD"),
    ("an unknown method", get(method="BREW"), "405", b"Allow: GET, HEAD"),
    ("a body", get(more=b"Content-Length: 3\r\n") + b"abc", "413", None),
    ("a chunked body", get(more=b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", "413", None),
    ("two lengths", get(more=b"Content-Length: 0\r\nContent-Length: 1\r\n"), "400", None),
    ("no host", b"GET /metrics HTTP/1.1\r\n\r\n", "400", None),
    ("a long path", get("/" + "a" * 20000), "414", None),
    ("a long header", get(more=b"X: " + b"a" * 20000 + b"\r\n"), "431", None),
    ("many headers", get(more=b"X: a\r\n" * 4000), "431", None),
    ("HTTP/9.9", get(version="9.9"), "505 none", None),
    ("health", get("/healthz"), "200", b"ok\n"),
    ("readiness", get("/readyz"), "200", b"ready\n"),
    ("the page", get("/"), "200", b"frame-ancestors 'none'"),
]


def table():
    bad = 0
    for name, text, wanted, part in TABLE:
        answer = ask(text)
        good = status(answer) in wanted.split() and (part is None or part in answer)
        if name == "two at once":
            good = good and answer.count(b"HTTP/1.1 200 ") == 2
        if name == "HEAD":
            good = good and b"license_usable" not in answer
        if status(answer) in ("200", "404", "405", "413"):
            for header in (b"X-Content-Type-Options: nosniff", b"Content-Security-Policy: ",
                           b"Referrer-Policy: no-referrer", b"Cache-Control: "):
                good = good and header in answer
        if not good:
            bad += 1
            print("%s: %r" % (name, answer[:400]))
    print("%d kinds of requests, %d not as they should be" % (len(TABLE), bad))
    return bad == 0


def scrape_ms(more=b""):
    start = time.monotonic()
    answer = ask(get(more=more))
    if status(answer) != "200":
        raise SystemExit("a scrape was answered with %r" % answer[:200])
    return (time.monotonic() - start) * 1000


def median(values):
    return sorted(values)[len(values) // 2]


def ratio(n, source):
    for _ in range(20):
        scrape_ms()
    held, shut = [], 0
    alone, beside = [], []
    # In turns, so that what else the machine does is in both.
    for turn in range(3):
        alone += [scrape_ms() for _ in range(60)]
        for _ in range(n):
            s = dial(source)
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            held.append(s)
        beside += [scrape_ms() for _ in range(60)]
        for s in held:
            s.setblocking(False)
            try:
                shut += s.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionError:
                shut += 1
            s.close()
        held = []
    print("%.2f" % (median(beside) / median(alone)))
    print("%d slow clients: a scrape in %.3f ms beside them, %.3f ms alone, ratio %.2f; "
          "%d of %d made room" % (n, median(beside), median(alone),
                                  median(beside) / median(alone), shut, 3 * n))


def flood(seconds):
    end = time.monotonic() + seconds
    counts, lock = collections.Counter(), threading.Lock()

    def run(i):
        number = 0
        while time.monotonic() < end:
            number += 1
            try:
                answer = ask(get(more=authorization("prom:%d.%d" % (i, number))))
            except OSError:
                continue
            with lock:
                counts[status(answer)] += 1

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(" ".join("%s:%d" % pair for pair in sorted(counts.items())))


def times(n, user):
    more = authorization(user) if user else b""
    took = [scrape_ms(more) for _ in range(n)]
    print("%.2f %.2f" % (median(took), max(took)))


def mutate(rng, text):
    text = bytearray(text)
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(text))
        kind = rng.randrange(5)
        if kind == 0:
            text[at] = rng.randrange(256)
        elif kind == 1:
            text[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 40)))
        elif kind == 2:
            del text[at:at + rng.randint(1, 20)]
        elif kind == 3:
            text[at:at] = text[:rng.randint(1, len(text))]
        else:
            text[at:at] = rng.choice([b"\r\n", b"\n", b"\0", b"\r\n\r\n", b" ", b":", b"%", b"Content-Length: ",
                                      b"Transfer-Encoding: chunked\r\n", b"-1", b"99999999999999999999"])
        if not text:
            text = bytearray(b"\r\n")
    return bytes(text[:30000])


def fuzz(n, seed):
    rng = random.Random(seed)
    counts = collections.Counter()
    for i in range(n):
        text = mutate(rng, rng.choice(TABLE)[1])
        if rng.random() < 0.1:
            text = bytes(rng.randrange(256) for _ in range(rng.randint(0, 600)))
        # Half a request and no more to come is waited for: not by us.
        with dial(timeout=0.2) as s:
            try:
                s.sendall(text)
                if rng.random() < 0.8:
                    s.shutdown(socket.SHUT_WR)
                    counts[status(drain(s))] += 1
                else:
                    counts["left"] += 1
            except OSError:
                counts["reset"] += 1
    print(" ".join("%s:%d" % pair for pair in sorted(counts.items())))


def drip():
    with dial(timeout=1) as s:
        start = time.monotonic()
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        while time.monotonic() - start < 60:
            try:
                s.sendall(b"a")
                if s.recv(1) == b"":
                    break
            except socket.timeout:
                pass
            except ConnectionError:
                break
        print("%.0f" % (time.monotonic() - start))


if what == "ask":
    sys.exit(0 if table() else 1)
elif what == "ratio":
    ratio(int(rest[0]), rest[1])
elif what == "flood":
    flood(float(rest[0]))
elif what == "times":
    times(int(rest[0]), rest[1] if len(rest) > 1 else "")
elif what == "fuzz":
    fuzz(int(rest[0]), int(rest[1]))
elif what == "drip":
    drip()
else:
    sys.exit("serving.py: what is %s?" % what)

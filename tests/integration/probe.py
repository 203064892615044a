#!/usr/bin/env python3
# Goal: how long /metrics and `fcli show license` take, again and again for a
# time: prints count, median, p99 and maximum of each in milliseconds. Exit 1
# when an answer is wrong, or more than one in a hundred is over the limit.
# usage: probe.py SECONDS LIMIT-MS URL COMMAND...
import http.client, subprocess, sys, time, urllib.parse

seconds, limit = float(sys.argv[1]), float(sys.argv[2])
url, command = urllib.parse.urlsplit(sys.argv[3]), sys.argv[4:]


def scrape():
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    connection.request("GET", url.path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status == 200 and b"license_usable" in body


def show():
    return subprocess.run(command, stdout=subprocess.DEVNULL, timeout=10).returncode == 0


bad = False
times = {"/metrics": [], "fcli": []}
end = time.monotonic() + seconds
while time.monotonic() < end:
    for name, ask in (("/metrics", scrape), ("fcli", show)):
        start = time.monotonic()
        if not ask():
            print(f"probe: {name} gave a wrong answer", file=sys.stderr)
            bad = True
        times[name].append((time.monotonic() - start) * 1000)
    time.sleep(0.1)
for name, t in times.items():
    t.sort()
    over = sum(1 for x in t if x > limit)
    print(f"  {name:9} {len(t)} answers, median {t[len(t) // 2]:.1f} ms, "
          f"p99 {t[int(len(t) * 0.99)]:.1f} ms, max {t[-1]:.1f} ms, "
          f"over {limit:.0f} ms: {over}")
    bad |= over > len(t) / 100
sys.exit(1 if bad else 0)

#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the bandwidth in use, of real bytes over a pair of interfaces and of
# FastNetMon's metrics: SNMP, /metrics, fcli and the page agree on it, a real
# snmptrapd hears it get high and normal once, what is not measured any more
# is not shown, and whatever becomes of it touches no license. Time is a file:
# a look every 30 s without the waiting.
[ "$(id -u)" = 0 ] || { echo "not root: it makes interfaces in a namespace"; exit 77; }
if [ -z "$BANDWIDTH_INSIDE" ]; then
	unshare -n true 2>/dev/null ||
		{ echo "this kernel lets nobody make a namespace here"; exit 77; }
	BANDWIDTH_INSIDE=1 exec unshare -n "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/bandwidth.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
PAGE_PID= TRAPD_PID=
finish() { stop_pid "$PAGE_PID"; stop_pid "$TRAPD_PID"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'bandwidth: %s\n' "$*" >&2
	tail -n 15 "$LOG_FILE" "$D/agent.err" >&2; exit 1
}
ok() { say "bandwidth: $*"; }
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
between() { # between WHAT LOW VALUE HIGH
	[ -n "$3" ] && [ "$3" -ge "$2" ] && [ "$3" -le "$4" ] ||
		fail "$1 is '$3', not from $2 to $4"
}
lines() { grep -cF -- "$1" "$LOG_FILE"; }
said() { [ "$(lines "$1")" -gt 0 ] || fail "the log does not say: $1"; }
used() { curl -fs -m 5 "$METRICS_URL" | sed -n "s/^license_bandwidth_used_bytes_per_second{license=\"main\",direction=\"$1\"} //p"; }
peak() { metric license_bandwidth_peak_bytes_per_second; }
reason() { curl -fs -m 5 "$METRICS_URL" | sed -n 's/^license_severity_reason{license="main",reason="\(.*\)"} 1$/\1/p'; }
severity() { curl -fs -m 5 "$METRICS_URL" | sed -n 's/^license_severity{license="main",severity="\(.*\)"} 1$/\1/p'; }
json() { "$FCLI" --json show license | tr -d ' "' | tr ',' '\n' | sed -n "s/^$1:\(.*\)/\1/p" | head -n 1; }

# look [SECONDS]: time goes on by more than a beat, and the beat came.
ahead=0
now() { say $(($(date +%s) + ahead)); }
beaten() { [ "$(metric leaseline_keeper_heartbeat_timestamp_seconds)" -ge "$due" ]; }
look() {
	due=$(($(now) + ${1:-30}))
	ahead=$((ahead + ${1:-30} + 1))
	write_clock "+$ahead"
	poke
	wait_until 10 beaten || fail "no beat came"
}
is_used() { [ "$(used "$1")" = "$2" ]; }
asked_again() { [ "$(grep -c ^GET "$D/net")" -gt "$asked" ]; }
is_absent() { [ -z "$(used incoming)$(used outgoing)" ]; }
configure() { # configure FROM: of license main, by a reload
	sed -i "s#^bandwidth-from = .*#bandwidth-from = $1#" "$CONFIG"
	reloads=$(lines "was read again")
	kill -HUP "$AGENT_PID"
	wait_until 10 reloaded || fail "not reloaded with $1"
}
reloaded() { [ "$(lines "was read again")" -gt "$reloads" ]; }
heard() { tr '\t' '\n' < "$D/traps" | grep -c "^.1.3.6.1.6.3.1.1.4.1.0 = $BASE_OID\.0\.$1\$"; }
is_heard() { [ "$(heard "$1")" -ge "$2" ]; }
crossed() { tr '\t' '\n' < "$D/traps" | awk -v oid="$BASE_OID.0.$1" -v n="$BASE_OID.1.4.1.0" '
	$1 == ".1.3.6.1.6.3.1.1.4.1.0" { mine = $3 == oid } mine && $1 == n { v = $3 } END { print v }'; }

# send INTERFACE TO FRAMES: UDP in frames of 9000 bytes to who is not there.
send() {
	python3 - "$2" "$3" <<-'END' || fail "nothing can be sent"
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for _ in range(int(sys.argv[2])):
	    s.sendto(b"x" * 8958, (sys.argv[1], 9))
	END
}
counter() { sed -n "s/^ *$1: *//p" /proc/net/dev | awk -v n="$2" '{ print $n }'; }

ip link set lo up && ip link add veth0 mtu 9000 type veth peer name veth1 mtu 9000 &&
	ip addr add 198.51.100.1/24 dev veth0 && ip addr add 203.0.113.1/24 dev veth1 &&
	ip link set veth0 up && ip link set veth1 up || die "no interfaces"
ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev veth0 &&
	ip neigh add 203.0.113.9 lladdr 02:00:00:00:00:09 dev veth1 || die "no neighbors"

write_clock "+0"
echo "bits 6000000 9500000" > "$D/mode"
python3 "$ROOT/tests/integration/fastnetmon.py" "$D/mode" "$D/net" > "$D/page.port" 2> "$D/page.err" &
PAGE_PID=$!
TRAP_PORT=$(free_udp_port)
mkdir -p "$D/trapd"
say "disableAuthorization yes" > "$D/trapd.conf"
SNMP_PERSISTENT_DIR=$D/trapd /usr/sbin/snmptrapd -f -On -OQ -Oe -F '%v\n' -Lf "$D/traps" -C \
	-c "$D/trapd.conf" -p "$D/trapd.pid" "udp:127.0.0.1:$TRAP_PORT" > "$D/trapd.out" 2>&1 &
TRAPD_PID=$!
wait_until 10 test -s "$D/trapd.pid" && wait_until 10 test -s "$D/page.port" || die "no snmptrapd or no page"
PAGE=http://127.0.0.1:$(cat "$D/page.port")/metrics
TRAP_SINK=127.0.0.1:$TRAP_PORT
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
SOURCE_LINES="bandwidth-from = interfaces veth0, veth9"
init_authority && start_authority || die "no authority"
MBITS=10
SUBSCRIPTION=$(add_subscription) && [ -n "$SUBSCRIPTION" ] || die "no subscription"
start_snmpd || die "no snmpd"
write_config
started=$(date +%s)
start_agent || die "the agent does not start"
wait_until 20 usable && wait_until 20 snmp_usable || fail "no license"
"$B/leaselined" -n -c "$CONFIG" | grep -qx "bandwidth-from = interfaces veth0, veth9" || fail "-n does not print it"
said "License main: bandwidth-from: there is no interface veth9; it is counted when it is there"
is_absent || fail "there is a bandwidth after one look"
equal "SNMP without a measure" "$(snmp 1.2.24.0) $(snmp 1.3.1.27.1)" "0 No Such Instance currently exists at this OID"

# 20 Mbit/s out and 2 in, of 10 licensed, for 30 s. A slow machine is longer
# at it: the mean is of what there was.
out=$(counter veth0 9); in=$(counter veth0 1)
send veth0 198.51.100.9 8400; send veth1 203.0.113.9 840
out=$(($(counter veth0 9) - out)); in=$(($(counter veth0 1) - in))
between "bytes sent" 75600000 "$out" 75700000
look
took=$(($(date +%s) - started + ahead + 1))
between "outgoing" $((out / took)) "$(used outgoing)" $((out / 30))
between "incoming" $((in / took)) "$(used incoming)" $((in / 30))
bytes=$(used outgoing) mbits=$(($(used outgoing) / 125000))
equal "SNMP: scalar, column, percent" "$(snmp 1.2.24.0) $(snmp 1.3.1.27.1) $(snmp 1.3.1.28.1)" \
	"$mbits $mbits $((bytes / 12500))"
equal "JSON" "$(json used_mbits) $(json used_percent) $(json outgoing_bytes_per_s) $(json incoming_bytes_per_s)" \
	"$mbits $((bytes / 12500)) $bytes $(used incoming)"
"$FCLI" show license_status > "$D/status"
grep -q "^Bandwidth: *10 mbits licensed, $mbits mbits in use ($((bytes / 12500)) %); warning" "$D/status" ||
	fail "fcli: $(grep Bandwidth "$D/status")"
curl -fs "${METRICS_URL%/metrics}/" | grep -q "$mbits of 10 Mbit/s ($((bytes / 12500)) %)" || fail "the page does not show it"
equal "severity" "$(severity) $(reason) $(snmp 1.2.7.0) $(snmp 1.2.8.0) $(json usable)" "critical bandwidth 3 16 true"
equal "peak before five minutes" "$(peak)$(json peak_bytes_per_s)" ""
wait_until 20 is_heard 11 1 || fail "BandwidthHigh is not heard: $(cat "$D/traps")"
equal "what crossed" "$(crossed 11)" "$mbits"
said "License main is near or over its bandwidth: $mbits of 10 mbits in use. Order more bandwidth or use less."
ok "$out bytes out of veth0 are $bytes bytes/s, $mbits of 10 mbits on every face; BandwidthHigh is heard"

# Nothing more is sent. At half of it, still 100 percent, nothing is said.
look
between "after one look without traffic" $((bytes * 4 / 10)) "$(used outgoing)" $((bytes * 6 / 10))
look; look; look
wait_until 20 is_heard 12 1 || fail "BandwidthNormal is not heard"
equal "heard high, normal" "$(heard 11) $(heard 12)" "1 1"
equal "severity" "$(severity) $(reason)" "ok none"
said "License main is within its bandwidth again"
look; look; look; look
between "peak" "$(used outgoing)" "$(peak)" $((bytes / 8))
equal "peak in JSON" "$(json peak_bytes_per_s)" "$(peak)"
top=$(peak)
look; look; look
equal "the traffic is five minutes ago" "$(used outgoing)" 0
equal "peak" "$(peak)" "$top"
ok "without traffic: normal again, said once; the peak of $top bytes/s stays"

ip link del veth0 || fail "veth0 cannot be taken away"
look
said "License main: bandwidth-from: there is no interface veth0; it is counted when it is there"
look; look; look
is_absent || fail "the last mean stays where nothing is measured"
equal "SNMP" "$(snmp 1.2.24.0) $(snmp 1.3.1.28.1)" "0 No Such Instance currently exists at this OID"
equal "usable, severity" "$(json usable) $(severity)" "true ok"
ok "the interface is gone: nothing is shown after three looks, and nothing is wrong"

configure "$PAGE"
look
wait_until 10 is_used outgoing 1187500 || fail "outgoing by FastNetMon: $(used outgoing)"
is_used incoming 750000 || fail "incoming by FastNetMon: $(used incoming)"
equal "faces" "$(snmp 1.2.24.0) $(snmp 1.3.1.28.1) $(json used_percent) $(severity) $(reason)" "9 95 95 warning bandwidth"
wait_until 20 is_heard 11 2 || fail "BandwidthHigh is not heard of FastNetMon's figure"
for mode in page-404 page-empty page-hang; do
	echo $mode > "$D/mode"
	asked=$(grep -c ^GET "$D/net")
	look
	wait_until 10 asked_again || fail "$mode: not asked"
	"$FCLI" set renew_license > "$D/line" 2>&1 || fail "$mode: $(cat "$D/line")"
done
look; look
is_absent || fail "FastNetMon's last figure stays"
equal "said that it is not known" "$(lines "bandwidth-from: the bandwidth in use is not known")" 1
equal "usable, failures" "$(json usable) $(metric license_refresh_consecutive_failures)" "true 0"
equal "heard high, normal" "$(heard 11) $(heard 12)" "2 1"
echo "bits 1000000 2000000" > "$D/mode"
look
wait_until 10 is_used outgoing $(((1187500 + 250000) / 2)) || fail "outgoing after the failures: $(used outgoing)"
said "License main: bandwidth-from: the bandwidth in use is known again"
wait_until 20 is_heard 12 2 || fail "BandwidthNormal is not heard of FastNetMon's figure"
ok "FastNetMon's page: 750000 and 1187500 bytes/s; without it, empty, hung: no figure, no failure, then again"

configure none
asked=$(grep -c ^GET "$D/net")
look
is_absent || fail "it is measured with none"
equal "pages asked for" "$(grep -c ^GET "$D/net")" "$asked"
ok "none: not measured, nobody is asked"

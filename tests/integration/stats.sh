#!/bin/sh
# Goal: the usage report: shown byte for byte, sent once within the day at the
# machine's own second, kept by the authority, without an address of the
# network; a stats server that hangs, refuses or babbles touches no license;
# switched off, or offline, there is no connection at all.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/stats.XXXXXX")"
PAGE_PID= OFFLINE_PID=
finish() { stop_pid "$PAGE_PID"; stop_pid "$OFFLINE_PID"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'stats: %s\n' "$*" >&2; tail -n 15 "$LOG_FILE" >&2; exit 1; }
metric() { curl -fs "$METRICS_URL" | sed -n "s/^$1 //p"; }
is() { [ "$(metric "$1")" = "$2" ]; }
list() { "$B/leaseline-authority" stats list --dir "$AUTHORITY_DIR" "$@"; }
kept() { [ "$(list --json | grep -o '"received"' | wc -l)" -eq "$1" ]; }
said() { grep -qF -- "$1" "$LOG_FILE"; }
posts() { grep -c "^POST" "$D/net"; }
posted() { [ "$(posts)" -ge "$1" ]; }
steady() { sed '/^created /d;/^flows-per-s /d;/^headers-per-s /d;/^signature /d' "$@"; }

# configure ENABLED URL: the section, after all others.
configure() {
	cp "$D/base.conf" "$CONFIG"
	cat >> "$CONFIG" <<-EOF
	[stats]
	enabled = $1
	url = $2
	ca = $AUTHORITY_DIR/ca.crt
	fastnetmon-metrics-url = http://127.0.0.1:$PAGE_PORT/metrics
	EOF
}

# at_second DAYS: agent and authority, a moment before the machine's second.
# On a busy machine they may be too late for it: then with more time.
at_second() {
	for moment in 2 5 10 20; do
		stop_pid "$AGENT_PID"; stop_pid "$AUTHORITY_PID"
		ahead=$((SECOND - $(date +%s) % 86400 - moment))
		[ $ahead -gt 0 ] || ahead=$((ahead + 86400))
		ahead=$((ahead + $1 * 86400))
		due=$(($(date +%s) + ahead + moment))
		AGENT_PREFIX=$(later "${ahead}s")
		AUTHORITY_PREFIX=$AGENT_PREFIX
		start_authority || fail "the authority does not start"
		[ -z "$2" ] || $2
		start_agent || fail "the agent does not start"
		[ $(($(date +%s) + ahead)) -ge $due ] || return 0
	done
	fail "the agent does not start in time"
}

# Beside the agent that is switched off, one of the same key that is offline.
start_offline() {
	stop_pid "$OFFLINE_PID"
	$AGENT_PREFIX "$B/leaselined" -c "$D/offline.conf" 2> "$D/offline.err" &
	OFFLINE_PID=$!
	wait_until 10 test -S "$S/offline.sock" || fail "no offline agent: $(cat "$D/offline.err")"
}
offline() { LEASELINE_CONTROL_SOCKET=$S/offline.sock "$B/fcli" --config "$D/offline.conf" "$@"; }

: > "$D/net"
echo hang > "$D/mode"
python3 "$ROOT/tests/integration/fastnetmon.py" "$D/mode" "$D/net" > "$D/page.port" 2> "$D/page.err" &
PAGE_PID=$!
wait_until 10 test -s "$D/page.port" || die "no page"
PAGE_PORT=$(cat "$D/page.port")
init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
write_config
cp "$CONFIG" "$D/base.conf"

configure no "$AUTHORITY_URL"
start_agent || die "the agent does not start"
wait_until 10 usable || fail "no license"
"$FCLI" show license_stats > "$D/shown" 2> "$D/note" || fail "not shown: $(cat "$D/note")"
grep -q "switched off" "$D/note" || fail "not said to be off: $(cat "$D/note")"
for line in "leaseline-stats 1" "product FastNetMon Advanced" "license-id $SUBSCRIPTION" \
    "kernel $(uname -r)" "features prometheus influxdb" "capture-plugins sflow netflow" \
    "incoming-ipv4-bytes-per-s 1000" "outgoing-ipv6-bytes-per-s 2000" \
    "speed-calculation-us 777" "total-hosts 4321"; do
	grep -qxF "$line" "$D/shown" || fail "no line '$line' in: $(cat "$D/shown")"
done
flows=$(sed -n 's/^flows-per-s //p' "$D/shown")
[ "${flows:-0}" -ge 500 ] && [ "$flows" -le 1500 ] || fail "flows per second: '$flows', not 1000"
grep -v "^created " "$D/shown" |
	grep -Eq '([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-f]{0,4}:[0-9a-f]{0,4}:|fe80' &&
	fail "an address is in the report: $(cat "$D/shown")"
[ "$(posts)" -eq 0 ] || fail "it was sent while it is off"
say "stats: shown, $(wc -c < "$D/shown") bytes, $flows flows/s of 1000; no address of the page in it"

configure yes "$AUTHORITY_URL"
kill -HUP "$AGENT_PID"
wait_until 5 said "was read again" || fail "not reloaded"
next=$("$FCLI" --json show license_stats | sed -n 's/.*"next": "\(.*\)",/\1/p')
left=$(($(date -u -d "$next" +%s) - $(date +%s)))
[ $left -gt 0 ] && [ $left -le 86400 ] || fail "the next report is not within the day: $next"
SECOND=$(($(date -u -d "$next" +%s) % 86400))
kept 0 || fail "a report came at the start"
at_second 0
wait_until $((moment + 15)) kept 1 || fail "no report came at $next"
is leaseline_stats_failures_total 0 || fail "a failure was counted"
[ -n "$(metric leaseline_stats_last_success_timestamp_seconds)" ] || fail "no success is told"
"$FCLI" show license_status | grep -q "^Usage report:  last taken" || fail "license_status says nothing"
list --json | python3 -c 'import json, sys
sys.stdout.write(json.load(sys.stdin)["stats"][0]["document"])' > "$D/kept"
steady "$D/shown" > "$D/one"; steady "$D/kept" > "$D/two"
cmp "$D/one" "$D/two" || fail "what came is not what was shown"
list | grep -q " $SUBSCRIPTION .* 4321$" || fail "the list: $(list)"
curl -fs --cacert "$AUTHORITY_DIR/ca.crt" "$AUTHORITY_URL/metrics" |
	grep -qx 'authority_stats_total{result="stored"} 1' || fail "the authority does not count it"
say "stats: sent within the day and kept; the bytes are those that were shown"

for change in 's/^total-hosts .*/total-hosts 1/' 's/^leaseline-stats/leaseline-request/'; do
	sed "$change" "$D/kept" > "$D/bad"
	code=$(curl -s -o /dev/null -w '%{http_code}' --cacert "$AUTHORITY_DIR/ca.crt" \
		--data-binary "@$D/bad" "$AUTHORITY_URL/v1/stats")
	[ "$code" = 400 ] || fail "a changed report got $code"
done
kept 1 || fail "something else was kept"
say "stats: a report that was changed is refused"

day=0
for mode in hang garbage endless; do
	day=$((day + 1)); before=$(posts)
	echo $mode > "$D/mode"
	configure yes "http://127.0.0.1:$PAGE_PORT"
	at_second $day
	wait_until $((moment + 15)) posted $((before + 1)) || fail "$mode: nothing was sent"
	"$FCLI" set renew_license > "$D/renewed" 2>&1 || fail "$mode: $(cat "$D/renewed")"
	"$FCLI" show license > /dev/null || fail "$mode: not usable"
	[ $mode = hang ] || wait_until 10 is leaseline_stats_failures_total 1 ||
		fail "$mode: not counted"
	is 'license_refresh_consecutive_failures{license="main"}' 0 || fail "$mode: a license failure"
	is 'license_severity{license="main",severity="ok"}' 1 || fail "$mode: severity"
	sleep 0.3
	[ "$(posts)" -eq $((before + 1)) ] || fail "$mode: tried again at once"
done
say "stats: a server that hangs, babbles or never ends: licenses are renewed, one try a day"

configure yes "http://127.0.0.1:$PAGE_PORT"
sed "s/^source = .*/source = file/;/^authority-url/d;/^authority-ca/d
s|^state-dir = .*|state-dir = $D/offline|;s|control.sock$|offline.sock|
s|^license-file = .*|license-file = $D/offline.lic|;s|^log-file = .*|log-file = $D/offline.log|" \
	"$CONFIG" > "$D/offline.conf"
mkdir -m 700 "$D/offline" && cp -p "$D/state/machine.key" "$D/offline/"
configure no "http://127.0.0.1:$PAGE_PORT"
: > "$D/net"
at_second 4 start_offline
wait_until 10 usable || fail "off: not usable"
sleep $((moment + 1))
[ ! -s "$D/net" ] || fail "off or offline: $(cat "$D/net")"
offline show license_stats > "$D/three" 2> "$D/note"
grep -q "every license here is offline" "$D/note" || fail "offline: $(cat "$D/note")"
[ "$(sed -n 2p "$D/three")" = "$(sed -n 2p "$D/shown")" ] || fail "offline: another key"
stop_pid "$AGENT_PID"
"$FCLI" show license_stats 2> /dev/null | steady | cmp "$D/one" - ||
	fail "without an agent it is another one"
[ "$(posts)" -eq 0 ] || fail "showing it sent it"
say "stats: off, or offline: no connection at all; without an agent the same report is shown"

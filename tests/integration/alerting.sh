#!/bin/sh
# Goal: an end that comes near reaches a person: agent, authority, Prometheus
# with the shipped rules, Alertmanager with the shipped routes, and a webhook
# that is told what fires and what ends. First with real dates and the rules as
# they are; then under faketime. Programs in Go ask the kernel for the time and
# not the C library, so Prometheus stays in the present: in its copy of the
# rules time() is what the agent's clock shows. `for` is 1 s in both copies.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d)"
. "$ROOT/tests/integration/fakeclock.sh"
. "$ROOT/tests/integration/prometheus.sh"
RECEIVER="python3 $ROOT/tests/integration/receiver.py"
RECEIVER_PID=
end() {
	stop_prometheus; stop_pid "$RECEIVER_PID"; stop_all
	rm -rf "$D"
}
trap end EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'alerting: %s\n' "$*" >&2
	tail -n 5 "$D/prometheus.log" "$D/alertmanager.log" "$LOG_FILE" >&2
	tail -n 5 "$D/told" 2>/dev/null | cut -c 1-300 >&2
	exit 1
}
subscription() {
	verb=$1; shift
	"$B/leaseline-authority" subscription "$verb" --dir "$AUTHORITY_DIR" \
		"$SUBSCRIPTION" "$@" > "$D/subscription" 2>&1 ||
		fail "$(cat "$D/subscription")"
}
commit() { "$FCLI" commit > "$D/commit" 2>&1; }
day() { date -u -d "${2:+$2 }+$1 days" +%F; }

told_lines=0
mark() { told_lines=$(grep -c . "$D/told"); }
# hears RECEIVER STATUS ALERT SEVERITY [LABEL=VALUE]: since the last mark.
hears() {
	receiver=$1 status=$2 alert=$3 severity=$4; shift 4
	wait_until 60 $RECEIVER told "$D/told" "$told_lines" "$receiver" \
		"$status" "alertname=$alert" "severity=$severity" \
		"instance=$TARGET" "$@" ||
		fail "$receiver does not hear: $alert $severity $status"
	$RECEIVER told "$D/told" "$told_lines" "$receiver" "$status" \
		"alertname=$alert" "severity=$severity" "instance=$TARGET" "$@" |
		sed 's/^/alerting: /'
}
# muted ALERT: Alertmanager has it, and tells nobody because of another.
muted() {
	curl -fs -m 5 "$ALERTMANAGER_URL/api/v2/alerts" | python3 -c '
import json, sys
found = [a for a in json.load(sys.stdin) if a["labels"]["alertname"] == sys.argv[1]]
sys.exit(not found or not all(a["status"]["inhibitedBy"] for a in found))' "$1"
}
# use_rules OFFSET-S: the shipped ones, seen from there in time.
use_rules() {
	sed -e 's/^\( *for: \).*/\11s/' -e "s/time()/(time() + $1)/" \
		"$DASHBOARDS/prometheus/leaseline.rules.yml" \
		> "$D/leaseline.rules.yml"
	[ -z "$PROMETHEUS_PID" ] || kill -HUP "$PROMETHEUS_PID"
}

$RECEIVER serve "$D/told" "$D/receiver.port" 2> "$D/receiver.err" &
RECEIVER_PID=$!
: > "$D/told"
set_clock "@$(date +%s)"
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
TERM_END=$(day 20)
TARGET=127.0.0.1:$(free_udp_port)
LISTEN=$TARGET
start_all
wait_until 30 usable || fail "no license came"
wait_until 10 test -s "$D/receiver.port" || fail "no receiver"
start_alertmanager -e "s/127.0.0.1:9099/127.0.0.1:$(cat "$D/receiver.port")/" \
	-e 's/group_wait: .*/group_wait: 1s/; s/group_interval: .*/group_interval: 1s/' ||
	fail "no Alertmanager"
amtool check-config "$D/alertmanager.yml" > "$D/out" 2>&1 || fail "$(cat "$D/out")"
EVERY=1s
# After a reload Prometheus knows no Alertmanager for a moment, and says what it
# could not say a minute later.
PROMETHEUS_OPTIONS=--rules.alert.resend-delay=5s
use_rules 0
start_prometheus || fail "no Prometheus"
wait_until 30 is_up || fail "up: $(value up)"

# --- real dates: 20 days of an annual term are left ---
hears tickets firing LicenseActionNeeded warning license=main
subscription extend --to "$(day 300)"
commit || fail "$(cat "$D/commit")"
hears tickets resolved LicenseActionNeeded warning license=main
! grep -q '"receiver": "pager"' "$D/told" || fail "a page for 20 days"

# --- faketime: 295 days later, with 5 left ---
mark
later=$(day 295)
jump "${later}T12:00:00Z"
# Not before Prometheus has seen the new lease: the old one is long over.
seen_later() {
	[ -n "$(value "license_issued_timestamp_seconds >= $(epoch "${later}T12:00:00Z")")" ]
}
wait_until 30 seen_later || fail "no new lease after 295 days"
use_rules $(($(epoch "${later}T12:00:00Z") - $(date +%s)))
hears pager firing LicenseActionNeeded critical license=main

# --- suspended: that it would end soon is no news any more ---
mark
subscription suspend
"$FCLI" set renew_license > "$D/out" 2>&1
hears pager firing LicenseUnusable critical license=main
wait_until 30 muted LicenseActionNeeded || fail "LicenseActionNeeded is not muted"
say "alerting: LicenseActionNeeded is muted by LicenseUnusable"
subscription reinstate
commit || fail "$(cat "$D/commit")"
hears pager resolved LicenseUnusable critical license=main
subscription extend --to "$(day 365 "$later")"
commit || fail "$(cat "$D/commit")"
hears pager resolved LicenseActionNeeded critical license=main

# --- a test; then nobody answers, and what is said of it is from before ---
mark
"$FCLI" test notification > "$D/out" 2>&1
hears tickets firing LeaselineTestAlert info
stop_pid "$SNMPD_PID"
hears tickets firing LeaselineAgentxDown warning
stop_pid "$AGENT_PID"
hears tickets firing LicenseAgentAbsent warning
amtool --alertmanager.url="$ALERTMANAGER_URL" alert add LeaselineStorageFailing \
	severity=warning instance="$TARGET" || fail "amtool"
wait_until 30 muted LeaselineStorageFailing || fail "not muted by the agent's absence"
mark
SNMPD_PID=
start_snmpd || fail "no snmpd"
start_agent || fail "no agent"
hears tickets resolved LicenseAgentAbsent warning
say "alerting: $(value 'count(ALERTS{alertstate="firing",alertname!="LeaselineTestAlert"}) or vector(0)') alerts at the end"

#!/bin/sh
# Goal: the agent as a service: ready only when it serves, its watchdog's sign
# and status from the keeper, a reload that is whole or not at all, a log that
# may be rotated, a state directory that only one agent holds, a clean stop.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/service.XXXXXX")"
MANAGER_PID=
finish() { stop_pid "$MANAGER_PID"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'service: %s\n' "$*" >&2; cat "$D/told" "$LOG_FILE" >&2; exit 1; }
told() { grep -q -- "$1" "$D/told"; }
metric() { curl -fs "$METRICS_URL" | sed -n "s/^$1 //p"; }

init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
write_config
python3 "$ROOT/tests/integration/notify.py" "$S/notify.sock" > "$D/told" &
MANAGER_PID=$!
wait_until 5 test -S "$S/notify.sock" || fail "no manager"
AGENT_PREFIX="env NOTIFY_SOCKET=$S/notify.sock WATCHDOG_USEC=60000000"
start_agent || die "the agent does not start"
wait_until 5 told "READY=1" || fail "not ready"
wait_until 5 told "WATCHDOG=1" || fail "no watchdog's sign"
wait_until 20 told "STATUS=main: the license is good" || fail "no status"
wait_until 10 usable || fail "no license"
curl -fs -o /dev/null "${METRICS_URL%/metrics}/healthz" || fail "not healthy"
curl -fs -o /dev/null "${METRICS_URL%/metrics}/readyz" || fail "not ready"
say "service: ready, watchdog, status; healthy"

"$B/leaselined" -c "$CONFIG" 2> "$D/second" && fail "a second agent started"
grep -q "in use by another agent" "$D/second" || fail "second: $(cat "$D/second")"
say "service: a second agent on the same state is refused"

cp "$CONFIG" "$D/good.conf"
printf 'bandwith = 7\n' >> "$CONFIG"
kill -HUP "$AGENT_PID"
wait_until 5 grep -q "stays as it was" "$LOG_FILE" || fail "a bad file was not refused"
grep "stays as it was" "$LOG_FILE" | grep -q "leaseline.conf:[0-9]*: .*bandwith" ||
	fail "the error names neither line nor key"
[ "$(metric leaseline_config_last_reload_successful)" = 0 ] || fail "the metric does not say so"
"$FCLI" show license > /dev/null || fail "a bad file did harm"
"$FCLI" commit > "$D/commit" 2>&1 && fail "commit took a bad file"
cp "$D/good.conf" "$CONFIG"
printf 'threshold-action-warning-d = 45\n' >> "$CONFIG"
kill -HUP "$AGENT_PID"
wait_until 5 grep -q "was read again" "$LOG_FILE" || fail "a good file was not taken"
threshold_45() { [ "$(metric 'license_action_threshold_seconds{license="main",severity="warning"}')" = 3888000 ]; }
wait_until 5 threshold_45 || fail "the threshold is not in force"
say "service: a bad configuration changes nothing, a good one all"

mv "$LOG_FILE" "$LOG_FILE.1"
kill -USR1 "$AGENT_PID"
wait_until 5 test -f "$LOG_FILE" || fail "the log was not opened again"
"$FCLI" set renew_license > /dev/null && grep -q "We store license" "$LOG_FILE" ||
	fail "nothing in the new log"
: > "$LOG_FILE"
"$FCLI" set renew_license > /dev/null && grep -q "We store license" "$LOG_FILE" ||
	fail "nothing in the truncated log"
say "service: the log survives a rotation by rename and by copytruncate"

before=$(sed -n 's/^sequence //p' "$LICENSE_FILE")
kill -TERM "$AGENT_PID"
wait_until 2 gone "$AGENT_PID" || fail "not stopped after 2 s"
wait "$AGENT_PID"; code=$?
[ $code -eq 0 ] || fail "stopped with $code"
told "STOPPING=1" || fail "the manager was not told"
"$FCLI" show license_status > "$D/status" 2> /dev/null ||
	fail "no answer from the files"
grep -q "Start the agent" "$D/status" && ! grep -q "^Next refresh" "$D/status" ||
	fail "a plan without an agent: $(cat "$D/status")"
start_agent || fail "no second start"
"$FCLI" show license > /dev/null || fail "not usable at once after a restart"
sleep 1
[ "$(sed -n 's/^sequence //p' "$LICENSE_FILE")" = "$before" ] ||
	fail "a restart asked for a license that it had"
say "service: stops in time; a restart keeps the license and its plan"

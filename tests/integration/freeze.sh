#!/bin/sh
# Goal: nothing blocks the keeper or a scrape. snmpd is stopped (SIGSTOP), then
# the authority in the middle of a refresh: /metrics and `fcli show license`
# answer within 50 ms throughout. After SIGCONT and after a restart of snmpd,
# SNMP answers again within 20 s with the agent untouched. The agent stops
# within 2 s even while snmpd is frozen. FREEZE_S=120 for the long form.
. "$(dirname "$0")/lib.sh"
FREEZE_S=${FREEZE_S:-25}
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/freeze.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() { printf 'freeze: %s\n' "$*" >&2; tail -n 20 "$LOG_FILE" >&2; exit 1; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
probe() { python3 "$ROOT/tests/integration/probe.py" "$1" 50 "$METRICS_URL" "$FCLI" show license; }

# back_within_20 WHAT: SNMP shows the license again, and how soon.
back_within_20() {
	start=$(now_ms)
	wait_until 20 snmp_usable || fail "SNMP is not back 20 s after $1"
	say "freeze: SNMP is back $(($(now_ms) - start)) ms after $1"
}

renewed_after_hang() { "$FCLI" set renew_license; }
no_snmp() { ! snmp_answers; }

start_all
wait_until 30 usable && wait_until 20 snmp_usable || fail "no start"
say "undisturbed:"; probe 3 || fail "slow even undisturbed"

kill -STOP "$SNMPD_PID"
say "snmpd frozen for $FREEZE_S s:"; probe "$FREEZE_S" || fail "a frozen snmpd was felt"
kill -CONT "$SNMPD_PID"
back_within_20 "SIGCONT"

kill -STOP "$AUTHORITY_PID"
"$FCLI" set renew_license > "$D/renew" 2>&1 &
WAITING=$!
say "authority frozen for $FREEZE_S s, a refresh in flight:"
probe "$FREEZE_S" || fail "a hung authority was felt"
kill -CONT "$AUTHORITY_PID"
wait "$WAITING"
wait_until 90 renewed_after_hang || fail "no refresh after the hang"

stop_pid "$SNMPD_PID"
wait_until 10 no_snmp || fail "snmpd is still there"
start_snmpd || fail "snmpd does not start again"
back_within_20 "a restart of snmpd"
alive "$AGENT_PID" || fail "the agent did not live through it"

# Past the backlog of a frozen master: connect(2) itself hangs.
kill -STOP "$SNMPD_PID"
sleep "${FREEZE_STOP_S:-15}"
start=$(now_ms)
kill -TERM "$AGENT_PID"
wait_until 5 gone "$AGENT_PID" || fail "the agent does not stop"
took=$(($(now_ms) - start))
[ $took -le 2000 ] || fail "the agent took $took ms to stop"
say "freeze: the agent stopped in $took ms while snmpd was frozen"

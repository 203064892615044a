#!/bin/sh
# Goal: the agent killed (SIGKILL) at a hundred moments of a refresh, chosen
# by system calls that strace counts. After each, the next start has a usable
# license at once, the next refresh succeeds, and the authority sees neither a
# fork nor a clone.
. "$(dirname "$0")/lib.sh"
MOMENTS=${MOMENTS:-100}
scope=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null)
[ "$(id -u)" -eq 0 ] || [ "${scope:-0}" -eq 0 ] || {
	say "crash: skipped: kernel.yama.ptrace_scope lets root alone trace" >&2
	exit 77
}
SNMP_ENABLED=no
CALLS=openat,write,read,fsync,rename,unlink,close,sendto,recvfrom,connect,fchmod
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/crash.XXXXXX")"
TRACER=
finish() { stop_pid "$TRACER"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() { printf 'crash: %s\n' "$*" >&2; tail -n 20 "$LOG_FILE" >&2; exit 1; }
sequence() { sed -n 's/^sequence //p' "$LICENSE_FILE"; }

# trace EXPRESSION...: attach to the keeper's thread, wait until attached.
trace() {
	: > "$D/strace.err"
	strace -q -o "$D/strace.out" -p "$AGENT_PID" -e trace=$CALLS "$@" \
		2> "$D/strace.err" &
	TRACER=$!
	wait_until 5 traced || fail "strace: $(cat "$D/strace.err")"
}
traced() { grep -q "^TracerPid:[^0]*[1-9]" "/proc/$AGENT_PID/status"; }

init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
write_config
start_agent || die "the agent does not start"
wait_until 30 usable || fail "no license came"

trace
"$FCLI" set renew_license >/dev/null || fail "the traced refresh failed"
kill -INT "$TRACER"; wait "$TRACER" 2>/dev/null; TRACER=
# strace counts each call by itself: "rename 2" is the second rename.
sed -n 's/^\([a-z]*\)(.*/\1/p' "$D/strace.out" |
	awk '{ print $1, ++n[$1] }' > "$D/moments"
total=$(grep -c . "$D/moments")
[ "$total" -ge 20 ] || fail "a refresh of $total calls: nothing was traced"

killed=0 moment=0
while [ $moment -lt "$MOMENTS" ]; do
	# Spread over the whole refresh.
	at="$(sed -n "$((moment * total / MOMENTS + 1))p" "$D/moments")"
	moment=$((moment + 1))
	before=$(sequence)
	trace -e "inject=${at% *}:signal=KILL:when=${at#* }"
	"$FCLI" set renew_license >/dev/null 2>&1
	if wait_until 1 gone "$AGENT_PID"; then
		killed=$((killed + 1))
	else
		stop_pid "$AGENT_PID"
	fi
	wait "$AGENT_PID" 2>/dev/null; wait "$TRACER" 2>/dev/null; TRACER=
	"$FCLI" show license >/dev/null 2>&1 ||
		fail "$at: the files alone hold no usable license"
	start_agent || fail "$at: the agent does not start again"
	"$FCLI" show license > "$D/line" 2>&1 ||
		fail "$at: not usable: $(cat "$D/line")"
	"$FCLI" set renew_license > "$D/line" 2>&1 ||
		fail "$at: no refresh after: $(cat "$D/line")"
	[ "$(sequence)" -gt "$before" ] ||
		fail "$at: the sequence did not rise above $before"
done
[ $killed -ge $((MOMENTS * 9 / 10)) ] ||
	fail "only $killed of $MOMENTS moments were hit"
"$B/leaseline-authority" events --dir "$AUTHORITY_DIR" > "$D/events" ||
	fail "no events"
grep -q "extend" "$D/events" || fail "the audit does not show the refreshes"
if grep -Eiw "fork|clone|rollback" "$D/events" >&2; then
	fail "the authority saw a copy where there was a crash"
fi
say "crash: killed at $killed moments of a refresh of $total calls; a usable" \
	"license after each, no fork, no clone"

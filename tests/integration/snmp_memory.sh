#!/bin/sh
# Goal: what is asked, and a master that comes and goes, leave nothing in the
# agent's memory: bytes of the heap in use, exact, and private pages, before
# and after. B is the directory of snmp_fixture. GETS=1000000 RECONNECTS=200
# for the long form.
. "$(dirname "$0")/lib.sh"
GETS=${GETS:-100000} RECONNECTS=${RECONNECTS:-12}
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/snmp_memory.XXXXXX")"
FIXTURE_PID=
finish() { stop_pid "$FIXTURE_PID"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

ok() { say "snmp_memory: $*"; }
fail() {
	printf 'snmp_memory: %s\n' "$*" >&2
	tail -n 20 "$D/err" "$D/snmpd.log" >&2
	exit 1
}
serves() { [ "$(snmp 1.2.1.0)" = 3 ]; }
heap() { # bytes in use
	: > "$D/said"; echo memory >&3
	wait_until 5 has_line "$D/said" heap= || fail "the fixture is silent"
	sed -n 's/heap=//p' "$D/said"
}
dirty() { # bytes of private pages
	awk '/^Private_Dirty/ {print $2 * 1024}' "/proc/$FIXTURE_PID/smaps_rollup"
}
gets() { # gets COUNT
	"$B/bench/snmp_load" get 127.0.0.1 "$SNMP_PORT" "$SNMP_COMMUNITY" "$1" \
		16 "$BASE_OID.1.2.9.0" > "$D/load" || fail "the load fails"
	"$B/bench/snmp_load" walk 127.0.0.1 "$SNMP_PORT" "$SNMP_COMMUNITY" 10 20 \
		"$BASE_OID" > /dev/null || fail "the walks fail"
}
reconnects() { # reconnects COUNT
	i=0
	while [ $i -lt "$1" ]; do
		kill -KILL "$SNMPD_PID"; wait "$SNMPD_PID" 2> /dev/null
		start_snmpd || fail "snmpd does not start again"
		echo "trap 15" >&3
		wait_until 20 serves || fail "not back"
		# Takes the request for a replay, as the keeper does: else the
		# queue only fills.
		echo counters >&3
		i=$((i + 1))
	done
}
# grows WHAT COUNT BYTES-EACH PAGES: the bound, with pages of noise.
grows() {
	heap_after=$(heap) dirty_after=$(dirty)
	heap_by=$((heap_after - heap_before)) dirty_by=$((dirty_after - dirty_before))
	[ $heap_by -le $(($2 * $3 + 8192)) ] ||
		fail "$heap_by bytes of heap more after $2 $1"
	[ $dirty_by -le $(($2 * $3 + $4 * 4096)) ] ||
		fail "$dirty_by bytes of private pages more after $2 $1"
	ok "$2 $1: $heap_by bytes of heap more ($(each $heap_by "$2") each)," \
		"private pages $dirty_before + $dirty_by bytes"
}
each() { awk -v n="$1" -v of="$2" 'BEGIN {printf "%.2f", n / of}'; }
settled() { heap_before=$(heap); dirty_before=$(dirty); }

start_snmpd || fail "no snmpd"
mkfifo "$D/orders"; mkdir "$D/fixture"; : > "$D/said"
# What a thread holds for itself counts as in use: it must hold nothing.
GLIBC_TUNABLES=glibc.malloc.tcache_count=0 \
	"$B/snmp_fixture" "$S/agentx.sock" 1 "$D/fixture" \
	< "$D/orders" > "$D/said" 2> "$D/err" &
FIXTURE_PID=$!
exec 3> "$D/orders"
wait_until 20 serves || fail "not served"
reconnects 2; gets 10000
settled; gets "$GETS"; grows "GETs and ten walks" "$GETS" 0 16
settled; reconnects "$RECONNECTS"; grows reconnects "$RECONNECTS" 512 16

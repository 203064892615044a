#!/bin/sh
# Goal: whatever becomes of the SNMP master, the subtree is served again within
# 20 s of a good one, and the agent ends within 2 s. Each case has a master and
# an agent of its own; they run at the same time, because they mostly wait. In
# the end everything once more to one agent, while somebody scrapes it. B is
# the directory of snmp_fixture, the agent reduced to its SNMP.
# FROZEN_S=120 for the long form.
. "$(dirname "$0")/lib.sh"
FROZEN_S=${FROZEN_S:-30} IDLE_S=${IDLE_S:-60}
PY="python3 $ROOT/tests/integration/agentx.py"
TOP=$(mktemp -d "${TMPDIR:-/tmp}/master.XXXXXX")
TOP_PIDS=
finish() {
	for pid in $TOP_PIDS; do stop_pid "$pid" 20; done
	[ -n "$KEEP" ] || rm -rf "$TOP"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { say "master: $CASE: $*"; }
fail() {
	printf 'master: %s: %s\n' "$CASE" "$*" >&2
	tail -n 20 "$D/fixture.err" "$D/snmpd.log" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

FIXTURE_PID= HELPERS=
end_case() {
	for pid in $FIXTURE_PID $HELPERS $OLD_SNMPD; do
		kill -CONT "$pid" 2> /dev/null; stop_pid "$pid"
	done
	kill -CONT "$SNMPD_PID" 2> /dev/null
	stop_all
}
# begin NAME: in a subshell.
begin() {
	CASE=$1
	make_directory "$TOP/$1"
	trap end_case EXIT
	trap 'exit 130' INT TERM
	SNMP_PORT=
}

# start_fixture [MASTER [DESCRIPTORS]]: orders go to descriptor 3.
start_fixture() {
	rm -f "$D/orders"; mkfifo "$D/orders"; mkdir -p "$D/fixture"
	: > "$D/said"
	$FIXTURE_PREFIX "$B/snmp_fixture" "${1:-$S/agentx.sock}" "${PING_S:-12}" \
		"$D/fixture" $2 < "$D/orders" > "$D/said" 2> "$D/fixture.err" &
	FIXTURE_PID=$!
	exec 3> "$D/orders"
}
stops() { # stops WHILE: within 2 s
	: > "$D/said"
	started=$(now_ms)
	echo "stop 1500" >&3
	wait_until 5 gone "$FIXTURE_PID" || fail "no stop while $1"
	took=$(($(now_ms) - started))
	[ $took -le 2000 ] || fail "a stop took $took ms while $1"
	ok "stopped in $took ms while $1 ($(cat "$D/said"))"
	exec 3>&-
	FIXTURE_PID=
}
serves() { [ "$(snmp 1.2.1.0)" = 3 ]; }
unserved() { ! serves; }
served() { wait_until 20 serves || fail "not served"; }
counter() { # counter NAME
	: > "$D/said"; echo counters >&3
	wait_until 5 has_line "$D/said" up= || fail "the fixture is silent"
	sed -n "s/.*\\b$1=\([0-9-]*\).*/\1/p" "$D/said" | head -n 1
}
has_counter() { [ "$(counter "$1")" = "$2" ]; }
# recovers WHAT: from now on, within 20 s.
recovers() {
	since=$(now_ms)
	wait_until 20 serves || fail "not back 20 s after $1"
	ok "back $(($(now_ms) - since)) ms after $1"
}
log_has() { has_line "$D/fixture.err" "$1"; }
# second_snmpd: one on the same path, another port; the first stays.
second_snmpd() {
	OLD_SNMPD=$SNMPD_PID SNMP_PORT=
	start_snmpd || fail "the second snmpd does not start"
}
fill_queue() {
	mkfifo "$D/fill"
	$PY fill "$S/agentx.sock" < "$D/fill" > "$D/filled" &
	FILLER=$! HELPERS="$HELPERS $!"
	exec 4> "$D/fill"
	wait_until 5 test -s "$D/filled" || fail "the queue is not full"
}

killed() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	kill -KILL "$SNMPD_PID"; wait "$SNMPD_PID" 2> /dev/null
	start_snmpd || fail "snmpd does not start again"
	recovers "kill -9 and a restart"
	equal "up" "$(counter up)" 1
}

frozen() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	kill -STOP "$SNMPD_PID"; sleep "$FROZEN_S"
	log_has "stays silent" || fail "the log does not name the mend"
	equal "up" "$(counter up)" 0
	kill -CONT "$SNMPD_PID"
	recovers "$FROZEN_S s frozen"
}

# Past six waiting connections connect(2) to a frozen master has no end.
queue_full() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	kill -STOP "$SNMPD_PID"; fill_queue
	wait_until 30 log_has "stays silent" || fail "the silence is not told"
	sleep 7
	kill -CONT "$SNMPD_PID"
	recovers "a freeze with $(cat "$D/filled") connections waiting"
	kill -STOP "$SNMPD_PID"
	stops "the session of a frozen master is open"
	start_fixture
	wait_until 5 log_has "stays silent" || fail "the silence is not told"
	stops "the queue of a frozen master is full"
}

stop_while_opening() {
	start_snmpd || fail "no snmpd"
	kill -STOP "$SNMPD_PID"; start_fixture
	sleep 3
	stops "a frozen master does not answer the first PDU"
}

# The first keeps its sockets, and nobody can reach it by the path any more.
replaced() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	second_snmpd
	recovers "another snmpd on the path, the first alive"
	log_has "another AgentX master" || fail "the log does not say so"
}

replaced_frozen() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	kill -STOP "$SNMPD_PID"
	for i in 1 2 3; do echo "trap 15" >&3; done
	wait_until 20 log_has "stays silent" || fail "the silence is not told"
	equal "taken by a frozen master" "$(counter sent)" 0
	second_snmpd
	recovers "another snmpd on the path, the first frozen"
	wait_until 10 has_counter sent 3 || fail "$(counter sent) of 3 notices"
}

replaced_full() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	kill -STOP "$SNMPD_PID"; fill_queue
	wait_until 30 log_has "stays silent" || fail "the silence is not told"
	second_snmpd
	recovers "another snmpd on the path, the first frozen, its queue full"
}

slow() { # slow SECONDS
	start_snmpd || fail "no snmpd"
	$PY slow "$S/slow.sock" "$S/agentx.sock" "$1" > "$D/slow" 2>&1 &
	HELPERS="$HELPERS $!"
	wait_until 5 test -s "$D/slow" || fail "no proxy"
	since=$(now_ms)
	start_fixture "$S/slow.sock"
	wait_until 20 log_has "connected to" || fail "no session within 20 s"
	equal "up" "$(counter up)" 1
	wait_until 20 serves_slowly || fail "not served by a slow master"
	ok "served $(($(now_ms) - since)) ms after a master that takes $1 s" \
		"for each answer was there"
	sleep 26
	equal "connects, two pings later" "$(counter connects)" 1
}
serves_slowly() {
	[ "$(snmpget -v2c -c "$SNMP_COMMUNITY" -t 15 -r 0 -Oqv "$SNMP_TARGET" \
		"$BASE_OID.1.2.1.0")" = 3 ]
}

absent() {
	SNMP_PORT=$(free_udp_port) SNMP_TARGET=127.0.0.1:$SNMP_PORT
	start_fixture
	sleep 14
	equal "up" "$(counter up)" 0
	equal "lines of the log" "$(wc -l < "$D/fixture.err")" 1
	log_has 'with "master agentx"' || fail "the log does not name the mend"
	start_snmpd || fail "snmpd does not start"
	recovers "the first start of a master"
	equal "lines of the log" "$(wc -l < "$D/fixture.err")" 2
}

# The master gives a subtree to one agent; the other must not limp.
rival() {
	start_snmpd || fail "no snmpd"; start_fixture; served
	mkdir "$D/rival"; mkfifo "$D/rival/orders"
	"$B/snmp_fixture" "$S/agentx.sock" 12 "$D/rival" 3>&- \
		< "$D/rival/orders" > "$D/rival/said" 2> "$D/rival/err" &
	HELPERS="$HELPERS $!"
	exec 4> "$D/rival/orders"
	wait_until 5 has_line "$D/rival/err" "refused the subtree" ||
		fail "the second agent does not say that it is refused"
	sleep 14
	echo counters >&4
	wait_until 5 has_line "$D/rival/said" "up=0 connects=1 requests=0" ||
		fail "the second agent: $(cat "$D/rival/said")"
	equal "lines about it" "$(grep -c 'WARN\|ERROR' "$D/rival/err")" 1
	equal "up of the first" "$(counter up)" 1
	exec 3>&-
	wait_until 5 gone "$FIXTURE_PID" || fail "the first does not end"
	recovers "the end of the agent that had the subtree"
	has_line "$D/rival/err" "took the subtree" || fail "it does not say so"
	echo counters >&4
	wait_until 5 has_line "$D/rival/said" "up=1 connects=1" ||
		fail "the second agent does not know that it serves"
}

many_descriptors() {
	start_snmpd || fail "no snmpd"; start_fixture "" 1500; served
	highest=$(ls "/proc/$FIXTURE_PID/fd" | sort -n | tail -n 1)
	[ "$highest" -gt 1024 ] || fail "descriptors ran out early"
	stop_pid "$SNMPD_PID"
	wait_until 5 has_counter up 0 || fail "the loss is not seen"
	start_snmpd || fail "snmpd does not start again"
	recovers "a restart, on descriptors up to $highest"
	kill -STOP "$SNMPD_PID"; sleep 19; kill -CONT "$SNMPD_PID"
	recovers "19 s frozen, on descriptors up to $highest"
}

closed_socket() {
	[ "$(id -u)" = 0 ] || { ok "not tried: needs root to be two users"; return; }
	start_snmpd || fail "no snmpd"
	chmod 0711 "$TOP" "$D"; chmod 0600 "$S/agentx.sock"
	mkdir "$D/fixture"; chown nobody "$D/fixture"
	cp "$B/snmp_fixture" "$D/program"
	FIXTURE_PREFIX="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	B=$D; mv "$D/program" "$D/snmp_fixture"
	start_fixture
	wait_until 5 log_has "Permission denied. Its socket must be open" ||
		fail "the log does not name the mend"
	sleep 6
	equal "lines of the log" "$(wc -l < "$D/fixture.err")" 1
	chgrp nogroup "$S/agentx.sock"; chmod 0660 "$S/agentx.sock"
	recovers "the socket was opened to the group"
}

# The library's own TCP reads block; here the descriptor never does.
tcp() {
	PORT=$(free_udp_port)
	while grep -qi ":$(printf %04X "$PORT") 0" /proc/net/tcp; do
		PORT=$(free_udp_port)
	done
	AGENTX_SOCKET=tcp:127.0.0.1:$PORT
	start_snmpd || fail "no snmpd"; start_fixture "$AGENTX_SOCKET"; served
	stop_pid "$SNMPD_PID"
	wait_until 5 has_counter up 0 || fail "the loss is not seen"
	start_snmpd || fail "snmpd does not start again"
	recovers "a restart"
	kill -STOP "$SNMPD_PID"; sleep 19
	equal "up" "$(counter up)" 0
	kill -CONT "$SNMPD_PID"
	recovers "19 s frozen"
	kill -STOP "$SNMPD_PID"
	stops "the session of a frozen master is open"
}

hostile() {
	$PY hostile "$S/agentx.sock" "$BASE_OID" > "$D/hostile" 2>&1 &
	MASTERS=$! HELPERS="$HELPERS $!"
	wait_until 5 test -S "$S/agentx.sock" || fail "no hostile master"
	PING_S=1 start_fixture
	wait "$MASTERS" || fail "$(cat "$D/hostile")"
	lines=$(wc -l < "$D/fixture.err")
	[ "$lines" -le 20 ] || fail "$lines lines in the log"
	start_snmpd || fail "no snmpd"
	recovers "$(wc -l < "$D/hostile") hostile masters ($lines lines in the log)"
}

# One whole agent, its page and fcli asked all the while.
scraped() {
	B=$(dirname "$B")
	start_all
	wait_until 30 usable && wait_until 20 snmp_usable || fail "no start"
	python3 "$ROOT/tests/integration/probe.py" 60 500 "$METRICS_URL" \
		"$FCLI" show license > "$D/probe" 2>&1 &
	PROBE=$!
	kill -KILL "$SNMPD_PID"; wait "$SNMPD_PID" 2> /dev/null
	$PY hostile "$S/agentx.sock" "$BASE_OID" > "$D/hostile" 2>&1 &
	HELPERS=$!
	sleep 15
	stop_pid "$HELPERS"; HELPERS=
	start_snmpd || fail "snmpd does not start again"
	wait_until 20 snmp_usable || fail "not back after hostile masters"
	second_snmpd
	wait_until 20 snmp_usable || fail "not back on another socket"
	kill -STOP "$SNMPD_PID"; fill_queue
	wait "$PROBE" || fail "felt: $(cat "$D/probe")"
	kill -CONT "$SNMPD_PID"
	wait_until 20 snmp_usable || fail "not back"
	alive "$AGENT_PID" || fail "the agent did not live through it"
	say "master: a page and fcli beside all that:"
	cat "$D/probe"
}

wake_ups() {
	cat "/proc/$AGENT_PID/task/"*/status |
		awk '/^voluntary/ {n += $2} END {print n}'
}
# One whole agent that nobody asks anything.
idle() {
	B=$(dirname "$B")
	start_all
	wait_until 30 usable && wait_until 20 snmp_usable || fail "no start"
	sleep 5
	before=$(wake_ups)
	sleep "$IDLE_S"
	after=$(wake_ups)
	minute=$(((after - before) * 60 / IDLE_S))
	[ $minute -le 14 ] || fail "$minute wake-ups a minute"
	ok "$((after - before)) wake-ups in $IDLE_S s by" \
		"$(ls "/proc/$AGENT_PID/task" | wc -l) threads"
}

run_case() { # run_case NAME FUNCTION...
	(
		begin "$1"; shift
		"$@" > "$D/out" 2> "$D/err" 3>&- 4>&-
	) &
	TOP_PIDS="$TOP_PIDS $!" NAMES="$NAMES $1"
	eval "pid_$1=$!"
	sleep 0.3
}

# The longest first, and not all in the same second.
NAMES=
run_case idle idle
run_case scraped scraped
run_case slow slow 3
run_case many_descriptors many_descriptors
run_case tcp tcp
run_case hostile hostile
run_case slow_a_little slow 0.5
run_case queue_full queue_full
run_case replaced_full replaced_full
run_case frozen frozen
run_case rival rival
run_case absent absent
run_case replaced_frozen replaced_frozen
run_case replaced replaced
run_case killed killed
run_case closed_socket closed_socket
run_case stop_while_opening stop_while_opening
fell=
for name in $NAMES; do
	eval "wait \$pid_$name" || fell="$fell $name"
	cat "$TOP/$name/out" "$TOP/$name/err"
done
TOP_PIDS=
[ -z "$fell" ] || die "did not hold:$fell"
say "master: everything holds"

#!/bin/sh
# Goal: the subagent against a real snmpd: GET, walks, a table with the MIB's
# names, SNMPv2c and v3, notifications, and one that waits for a restart. What
# else becomes of masters is in master.sh. B is the directory of snmp_fixture,
# the agent reduced to its SNMP.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/snmp.XXXXXX")"
TRAPD_PID= FIXTURE_PID=
finish() {
	stop_pid "$FIXTURE_PID"; stop_pid "$TRAPD_PID"
	stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { say "snmp: $*"; }
fail() {
	printf 'snmp: %s\n' "$*" >&2
	tail -n 20 "$D/fixture.err" "$D/snmpd.log" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# start_fixture PING-S [DESCRIPTORS]: orders go to descriptor 3.
start_fixture() {
	rm -f "$D/orders"; mkfifo "$D/orders"; mkdir -p "$D/fixture"
	: > "$D/said"; : > "$D/fixture.err"
	"$B/snmp_fixture" "$S/agentx.sock" "$1" "$D/fixture" $2 \
		< "$D/orders" > "$D/said" 2> "$D/fixture.err" &
	FIXTURE_PID=$!
	exec 3> "$D/orders"
}
stop_fixture() {
	exec 3>&-
	wait_until 5 gone "$FIXTURE_PID" || fail "the fixture does not end"
	wait "$FIXTURE_PID" || fail "the fixture failed"
	FIXTURE_PID=
}
serves() { [ "$(snmp 1.2.1.0)" = 3 ]; }
counter() { # counter NAME
	: > "$D/said"; echo counters >&3
	wait_until 5 has_line "$D/said" up= || fail "the fixture is silent"
	sed -n "s/.*\\b$1=\([0-9-]*\).*/\1/p" "$D/said" | head -n 1
}
has_counter() { [ "$(counter "$1")" = "$2" ]; }
scalars() {
	for i in 1 2 3 4 5 6 7; do echo "$BASE_OID.1.1.$i.0"; done
	i=1
	while [ $i -le 29 ]; do echo "$BASE_OID.1.2.$i.0"; i=$((i + 1)); done
}
walk() { snmpwalk -v2c -c "$SNMP_COMMUNITY" -t 3 -On "$SNMP_TARGET" "$BASE_OID"; }
# The agent's heartbeat ages between two walks.
steady() { grep -v '\.1\.1\.4\.0 ' "$1"; }

values() {
	snmpget -v2c -c "$SNMP_COMMUNITY" -t 3 -On "$SNMP_TARGET" $(scalars) \
		> "$D/get" || fail "GET of all scalars"
	equal "scalars" "$(grep -vc 'No Such' "$D/get")" 36
	before=$(counter requests)
	snmpget -v2c -c "$SNMP_COMMUNITY" -t 3 "$SNMP_TARGET" $(scalars) \
		> /dev/null
	equal "AgentX requests for 36 scalars" \
		$(($(counter requests) - before)) 1
	equal "worst license" "$(snmp 1.2.6.0)" '"lab"'
	equal "its index" "$(snmp 1.2.5.0)" 2
	equal "state of lab" "$(snmp 1.3.1.9.2)" 3
	equal "state of main" "$(snmp 1.3.1.9.7)" 2
	equal "failures" "$(snmp 1.3.1.37.7)" 3
	case $(snmp 1.3.1.26.40) in *"No Such Instance"*) ;;
	*) fail "a column that does not apply has an instance";; esac
	case $(snmp 1.3.1.99.7) in *"No Such Object"*) ;;
	*) fail "a column that does not exist is served";; esac
	! snmpset -v2c -c "$SNMP_COMMUNITY" -t 3 "$SNMP_TARGET" \
		"$BASE_OID.1.2.9.0" i 2 > /dev/null 2>&1 ||
		fail "a SET was accepted"
	ok "GET: 36 scalars in one AgentX request; absent columns; no SET"
}

walks() {
	walk > "$D/walk" || fail "walk"
	equal "rows of the walk" "$(grep -vc 'No Such\|No more' "$D/walk")" \
		"$(wc -l < "$D/walk")"
	sed 's/ = .*//' "$D/walk" | sort -V -c ||
		fail "the walk is out of order"
	snmpbulkwalk -v2c -c "$SNMP_COMMUNITY" -t 3 -On "$SNMP_TARGET" \
		"$BASE_OID" > "$D/bulk" || fail "bulk walk"
	steady "$D/walk" > "$D/walk.s"; steady "$D/bulk" > "$D/bulk.s"
	cmp -s "$D/walk.s" "$D/bulk.s" || fail "walk and bulk walk differ"
	# Every name the walk gave is also what GET answers.
	sed 's/ = .*//' "$D/walk.s" | xargs -n 40 snmpget -v2c \
		-c "$SNMP_COMMUNITY" -t 3 -On "$SNMP_TARGET" > "$D/got"
	cmp -s "$D/walk.s" "$D/got" || fail "GET and the walk differ"
	ok "walk: $(wc -l < "$D/walk") values, the same by GETNEXT, GETBULK, GET"
}

with_names() {
	modules=$("$ROOT/tests/integration/smilint.sh" --modules) ||
		{ ok "no base modules: names were not tried"; return; }
	named="-M $modules:$ROOT/mibs -m LEASELINE-MIB"
	v3="-v3 -u operator -l authPriv -a SHA-256 -A authpass12 -x AES
		-X privpass12 -t 3"
	for way in "-v2c -c $SNMP_COMMUNITY -t 3" "$v3"; do
		snmptable $way $named -Ci -Cb -Cf '|' "$SNMP_TARGET" \
			LEASELINE-MIB::leaselineLicenseTable > "$D/table" \
			2> "$D/table.err" || fail "$(cat "$D/table.err")"
		equal "words about the MIB" "$(cat "$D/table.err")" ""
		grep -q '^7|main|.*|valid|ok|none|true|14 days|' "$D/table" ||
			fail "the table: $(cat "$D/table")"
	done
	equal "the worst state" "$(snmpget $v3 -Oqv $named "$SNMP_TARGET" \
		LEASELINE-MIB::leaselineState.0)" expiring
	case $(snmpget -v2c -c "$SNMP_COMMUNITY" -t 3 -Oqv $named \
		"$SNMP_TARGET" LEASELINE-MIB::leaselineExpiry.0) in
	*,23:59:59.0,+0:0) ;; *) fail "leaselineExpiry is no DateAndTime";; esac
	ok "names: snmptable with v2c and v3 authPriv; DateAndTime"
}

sysor() {
	snmpwalk -v2c -c "$SNMP_COMMUNITY" -t 3 -On "$SNMP_TARGET" \
		.1.3.6.1.2.1.1.9.1.2 | grep -q "OID: $BASE_OID.2.3.1\$" ||
		fail "sysORTable does not name the agent's capabilities"
	ok "sysORTable names the agent's capabilities"
}

trap_seen() { # trap_seen NUMBER COUNT
	[ "$(grep -c "$BASE_OID.0.$1\$\|$BASE_OID.0.$1[^0-9]" "$D/traps")" = "$2" ]
}
all_seen() { [ "$(grep -c "$BASE_OID\.0\." "$D/traps")" = "$1" ]; }
traps() {
	echo "trap 1" >&3
	wait_until 5 trap_seen 1 1 || fail "no trap: $(cat "$D/traps")"
	for part in "$BASE_OID.1.3.1.2.2 = STRING: \"lab\"" \
	    "$BASE_OID.1.4.1.0 = INTEGER: 3" "$BASE_OID.1.4.2.0 = Gauge32: 1" \
	    "$BASE_OID.1.3.1.44.2 = STRING: \"Renew"; do
		has_line "$D/traps" "$part" || fail "the trap lacks $part"
	done
	equal "acknowledged raises" "$(counter acks)" 1
	# More than a second takes, less than a storm.
	started=$(now_ms)
	for number in 1 2 5 7 9 11 13 15 4 3 6 8 10 12; do
		echo "trap $number" >&3
	done
	wait_until 10 all_seen 15 || fail "a burst of 14 is not whole"
	took=$(($(now_ms) - started))
	[ $took -ge 900 ] || fail "14 notifications in $took ms"
	ok "notifications: every varbind; 14 at once take $took ms"
}

# recovers WHAT SINCE-MS: the subtree is served again within 20 s.
recovers() {
	wait_until 20 serves || fail "not back 20 s after $1"
	ok "back $(($(now_ms) - $2)) ms after $1"
}

restart() {
	connects=$(counter connects)
	stop_pid "$SNMPD_PID"
	wait_until 5 has_counter up 0 || fail "the loss is not seen"
	echo "trap 15" >&3
	sleep 1
	equal "waiting notices" "$(counter pending)" 1
	start_snmpd || fail "snmpd does not start again"
	recovers "a restart of snmpd" "$(now_ms)"
	equal "connects" "$(counter connects)" $((connects + 1))
	wait_until 5 trap_seen 15 2 || fail "what waited was not sent"
	equal "replays asked for" "$(counter replays)" 1
	ok "a notification waited for the master; a replay is asked for"
}

command -v snmptrapd > /dev/null || die "snmptrapd is missing"
TRAP_SINK=127.0.0.1:$(free_udp_port)
printf 'snmpTrapdAddr udp:%s\ndisableAuthorization yes\n' "$TRAP_SINK" \
	> "$D/snmptrapd.conf"
SNMP_PERSISTENT_DIR=$D/snmp /usr/sbin/snmptrapd -f -Lf "$D/traps" -On \
	-C -c "$D/snmptrapd.conf" -p "$D/snmptrapd.pid" &
TRAPD_PID=$!
start_snmpd || die "snmpd does not start"
start_fixture 10
wait_until 10 serves || fail "the subtree is not served"
values; walks; with_names; sysor; traps; restart
stop_fixture
echo "snmp: everything holds"

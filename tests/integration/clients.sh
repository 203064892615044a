#!/bin/sh
# Goal: clients that are not net-snmp read every object and column, over v2c
# and v3, with the types of the module as their own parsers read it; and a GET
# of all scalars is one request of AgentX, counted on its socket.
# Without argument: pysnmp. "npm": net-snmp of npm, found through NODE_PATH.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/clients.XXXXXX")"
FIXTURE_PID=
finish() {
	exec 3>&-
	stop_pid "$FIXTURE_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'clients: %s\n' "$*" >&2
	tail -n 20 "$D/fixture.err" "$D/snmpd.log" >&2
	exit 1
}
serves() { [ "$(snmp 1.2.1.0)" = "$1" ]; }

# The fixture is what strace names by its pid (-D); orders go to descriptor 3.
start_fixture() {
	mkfifo "$D/orders"; mkdir "$D/fixture"
	strace -D -f -qq -xx -s 4 -o "$D/wire" -e trace=network,read,write \
		"$B/tests/snmp_fixture" "$S/agentx.sock" 10 "$D/fixture" \
		< "$D/orders" > "$D/said" 2> "$D/fixture.err" &
	FIXTURE_PID=$!
	exec 3> "$D/orders"
}

# PDUs of AgentX (RFC 2741, 6.1) begin with version 1 and their type.
pdus() { # pdus CALLS TYPE
	grep -cE "^[0-9]+ +($1)\([0-9]+, .*\"\\\\x01\\\\x$2" "$D/wire"
}
received() { pdus 'recvfrom|recvmsg|read' "$1"; }
answered() { pdus 'sendto|sendmsg|write' 12; }

one_round_trip() {
	scalars=$(i=0
		while [ $((i += 1)) -le 7 ]; do echo "$BASE_OID.1.1.$i.0"; done
		i=0
		while [ $((i += 1)) -le 29 ]; do echo "$BASE_OID.1.2.$i.0"; done)
	gets=$(received 05) answers=$(answered)
	[ "$gets" -gt 0 ] && [ "$answers" -ge "$gets" ] ||
		fail "the count on the wire is blind"
	said=$(snmpget -v2c -c "$SNMP_COMMUNITY" -t 3 -r 0 "$SNMP_TARGET" \
		$scalars) || fail "GET of all scalars"
	[ "$(say "$said" | grep -vc 'No Such')" = 36 ] || fail "36 scalars: $said"
	wait_until 5 answers_are $((answers + 1)) ||
		fail "$(($(answered) - answers)) answers to one GET"
	[ "$(received 05)" = $((gets + 1)) ] ||
		fail "$(($(received 05) - gets)) AgentX requests for one GET"
	say "clients: 36 scalars in one GET: 1 AgentX request, 1 answer on the socket"
}
answers_are() { [ "$(answered)" = "$1" ]; }

modules=$("$ROOT/tests/integration/smilint.sh" --modules) || exit 77
start_snmpd || die "snmpd does not start"
start_fixture
wait_until 10 serves 3 || fail "the subtree is not served"
echo "publish 7" >&3
wait_until 10 serves 7 || fail "seven licenses are not served"
client() { # client DIRECTORY: reads with the module that is there
	case $kind in
	npm)
		node "$ROOT/tests/integration/clients_npm.js" "$1" "$modules" \
			127.0.0.1 "$SNMP_PORT"
		;;
	*)
		rm -rf "$D/compiled"; mkdir "$D/compiled"
		/usr/bin/python3 "$ROOT/tests/integration/clients_pysnmp.py" \
			"$1" "$modules" 127.0.0.1 "$SNMP_PORT" "$D/compiled"
		;;
	esac
}

# wrong WORD SED-SCRIPT: with the module changed so the client must complain.
wrong() {
	rm -rf "$D/mibs"; cp -R "$ROOT/mibs" "$D/mibs"
	sed -i "$2" "$D/mibs/LEASELINE-MIB.txt"
	! cmp -s "$ROOT/mibs/LEASELINE-MIB.txt" "$D/mibs/LEASELINE-MIB.txt" ||
		fail "the copy with $1 is not different"
	! client "$D/mibs" > "$D/complaint" 2>&1 || fail "$1 is not seen"
	grep -qE "$3" "$D/complaint" ||
		fail "$1: the complaint is another: $(cat "$D/complaint")"
}

kind=$1
client "$ROOT/mibs" || fail "the client ${kind:-pysnmp}"
# The worst license has no document, so scalars are empty.
echo "publish 8" >&3
wait_until 10 serves 8 || fail "eight licenses are not served"
client "$ROOT/mibs" > "$D/empty" || fail "${kind:-pysnmp}, scalars empty"
wrong "another type" '/^ *leaselineLicDataAge /s/Gauge32/Counter32/
	/^leaselineLicDataAge OBJECT/,/::=/s/Gauge32/Counter32/' leaselineLicDataAge
wrong "a label less" '/^ *missing(1),$/d' 'easeline(Lic)?State'
wrong "an empty DateAndTime" \
	'/^leaselineExpiry OBJECT/,/::=/s/LeaselineDateOrNone/DateAndTime/' \
	leaselineExpiry
say "clients: ${kind:-pysnmp} reads empty scalars too, and sees three modules that say something else"
[ "$kind" = npm ] || one_round_trip

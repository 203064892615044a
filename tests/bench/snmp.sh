#!/bin/sh
# What a value of ours costs an SNMP manager, beside the other ways to give
# snmpd one: its own scalar, a script that stays (pass_persist), and a script
# that runs for each question (extend without its cache, running fcli). All in
# one snmpd, in turn, ROUNDS times; medians, and ratios within a round. Printed,
# never judged. B is the directory of the programs.
. "$(dirname "$0")/../integration/lib.sh"
ROUNDS=${ROUNDS:-7}
LOAD=$B/tests/bench/snmp_load
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

NATIVE=.1.3.6.1.2.1.1.1.0 # sysDescr
OURS=$BASE_OID.1.2.9.0    # leaselineState
PERSIST=$BASE_OID.99.1.0
# nsExtendOutput1Line."license"
EXTEND=.1.3.6.1.4.1.8072.1.3.2.3.1.1.7.108.105.99.101.110.115.101

cat > "$D/persist" <<'END'
#!/bin/sh
while read -r word; do
	case $word in
	PING) echo PONG ;;
	get) read -r oid; printf '%s\ninteger\n2\n' "$oid" ;;
	*) read -r oid; echo NONE ;;
	esac
done
END
chmod +x "$D/persist"
SNMPD_LINES="extend -cacheTime -1 license $D/fcli show license
pass_persist $PERSIST $D/persist"

# load FILE COUNT OUTSTANDING OID...: one more line in FILE
load() {
	file=$1 count=$2 outstanding=$3; shift 3
	"$LOAD" get 127.0.0.1 "$SNMP_PORT" "$SNMP_COMMUNITY" "$count" \
		"$outstanding" "$@" >> "$D/$file" || die "the load fails"
}
walk() { # walk FILE COUNT ROWS OID
	"$LOAD" walk 127.0.0.1 "$SNMP_PORT" "$SNMP_COMMUNITY" "$2" "$3" "$4" \
		>> "$D/$1" || die "the walk fails"
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
column() { awk -v n="$2" '{print $n}' "$D/$1" | median; }
# ratio FILE FILE: the median of the rates' ratios, round by round
ratio() {
	paste "$D/$1" "$D/$2" |
		awk '{printf "%.3f\n", $1 / $(NF / 2 + 1)}' | median
}
requests() { # its page is a second old at most
	sleep 1.1
	curl -s "$METRICS_URL" | sed -n 's/^leaseline_agentx_requests_total //p'
}
tell() { # tell NAME FILE
	printf '  %-34s %7d/s  p50 %5d us  p99 %5d us' "$1" "$(column "$2" 1)" \
		"$(column "$2" 2)" "$(column "$2" 3)"
	[ "$2" = "ours$N" ] && echo "  1x" ||
		printf '  ours is %.2fx\n' "$(ratio "ours$N" "$2")"
}

start_all
wait_until 30 usable && wait_until 20 snmp_usable || die "no start"
twenty=$(i=1; while [ $i -le 20 ]; do printf '%s.1.2.%d.0 ' "$BASE_OID" $i
	i=$((i + 1)); done)

round=0
while [ $round -lt "$ROUNDS" ]; do
	for N in 1 16; do
		load native$N 10000 $N $NATIVE
		load ours$N 10000 $N "$OURS"
		load persist$N 2000 $N "$PERSIST"
		load extend$N 100 $N $EXTEND
	done
	before=$(requests)
	load twenty 5000 1 $twenty
	asked=$(($(requests) - before))
	walk table 50 0 "$BASE_OID.1.3"
	walk bulk 50 50 "$BASE_OID.1.3"
	round=$((round + 1))
done

say "bench snmp: GET of one scalar, medians of $ROUNDS rounds"
for N in 1 16; do
	say " $N outstanding"
	tell "snmpd's own (sysDescr)" native$N
	tell "ours, through AgentX" ours$N
	tell "pass_persist, a shell script" persist$N
	tell "extend, fcli show license, uncached" extend$N
done
N=1
say "bench snmp: 20 scalars in one GET: $(column twenty 1)/s, p50" \
	"$(column twenty 2) us; $asked AgentX requests for 5000"
say "bench snmp: the table of one license, $(column table 3) values:" \
	"GETNEXT $(column table 2) us, GETBULK $(column bulk 2) us" \
	"($(column bulk 1) values/s)"

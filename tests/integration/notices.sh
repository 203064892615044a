#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: what a manager hears, as a real snmptrapd hears it from a real snmpd,
# by SNMPv2c, SNMPv3 with authentication and privacy, and SNMPv1: each alarm
# whole, raised and cleared once, each step of a deadline once, whatever
# restarts of the agent and of snmpd come between. tests/snmp_fixture posts
# what would need other hardware or measured bandwidth.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/notices.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
TRAPD_PIDS= FIXTURE_PID=
finish() {
	stop_pid "$FIXTURE_PID"
	for pid in $TRAPD_PIDS; do stop_pid "$pid"; done
	stop_all; [ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { say "notices: $*"; }
fail() {
	printf 'notices: %s\n' "$*" >&2
	tail -n 15 "$D/agent.err" "$LOG_FILE" "$D/snmpd.log" >&2
	story v2 >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
authority() {
	$FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" \
		> "$D/admin" 2>&1 || fail "$*: $(cat "$D/admin")"
}

# start_trapd NAME LINES: its port in $PORT; each notification is one line.
start_trapd() {
	PORT=$(free_udp_port)
	mkdir -p "$D/trapd.$1"
	{ say "snmpTrapdAddr udp:127.0.0.1:$PORT"; say "$2"; } > "$D/$1.conf"
	SNMP_PERSISTENT_DIR=$D/trapd.$1 /usr/sbin/snmptrapd -f -On -OQ -Oe \
		-F '%v\n' -Lf "$D/$1.traps" -C -c "$D/$1.conf" \
		-p "$D/$1.pid" > "$D/$1.out" 2>&1 &
	TRAPD_PIDS="$TRAPD_PIDS $!"
	wait_until 10 test -s "$D/$1.pid" || die "snmptrapd does not start"
}

# story NAME: "NUMBER CROSSED" of each notification, oldest first.
story() {
	tr '\t' '\n' < "$D/$1.traps" | awk -v base="$BASE_OID" '
		index($1, ".1.3.6.1.6.3.1.1.4.1.0") == 1 {
			n = $3; sub(".*\\.0\\.", "", n) }
		index($1, base ".1.4.1.0") == 1 { print n, $3 }'
}
heard() { story "${2:-v2}" | awk -v n="$1" '$1 == n' | wc -l; }
heard_alarms() { story v2 | grep -cv '^1[35] '; }
is_heard() { [ "$(heard "$1")" -ge "$2" ]; }
# crossed NUMBER: what its last one says.
crossed() { story v2 | awk -v n="$1" '$1 == n {c = $2} END {print c}'; }
steps() { story v2 | awk '$1 == 1 {printf "%s ", $2}'; }
# expect NUMBER COUNT WHAT: so many since the agent's first start.
expect() {
	wait_until 20 is_heard "$1" "$2" || fail "$3: not heard"
	equal "$3: heard" "$(heard "$1")" "$2"
}
# The varbinds of the last notification with that number, one a line.
last() {
	tr '\t' '\n' < "$D/${2:-v2}.traps" | awk -v oid="$BASE_OID.0.$1" '
		index($1, ".1.3.6.1.2.1.1.3.0") == 1 { n = 0 }
		{ line[n++] = $0 }
		$3 == oid { mine = 1 }
		index($1, "'"$BASE_OID"'.1.4.2.0") == 1 {
			if (mine) { k = n; for (i = 0; i < n; i++) kept[i] = line[i] }
			mine = 0 }
		END { for (i = 0; i < k; i++) print kept[i] }'
}
value() { # value NUMBER SUB-OID: of a varbind of the last such notification
	last "$1" | sed -n "s/^$BASE_OID\\.1\\.$2 = //p" | tr -d '"'
}
json() { "$FCLI" --json show license | tr -d ' "' | tr ',' '\n' |
	sed -n "s/^$1:\(.*\)/\1/p" | head -n 1; }
ask_epoch() { epoch "$(json "$1")"; }

# whole NUMBER INDEX: all eleven, in the order of the MIB, and no more.
whole() {
	i=$2
	last "$1" | sed 's/ = .*//' > "$D/oids"
	for oid in .1.3.6.1.2.1.1.3.0 .1.3.6.1.6.3.1.1.4.1.0 \
	    "$BASE_OID.1.3.1.2.$i" "$BASE_OID.1.3.1.3.$i" \
	    "$BASE_OID.1.3.1.10.$i" "$BASE_OID.1.3.1.11.$i" \
	    "$BASE_OID.1.3.1.9.$i" "$BASE_OID.1.3.1.23.$i" \
	    "$BASE_OID.1.3.1.25.$i" "$BASE_OID.1.3.1.15.$i" \
	    "$BASE_OID.1.4.1.0" "$BASE_OID.1.3.1.44.$i" "$BASE_OID.1.4.2.0"
	do say "$oid"; done > "$D/order"
	cmp -s "$D/oids" "$D/order" || fail "notification $1: $(last "$1")"
	WHOLE="$WHOLE $1"
}
# agrees NUMBER: its values are what fcli says now.
agrees() {
	whole "$1" 1
	equal "$1: name" "$(value "$1" 3.1.2.1)" main
	equal "$1: id" "$(value "$1" 3.1.3.1)" "$(json id)"
	equal "$1: deadline" "$(value "$1" 3.1.25.1)" "$(ask_epoch action_deadline)"
	equal "$1: expiry" "$(value "$1" 3.1.15.1)" "$(ask_epoch expiry)"
	equal "$1: state" "$(value "$1" 3.1.9.1)" "$(snmp 1.3.1.9.1)"
	equal "$1: severity" "$(value "$1" 3.1.10.1)" "$(snmp 1.3.1.10.1)"
	equal "$1: reason" "$(value "$1" 3.1.11.1)" "$(snmp 1.3.1.11.1)"
	equal "$1: days" "$(value "$1" 3.1.23.1)" "$(snmp 1.3.1.23.1)"
	equal "$1: advice" "$(value "$1" 3.1.44.1)" \
		"$(snmp 1.3.1.44.1 | tr -d '"')"
}

kill_agent() { kill -KILL "$AGENT_PID"; wait "$AGENT_PID" 2> /dev/null; }
begin_agent() {
	start_agent || fail "the agent does not start"
	STARTED=$((STARTED + 1))
}
# All that an agent has to say at its start was said.
settled() {
	expect 13 "$STARTED" "start of the agent"
	fence
}
# What the agent had to say before is out when it says this.
fence() {
	poke
	fences=$(heard 15)
	wait_until 30 "$FCLI" test notification || fail "$("$FCLI" \
		test notification 2>&1)"
	wait_until 10 is_heard 15 $((fences + 1)) || fail "a test is not heard"
}
restart_agent() { stop_pid "$AGENT_PID"; begin_agent; settled; }
up() { [ "$(metric leaseline_agentx_up)" = "$1" ]; }
stop_master() {
	stop_pid "$SNMPD_PID"
	wait_until 10 up 0 || fail "the loss of snmpd is not seen"
}
start_master() {
	start_snmpd || fail "snmpd does not start"
	wait_until 30 up 1 || fail "the agent does not come back to snmpd"
	fence
}

first_start() {
	expect 13 1 "start of the agent"
	wait_until 20 usable || fail "no license came"
	agrees_started=$(last 13 | wc -l)
	equal "varbinds of the start" "$agrees_started" 13
	whole 13 1
	equal "notifications of a first start" "$(story v2)" "13 0"
	wait_until 10 test "$(story v3)" = "13 0" ||
		fail "by SNMPv3: $(cat "$D/v3.out")"
	ok "first start: one AgentStarted, no Unusable, no UsableAgain"
}

tests() {
	"$FCLI" test notification > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	has_line "$D/line" "The SNMP master took the test notification" ||
		fail "$(cat "$D/line")"
	expect 15 1 "the test"
	whole 15 1
	case $(value 15 3.1.44.1) in "This is a test"*) ;;
	*) fail "the advice of a test: $(value 15 3.1.44.1)" ;; esac
	wait_until 5 alert_is 1 || fail "no metric of a test"
	! "$FCLI" test notification > "$D/line" 2>&1 || fail "twice at once"
	has_line "$D/line" "wait another" || fail "$(cat "$D/line")"
	stop_master
	wait_until 15 test_waits || fail "$(cat "$D/line")"
	equal "exit code without a master" "$code" 1
	said=$(cat "$D/line")
	start_snmpd || fail "snmpd does not start"
	wait_until 30 is_heard 15 2 || fail "the test that waited is not heard"
	fence
	equal "tests" "$(heard 15)" 3
	set_clock "$(instant $(($(date +%s) + 320)))"
	wait_until 5 alert_is 0 || fail "the metric stays"
	ok "test: $said"
}
alert_is() { [ "$(metric leaseline_test_alert)" = "$1" ]; }
test_waits() {
	code=0; "$FCLI" test notification > "$D/line" 2>&1 || code=$?
	has_line "$D/line" "No SNMP master answers"
}

vendor() {
	authority subscription suspend "$SUBSCRIPTION"
	! "$FCLI" set renew_license > /dev/null 2>&1
	expect 2 1 "suspended"; expect 5 1 "refused"
	agrees 2; whole 5 1
	restart_agent
	equal "Unusable after a restart" "$(heard 2)" 1
	authority subscription reinstate "$SUBSCRIPTION"
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	expect 3 1 "reinstated"; expect 6 1 "refreshed again"
	agrees 3; whole 6 1
	restart_agent
	equal "clears after a restart" "$(heard 3) $(heard 6)" "1 1"
	ok "suspended and reinstated: raised once, cleared once, over restarts"
}

# Raised while snmpd is down, and the agent is killed while that waits.
queue() {
	stop_master
	authority subscription suspend "$SUBSCRIPTION"
	! "$FCLI" set renew_license > /dev/null 2>&1
	wait_until 10 two_wait || fail "nothing waits for snmpd"
	kill_agent
	begin_agent
	equal "heard meanwhile" "$(heard 2) $(heard 5)" "1 1"
	start_master
	settled
	expect 2 2 "raised while snmpd was down"
	expect 5 2 "refused while snmpd was down"
	# The same again after a restart of snmpd, and nothing else.
	before=$(heard_alarms)
	stop_master; start_master
	expect 2 3 "the replay"; expect 5 3 "the replay"
	equal "of a replay" $(($(heard_alarms) - before)) 2
	# Cleared while it was frozen, which takes octets that die with it: the
	# clear is told to the next one, and the replay does not raise it.
	kill -STOP "$SNMPD_PID"
	authority subscription reinstate "$SUBSCRIPTION"
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	wait_until 20 up 0 || fail "a frozen snmpd is not seen"
	kill -KILL "$SNMPD_PID"; wait "$SNMPD_PID" 2> /dev/null
	start_master
	expect 3 2 "cleared while snmpd was frozen"
	expect 6 2 "refreshed while snmpd was frozen"
	equal "raises after a clear that waited" "$(heard 2) $(heard 5)" "3 3"
	ok "what waited survives kill -9, arrives once; replay of what holds"
}

two_wait() { [ "$(metric leaseline_notifications_pending)" -ge 2 ]; }

# days_left N: the clock stands at noon, N whole days before the deadline.
days_left() {
	noon=$(($(epoch "$END") - ($1 * 86400) - 43200))
	set_clock "$(instant $noon)"
}
# The authority is away: the lease ends in 14 days, told from 10 on.
ladder() {
	stop_pid "$AUTHORITY_PID"
	END=$(json lease_end)
	for days in 12 9 8 6; do
		days_left $days; restart_agent
	done
	expect 5 4 "not refreshed"
	equal "steps" "$(steps)" "10 6 "
	agrees 1
	equal "what crossed" "$(value 1 4.1.0)" 6
	# Twice the same day, and a kill; then 5 while snmpd is away.
	restart_agent; kill_agent; begin_agent; settled
	equal "steps" "$(steps)" "10 6 "
	stop_master; days_left 5; poke; kill_agent; begin_agent
	start_master; settled
	equal "steps" "$(steps)" "10 6 5 "
	# The replay repeats the step told last, and it counts for nothing.
	stop_master; start_master
	wait_until 20 test "$(steps)" = "10 6 5 5 "
	days_left 4; restart_agent
	# While it runs, each midnight.
	for days in 3 2 1 0; do
		days_left $days; poke
		wait_until 20 is_step $days || fail "$days days are not told"
	done
	days_left -1; poke
	expect 2 4 "the lease ended"
	equal "steps" "$(steps)" "10 6 5 5 4 3 2 1 0 "
	ok "a lease that ends is told at $(steps)days, over 7 starts"
	start_authority || fail "the authority does not start"
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	expect 4 1 "renewed"; expect 3 3 "usable again"
	expect 6 3 "refreshed again"
	agrees 4
	restart_agent
	equal "Renewed after a restart" "$(heard 4)" 1
	ok "renewed: cleared once"
}

# A term that was 60 and 30 days away while the agent was down.
term() {
	END=$(json term_end)
	before=$(heard 1)
	stop_pid "$AGENT_PID"; days_left 58; begin_agent; settled
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	wait_until 20 is_step 60 || fail "60 days are not told: $(steps)"
	restart_agent
	stop_pid "$AGENT_PID"; days_left 13; begin_agent; settled
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	wait_until 20 is_step 14 || fail "14 days are not told: $(steps)"
	restart_agent
	authority subscription extend "$SUBSCRIPTION" --to \
		"$(date -u -d "$END + 365 days" +%F)"
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	wait_until 20 is_renewed || fail "the payment is not told"
	ok "a term: 60, then 14 after the agent was down for 45 days; renewed"
}
is_step() { [ "$(crossed 1)" = "$1" ]; }
is_renewed() { [ "$(value 4 3.1.25.1)" = "$(ask_epoch term_end)" ]; }

# set_back SECONDS: only the wall clock; without a signed time to settle it.
set_back() {
	set_clock "$(instant $(($(date +%s) + $(cat "$CLOCK") - $1)))"
	poke
}
clock() {
	stop_pid "$AUTHORITY_PID"
	set_back 864000
	expect 9 1 "the clock went back"
	whole 9 1
	restart_agent
	equal "ClockAnomaly after a restart" "$(heard 9)" 1
	set_back -864000
	expect 10 1 "the clock is right again"
	whole 10 1
	start_authority || fail "the authority does not start"
	"$FCLI" commit > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	ok "a clock that went back: raised and cleared once"
}

# fastest: the most notifications of the agent in any second of its host; snmpd
# has some of its own, one as it starts.
fastest() {
	tr '\t' '\n' < "$D/v2.traps" | awk -v base="$BASE_OID.0." '
		index($1, ".1.3.6.1.2.1.1.3.0") == 1 { up = $3 }
		index($1, ".1.3.6.1.6.3.1.1.4.1.0") == 1 &&
			index($3, base) == 1 { print up }' |
		awk -F '[:.]' 'BEGIN { first = 0 } {
			at[n] = (($1 * 24 + $2) * 60 + $3) * 6000 + $4 * 100 + $5
			if (n > 0 && at[n] < at[n - 1]) first = n # a new snmpd
			while (first < n && at[n] - at[first] >= 99) first++
			if (++n - first > most) most = n - first }
		END { print most }'
}

# 300 licenses of files that are not there: ten at once, then one summary.
storm() {
	stop_pid "$AGENT_PID"
	: > "$D/v2.traps"
	{
		sed '/^\[license/,$d' "$CONFIG" | sed "s|$D/state|$D/storm|"
		for i in $(seq 300); do
			say "[license file$i]"
			say "source = file"
			say "license-file = $D/none/$i.lic"
			say "authority-root = $AUTHORITY_DIR/root.pub"
		done
	} > "$D/storm.conf"
	mkdir -p "$D/storm" "$D/none"
	CONFIG=$D/storm.conf STARTED=0
	begin=$(date +%s)
	begin_agent
	wait_until 90 is_heard 14 1 || fail "no summary"
	took=$(($(date +%s) - begin))
	singles=$(heard 2) left=$(crossed 14)
	equal "all licenses" $((singles + left)) 300
	equal "summaries" "$(heard 14)" 1
	last 14 | grep -qF "$left notifications were left out: read the table. " ||
		fail "the advice of a summary: $(last 14)"
	# Beside AgentStarted; a keeper that starts slowly fills two seconds.
	[ "$singles" -ge 9 ] && [ "$singles" -le 19 ] ||
		fail "$singles notices beside the summary"
	whole 14 "$(last 14 | sed -n "s/^$BASE_OID\\.1\\.3\\.1\\.2\\.\([0-9]*\) .*/\1/p")"
	worst=$(fastest)
	[ "$worst" -le 10 ] || fail "$worst in a second"
	# What the manager was told in the summary is repeated, too.
	stop_master; start_master
	wait_until 30 is_heard 14 2 || fail "no summary of the replay"
	# None by itself where the last second was full when snmpd came back.
	again=$(crossed 14) alone=$(($(heard 2) - singles))
	[ "$alone" -le 10 ] || fail "$alone are replayed by themselves"
	[ $((alone + again)) -ge $((singles + 256 - 20)) ] ||
		fail "a replay of $alone and $again"
	worst=$(fastest)
	[ "$worst" -le 10 ] || fail "$worst in a second of the replay"
	ok "300 fail at once: $singles notices and one summary of $left in $took \
s; replayed: $alone and one of $again; at most $worst in any second"
	stop_pid "$AGENT_PID"; AGENT_PID=
}

# The fixture posts what this machine cannot do.
fixture() {
	mkfifo "$D/orders"; mkdir -p "$D/fixture"
	"$B/tests/snmp_fixture" "$S/agentx.sock" 10 "$D/fixture" < "$D/orders" \
		> "$D/said" 2> "$D/fixture.err" &
	FIXTURE_PID=$!
	exec 3> "$D/orders"
	for number in 7 8 11 12; do
		echo "trap $number" >&3
		expect $number 1 "notification $number"
		whole $number 2
		equal "$number: name" "$(value $number 3.1.2.2)" lab
	done
	exec 3>&-
	wait_until 10 gone "$FIXTURE_PID" || fail "the fixture does not end"
	FIXTURE_PID=
}

all_whole() {
	for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		case " $WHOLE " in *" $number "*) ;;
		*) fail "notification $number was not looked at" ;; esac
	done
	ok "all 15, each with its 11 varbinds in the order of the MIB"
}

switched_off() {
	stop_pid "$AGENT_PID"
	SNMP_ENABLED=no; write_config
	begin_agent
	code=0; "$FCLI" test notification > "$D/line" 2>&1 || code=$?
	equal "exit code" "$code" 1
	has_line "$D/line" "SNMP is switched off" || fail "$(cat "$D/line")"
	wait_until 5 alert_is 1 || fail "no metric of a test"
	ok "SNMP switched off: $(cat "$D/line")"
}

command -v snmptrapd > /dev/null || die "snmptrapd is missing"
ENGINE=0x80001f888059dc486145a26322
start_trapd v2 "authCommunity log public"; TRAP_SINK=127.0.0.1:$PORT
start_trapd v3 "createUser -e $ENGINE trapper SHA-256 trappass12 AES privpass12
authUser log trapper priv"
V3_PORT=$PORT
start_trapd v1 "authCommunity log public"
SNMPD_LINES="exactEngineID $ENGINE
createUser trapper SHA-256 trappass12 AES privpass12
trapsess -v 3 -e $ENGINE -u trapper -l authPriv -a SHA-256 -A trappass12 -x AES \
-X privpass12 127.0.0.1:$V3_PORT
trapsink 127.0.0.1:$PORT public"
# The wall clock alone is moved first, later elapsed time, too.
AGENT_PREFIX=$STEPPED AUTHORITY_PREFIX=$FAKE STARTED=0 WHOLE=
set_clock now
init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
start_snmpd || die "snmpd does not start"
write_config
sed -i 's/^agentx-socket/ping-interval-s = 2\n&/' "$CONFIG"
begin_agent
first_start; tests; vendor; queue; clock
AGENT_PREFIX=$FAKE; restart_agent
ladder; term
wait_until 10 test "$(story v3 | wc -l)" = "$(story v2 | wc -l)"
equal "by SNMPv3" "$(story v3)" "$(story v2)"
equal "by SNMPv1" "$(grep -cF "$BASE_OID.1.4.2.0 = " "$D/v1.traps")" \
	"$(story v2 | wc -l)"
ok "$(story v2 | wc -l) notifications, the same by SNMPv2c, v3 authPriv and v1"
storm; fixture; all_whole; switched_off

#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: both templates in a real Zabbix 6.0: they import, a healthy license is
# no problem, and for each thing that goes wrong the agent it happens to is
# seen with exactly one problem, by SNMP and by HTTP alike, until it is mended.
# As root also the hardware, which needs a stand-in for a file of /sys.
if [ "$(id -u)" = 0 ] && [ -z "$ZABBIX_INSIDE" ] && unshare -m true 2>/dev/null
then
	ZABBIX_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/zabbix.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
. "$(dirname "$0")/zabbix_server.sh"
TEMPLATES=$B/packs/dashboards/zabbix
TRAPD_PID=
finish() {
	stop_zabbix; stop_pid "$TRAPD_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'zabbix: %s\n' "$*" >&2
	tail -n 15 "$LOG_FILE" >&2; zabbix_log 15 >&2
	exit 1
}
zabbix() { # zabbix ORDER...: what it says is a figure of the test
	/usr/bin/python3 "$ROOT/tests/integration/zabbix.py" "$ZABBIX_API" \
		"$@" > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	sed 's/^/zabbix: /' "$D/said"
}
# problems PROBLEM...: on both hosts just these.
problems() {
	zabbix problems by-snmp "${WITHIN:-60}" "$@"
	zabbix problems by-http "${WITHIN:-60}" "$@"
}
mended() { problems; }
admin() {
	$FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" \
		> "$D/admin" 2>&1 || fail "$*: $(cat "$D/admin")"
}
renew() { "$FCLI" set renew_license > "$D/renew" 2>&1; }
must_renew() { renew || fail "no refresh: $(cat "$D/renew")"; }
commit() { "$FCLI" commit > "$D/renew" 2>&1 || fail "commit: $(cat "$D/renew")"; }
in_days() { date -u -d "$1 days" +%F; }
snmp_up() { [ -n "$(snmp 1.1.1.0 | grep -v 'No Such')" ]; }
restart_agent() {
	stop_pid "$AGENT_PID"
	start_agent || fail "the agent does not start"
	wait_until 20 snmp_up || fail "SNMP does not come back"
}

start_snmptrapd() {
	cat > "$D/snmptrapd.conf" <<-EOT
	snmpTrapdAddr udp:$TRAP_SINK
	disableAuthorization yes
	traphandle default $TEMPLATES/zabbix_traps.sh $ZABBIX_TRAPS
	EOT
	SNMP_PERSISTENT_DIR=$D/snmp /usr/sbin/snmptrapd -f -n -On \
		-Lf "$D/snmptrapd.log" -C -c "$D/snmptrapd.conf" \
		-p "$D/snmptrapd.pid" &
	TRAPD_PID=$!
}

start_everything() {
	start_zabbix || die "Zabbix does not start"
	TRAP_SINK=127.0.0.1:$(free_udp_port)
	start_snmptrapd
	write_clock +0
	# A port that a restart keeps.
	LISTEN=127.0.0.1:$(free_udp_port)
	AGENT_PREFIX=$STEPPED AUTHORITY_PREFIX=$FAKE
	start_all
	wait_until 30 usable || fail "no license came"
	wait_until 30 snmp_usable || fail "SNMP has no license"
	say "zabbix: a server, its database and the frontend run"
}

add_hosts() {
	zabbix import "$TEMPLATES/leaseline_by_snmp.yaml" \
		"$TEMPLATES/leaseline_by_http.yaml"
	quick="{\$LEASELINE.INTERVAL}=2s {\$LEASELINE.SILENT}=30s"
	zabbix host by-snmp "Leaseline by SNMP" 127.0.0.1 "$SNMP_PORT" snmp2 \
		$quick "{\$LEASELINE.DISCOVERY}=1m"
	zabbix host by-snmp3 "Leaseline by SNMP" 127.0.0.1 "$SNMP_PORT" snmp3 \
		$quick "{\$LEASELINE.DISCOVERY}=1m"
	zabbix host by-http "Leaseline by HTTP" 127.0.0.1 10050 http \
		$quick "{\$LEASELINE.PORT}=${LISTEN##*:}"
	for host in by-snmp by-snmp3 by-http; do
		zabbix discover $host
	done
}

healthy() {
	same="state@main=valid usable@main=yes severity@main=ok
		reason@main=none kind@main=production mode@main=online
		source@main=authority action.days@main=300
		action.warning.days@main=30 action.critical.days@main=7
		bandwidth@main=10000000000 refresh.result@main=ok
		refresh.refusal@main=none binding.changed@main=none
		rebinds.allowed@main=3 id@main=$SUBSCRIPTION
		expiry@main=$(metric license_expiry_timestamp_seconds)
		lease.end@main=$(metric license_lease_end_timestamp_seconds)
		term.end@main=$(metric license_term_end_timestamp_seconds)
		clock.trust=trusted storage.up=yes licenses=1
		licenses.usable=1 licenses.critical=0"
	zabbix values by-snmp $same worst.name=main state=valid \
		action.days=300 zabbix[host,snmp,available]=yes
	zabbix values by-snmp3 $same
	zabbix values by-http $same agentx.up=yes health=200
	for host in by-snmp by-snmp3 by-http; do
		zabbix unsupported $host
	done
	mended
}

# The thresholds are the agent's: the license is the same, 300 days are left.
thresholds() {
	SOURCE_LINES="threshold-action-warning-d = 400"
	write_config; commit
	problems "WARNING license main needs a person soon"
	write_config; echo "threshold-action-critical-d = 350" >> "$CONFIG"
	commit
	problems "HIGH license main needs a person now"
	SOURCE_LINES=
	write_config; commit
	mended
}

term() {
	admin subscription set "$SUBSCRIPTION" --term-end "$(in_days 20)"
	must_renew
	problems "WARNING license main needs a person soon"
	admin subscription set "$SUBSCRIPTION" --term-end "$(in_days 3)"
	must_renew
	problems "HIGH license main needs a person now"
	admin subscription extend "$SUBSCRIPTION" --to "$(in_days 300)"
	must_renew
	mended
}

suspension() {
	admin subscription suspend "$SUBSCRIPTION"
	! renew || fail "renewed while suspended"
	problems "DISASTER license main is not usable"
	zabbix values by-snmp state@main=suspended refresh.result@main=refused
	zabbix values by-http state@main=suspended refresh.result@main=refused
	admin subscription reinstate "$SUBSCRIPTION"
	commit
	mended
}

storage() {
	echo "another program's" > "$D/theirs"
	mv "$D/theirs" "$LICENSE_FILE"
	"$FCLI" commit > "$D/renew" 2>&1
	problems "WARNING license main cannot be stored"
	rm "$LICENSE_FILE"
	commit
	mended
	mv "$D/state" "$D/state.away"
	renew
	problems "WARNING the state cannot be written"
	mv "$D/state.away" "$D/state"
	must_renew
	mended
}

stepped_clock() {
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	write_clock -604800; poke
	problems "WARNING the clock of the machine is not believed"
	zabbix values by-snmp clock.trust=stepped_back
	zabbix values by-http clock.trust=stepped_back
	write_clock +0; poke
	mended
	start_authority || fail "the authority does not start"
}

# No scalar of the MIB tells of it.
configuration() {
	echo "nonsense = 1" >> "$CONFIG"
	! "$FCLI" commit > "$D/renew" 2>&1 || fail "nonsense was read"
	zabbix problems by-http 60 \
		"WARNING the configuration was not taken over"
	zabbix problems by-snmp 60
	write_config; commit
	mended
}

# with_state FROM: the agent goes on with that state and without its license.
with_state() {
	stop_pid "$AGENT_PID"
	rm -rf "$D/state" "$LICENSE_FILE"
	cp -a "$1" "$D/state"
	start_agent || fail "the agent does not start"
	wait_until 20 snmp_up || fail "SNMP does not come back"
}

unanswered() {
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	cp -a "$D/state" "$D/before"
	mkdir -m 700 "$D/new"
	with_state "$D/new"
	problems "WARNING license main was never answered by the authority"
	start_authority || fail "the authority does not start"
	with_state "$D/before"
	rm -rf "$D/before"
	must_renew
	mended
}

keep_state() { stop_pid "$AGENT_PID"; rm -rf "$1"; cp -a "$D/state" "$1"; }

# Two machines use one license: a snapshot goes on, what it was made of too.
clone() {
	cp -a "$D/state" "$D/one"
	must_renew; keep_state "$D/two"
	with_state "$D/one"; must_renew; keep_state "$D/one"
	with_state "$D/two"; must_renew; keep_state "$D/two"
	with_state "$D/one"
	! renew || fail "a clone was refreshed"
	problems "WARNING license main is not bound to this machine as it is"
	zabbix values by-snmp reason@main=clone
	zabbix values by-http reason@main=clone
	admin machine list
	admin machine clear-clone "$(sed -n 's/^\([^ ]*=\) .*/\1/p' "$D/admin")"
	commit
	mended
}

machine() { echo "0-$(($1 - 1))" > "$D/present"; }
hardware() {
	machine 8
	if ! { [ -n "$ZABBIX_INSIDE" ] && mount --bind "$D/present" \
	    /sys/devices/system/cpu/present; } 2> /dev/null; then
		say "zabbix: the hardware was NOT TRIED: it needs root"
		return
	fi
	for cpus in 9 10 11 12 13; do
		machine $cpus; "$FCLI" commit > "$D/renew" 2>&1
	done
	problems "HIGH license main: the rebind to changed hardware was refused"
	for host in by-snmp by-http; do
		zabbix values $host reason@main=rebind_refused \
			refresh.refusal@main=hardware_limit \
			binding.changed@main=logical_cpus rebinds.used@main=3
	done
	admin subscription approve-hardware "$SUBSCRIPTION"
	commit
	mended
}

# Time goes on and nobody extends the lease; from here on it only goes on.
days_pass() {
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	AGENT_PREFIX=$FAKE
	restart_agent
	while read -r days problem; do
		set_clock "+$days days"; poke
		problems "$problem"
	done <<-EOT
	2 WARNING license main is not being refreshed
	6 HIGH license main has not been refreshed for long
	10 HIGH license main needs a person now
	15 DISASTER license main is not usable
	EOT
	start_authority || fail "the authority does not start"
	must_renew
	mended
	zabbix values by-snmp "snmptrap[\"${BASE_OID#.}.0.[0-9]+\"]=*"
}

hung_keeper() {
	# /healthz goes by elapsed time, which has to move, too.
	[ "$AGENT_PREFIX" = "$FAKE" ] || { AGENT_PREFIX=$FAKE; restart_agent; }
	mkfifo "$D/hold"
	/usr/bin/python3 "$ROOT/tests/integration/hang.py" "$AGENT_PID" \
		< "$D/hold" > "$D/held" 2>&1 &
	holder=$!
	exec 4> "$D/hold"
	wait_until 10 has_line "$D/held" held || fail "$(cat "$D/held")"
	# Three heartbeats of 30 s are missed at once.
	write_clock "+$(($(cat "$CLOCK") + 120))"
	problems "HIGH the agent hangs"
	exec 4>&-
	wait "$holder"
	mended
}

silence() {
	stop_pid "$SNMPD_PID"
	zabbix problems by-snmp 240 "WARNING SNMP does not answer"
	zabbix problems by-http 60 "WARNING SNMP does not reach the agent"
	start_snmpd || fail "snmpd does not start again"
	WITHIN=120 mended
	stop_pid "$AGENT_PID"
	WITHIN=120 problems "WARNING the agent is silent"
	start_agent || fail "the agent does not start"
	WITHIN=120 mended
}

start_everything
add_hosts
healthy
for part in ${PARTS:-thresholds term suspension storage configuration
    unanswered clone stepped_clock hardware days_pass hung_keeper silence}; do
	$part
done
zabbix unsupported by-snmp
zabbix unsupported by-http
say "zabbix: everything holds"

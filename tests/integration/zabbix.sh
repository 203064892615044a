#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: both templates in a real Zabbix 6.0: they import, a healthy license is
# no problem, and for each thing that goes wrong the agent it happens to is
# seen with exactly one problem, by SNMP and by HTTP alike, until it is mended.
# In the end every trigger of both templates fired and recovered. What mostly
# waits goes on at a time, in lanes: zabbix_lane.sh, zabbix_parts.sh.
# As root also the hardware, which needs a stand-in for a file of /sys.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/zabbix.XXXXXX")"
. "$(dirname "$0")/zabbix_server.sh"
TEMPLATES=$B/packs/dashboards/zabbix
TRAPD_PID= LANES=
finish() {
	for lane in $LANES; do stop_pid "${lane#*:}" 30; done
	stop_zabbix; stop_pid "$TRAPD_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'zabbix: %s\n' "$*" >&2; zabbix_log 15 >&2; exit 1; }
zabbix() { # zabbix ORDER...: what it says is a figure of the test
	/usr/bin/python3 "$ROOT/tests/integration/zabbix.py" "$ZABBIX_API" \
		"$@" > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	sed 's/^/zabbix: /' "$D/said"
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

lane() { # lane NAME PART...: begins at once, and waits for Zabbix by itself
	name=$1; shift
	"$ROOT/tests/integration/zabbix_lane.sh" "$name" "$D" "$@" \
		> "$D/$name.log" 2>&1 &
	LANES="$LANES $name:$!"
}

# Those with one address all get the notifications: lane days sends some.
TRAP_SINK=127.0.0.1:$(free_udp_port)
export TRAP_SINK
begun=$(date +%s)
took() { say "zabbix: $1, after $(($(date +%s) - begun)) s"; }
NOT_TRIED="license main: the rebind to changed hardware was refused"
lane main healthy thresholds term suspension
lane files storage configuration retired
lane copies unanswered clone stepped_clock address
lane days test_alert bandwidth days_pass hung_keeper expired_warn
lane snmpd old_data no_snmpd
lane agent no_agent
if [ "$(id -u)" = 0 ] && unshare -m true 2> /dev/null; then
	lane hardware hardware offline
	NOT_TRIED=
fi
start_zabbix || die "Zabbix does not start"
start_snmptrapd
took "a server, its database and the frontend run"
zabbix import "$TEMPLATES/leaseline_by_snmp.yaml" \
	"$TEMPLATES/leaseline_by_http.yaml"
umask 077
ZABBIX_TOKEN=$(/usr/bin/python3 "$ROOT/tests/integration/zabbix.py" \
	"$ZABBIX_API" login)
export ZABBIX_TOKEN
say "export ZABBIX_API='$ZABBIX_API' ZABBIX_TOKEN='$ZABBIX_TOKEN'
ZABBIX_CA='$ZABBIX_CA'" > "$D/ready.new" && mv "$D/ready.new" "$D/ready"
failed=
for lane in $LANES; do
	wait "${lane#*:}" || failed="$failed ${lane%:*}"
	cat "$D/${lane%:*}.log"
done
[ -z "$failed" ] || fail "failed:$failed"
if [ -z "$PARTS" ]; then
	[ -z "$NOT_TRIED" ] ||
		say "zabbix: the hardware was NOT TRIED: it needs root"
	for by in SNMP HTTP; do
		zabbix covered "Leaseline by $by" ${NOT_TRIED:+"$NOT_TRIED"}
	done
fi
took "everything holds"

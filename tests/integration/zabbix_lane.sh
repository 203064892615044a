#!/bin/sh
# SPDX-License-Identifier: ISC
# One lane of zabbix.sh: an authority, snmpd and agent of its own, as hosts
# NAME-snmp and NAME-http of its Zabbix, and what happens to them, one part
# after the other: on both faces just that problem is seen, until it is mended.
# usage: zabbix_lane.sh NAME DIRECTORY PART...
# PARTS, if set, are the only ones. DIRECTORY/ready is there once Zabbix is, and says how it is reached.
LANE=$1 TOP=$2
if [ "$(id -u)" = 0 ] && [ -z "$ZABBIX_INSIDE" ] && unshare -m true 2>/dev/null
then
	ZABBIX_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
shift 2
. "$(dirname "$0")/lib.sh"
make_directory "$TOP/$LANE"
. "$(dirname "$0")/fakeclock.sh"
HERE=$ROOT/tests/integration
ASKING= BOXES=
finish() {
	for pid in $ASKING $BOXES; do stop_pid "$pid"; done
	stop_all
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'zabbix: %s: %s\n' "$LANE" "$*" >&2
	tail -n 15 "$LOG_FILE" >&2
	exit 1
}
# zabbix ORDER...: what it says is a figure of the test. In the background, so
# that a signal to this shell is not left waiting.
zabbix() {
	/usr/bin/python3 "$HERE/zabbix.py" "$ZABBIX_API" "$@" \
		> "$D/said" 2>&1 &
	ASKING=$!
	wait $ASKING || fail "$(cat "$D/said")"
	ASKING=
	sed 's/^/zabbix: /' "$D/said"
}
# problems_by FACE PROBLEM...: on that host just these.
problems_by() {
	face=$1; shift
	for problem; do say "$problem"; done >> "$D/wanted-$face"
	zabbix problems "$LANE-$face" "${WITHIN:-60}" "$@"
}
problems() { problems_by snmp "$@"; problems_by http "$@"; }
mended() { problems; }
in_passing() { say "$1" | tee -a "$D/wanted-snmp" >> "$D/wanted-http"; }
values() { zabbix values "$LANE-snmp" "$@"; zabbix values "$LANE-http" "$@"; }
admin() {
	$FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" \
		> "$D/admin" 2>&1 || fail "$*: $(cat "$D/admin")"
}
renew() { "$FCLI" set renew_license > "$D/renew" 2>&1; }
must_renew() { renew || fail "no refresh: $(cat "$D/renew")"; }
commit() { "$FCLI" commit > "$D/renew" 2>&1 || fail "commit: $(cat "$D/renew")"; }
# configure LINE...: of license main, taken over.
configure() { SOURCE_LINES=$(printf '%s\n' "$@"); write_config; commit; }
in_days() { date -u -d "$1 days" +%F; }
snmp_up() { [ -n "$(snmp 1.1.1.0 | grep -v 'No Such')" ]; }
start_agent_again() {
	start_agent || fail "the agent does not start"
	wait_until 20 snmp_up || fail "SNMP does not come back"
}
restart_agent() { stop_pid "$AGENT_PID"; start_agent_again; }
# look SECONDS: time goes on by as much, and the keeper looked at all since.
look() {
	due=$(($($FAKE date +%s) + $1))
	set_clock "@$due"
	wait_until 10 looked || fail "no beat came"
}
looked() {
	poke; [ "$(metric leaseline_keeper_heartbeat_timestamp_seconds)" -ge "$due" ]
}
. "$(dirname "$0")/zabbix_parts.sh"

write_clock +0
# A port that a restart keeps.
port=$(free_udp_port)
LISTEN=127.0.0.1:$port
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
quick="{\$LEASELINE.INTERVAL}=2s {\$LEASELINE.SILENT}=30s
	{\$LEASELINE.LICENSE.KEEP}=0"
[ "$LANE" = days ] || TRAP_SINK=
case $LANE in
copies) AGENT_PREFIX=$STEPPED ;;
hardware) MBITS=100000; before_hardware ;;
agent) before_agent ;;
esac
start_all
wait_until 30 usable || fail "no license came"
wait_until 30 snmp_usable || fail "SNMP has no license"
wait_until 120 test -s "$TOP/ready" || fail "no Zabbix"
. "$TOP/ready"
if [ -e "$D/page.crt" ]; then
	cp "$D/page.crt" "$ZABBIX_CA" && openssl rehash "$ZABBIX_CA" ||
		fail "the server gets no certificate"
fi
begun=$(date +%s)
zabbix host "$LANE-snmp" "Leaseline by SNMP" 127.0.0.1 "$SNMP_PORT" snmp2 \
	$quick "{\$LEASELINE.DISCOVERY}=5s"
zabbix host "$LANE-http" "Leaseline by HTTP" 127.0.0.1 10050 http $quick \
	"{\$LEASELINE.PORT}=$port"
zabbix discover "$LANE-snmp" "$LANE-http"
values severity@main=ok
mended
for part; do
	case " ${PARTS:-$part} " in *" $part "*) $part ;; esac
done
zabbix unsupported "$LANE-snmp" "$LANE-http"
for face in snmp http; do
	set --
	while read -r problem; do set -- "$@" "$problem"; done < "$D/wanted-$face"
	zabbix fired "$LANE-$face" "$@"
done
say "zabbix: $LANE: everything holds, after $(($(date +%s) - begun)) s"

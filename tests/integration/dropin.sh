#!/bin/sh
# Goal: with Debian's own snmpd.conf, started as Debian starts it, the stock
# view hides the subtree and a subagent that is not root cannot connect;
# agent/snmpd-leaseline.conf opens both, and nothing wider than it says.
. "$(dirname "$0")/lib.sh"
stock=/etc/snmp/snmpd.conf
skip() { say "dropin: skipped: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || skip "only root can start snmpd as Debian does"
grep -q 'systemonly' "$stock" 2>/dev/null || skip "no stock $stock"
id Debian-snmp > /dev/null 2>&1 || skip "no user Debian-snmp"

make_directory "$(mktemp -d "${TMPDIR:-/tmp}/dropin.XXXXXX")"
chmod 755 "$D"
FIXTURE_PID=
finish() { exec 3>&-; stop_pid "$FIXTURE_PID"; stop_all; rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'dropin: %s\n' "$*" >&2; cat "$D/log" "$D/err" >&2; exit 1; }

SNMP_PORT=$(free_udp_port) SNMP_TARGET=127.0.0.1:$SNMP_PORT
mkdir "$D/conf.d" "$D/fixture"
chown nobody "$D/fixture"; chown Debian-snmp "$D/snmp"
sed "s|^agentaddress.*|agentaddress udp:$SNMP_TARGET|
	s|/etc/snmp/snmpd.conf.d|$D/conf.d|" "$stock" > "$D/snmpd.conf"
printf 'agentXSocket %s/agentx/master\n' "$D" > "$D/conf.d/0-place.conf"

start_stock() {
	SNMP_PERSISTENT_DIR=$D/snmp /usr/sbin/snmpd -Lf "$D/log" \
		-u Debian-snmp -g Debian-snmp \
		-I -smux,mteTrigger,mteTriggerConf -f -C -c "$D/snmpd.conf" &
	SNMPD_PID=$!
	wait_until 5 snmp_answers || fail "snmpd does not answer"
}
# Of a group of its own, as the agent is; the drop-in's group stands for it.
start_subagent() {
	rm -f "$D/orders"; mkfifo -m 644 "$D/orders"
	setpriv --reuid=nobody --regid=nogroup --clear-groups \
		"$D/subagent" "$D/agentx/master" 1 "$D/fixture" \
		< "$D/orders" > "$D/said" 2> "$D/err" &
	FIXTURE_PID=$!
	exec 3> "$D/orders"
}
stop_subagent() { exec 3>&-; wait_until 5 gone "$FIXTURE_PID"; FIXTURE_PID=; }
serves() { [ "$(snmp 1.2.1.0)" = 3 ]; }

cp "$B/snmp_fixture" "$D/subagent"
start_stock
start_subagent
wait_until 3 has_line "$D/err" "no AgentX master answers" ||
	fail "a stranger connected to the stock socket"
stop_subagent
stop_pid "$SNMPD_PID"
say "dropin: stock: who is not root cannot connect"

# The socket alone: connected, and still hidden by the view.
chmod 0755 "$D/agentx"
sed "s|/var/agentx|$D/agentx|; s| leaseline\$| nogroup|
	s|$(printf %s .1.3.6.1.4.1.8072.9999.9999.14)|$BASE_OID|" \
	"$ROOT/agent/snmpd-leaseline.conf" > "$D/drop"
grep -v '^view' "$D/drop" > "$D/conf.d/leaseline.conf"
start_stock
start_subagent
wait_until 3 has_line "$D/err" "connected" || fail "no connection"
case $(snmp 1.2.1.0) in *"No Such Object"*) ;;
*) fail "the stock view does not hide the subtree";; esac
stop_subagent
stop_pid "$SNMPD_PID"
say "dropin: stock: the view systemonly hides the subtree"

cp "$D/drop" "$D/conf.d/leaseline.conf"
start_stock
start_subagent
wait_until 5 serves || fail "the drop-in does not open the subtree"
case $(snmpwalk -v2c -c public "$SNMP_TARGET" .1.3.6.1.2.1.2) in
*"No Such"*|*"No more"*|"") ;;
*) fail "the drop-in opens more than the subtree";; esac
case $(ls -ld "$D/agentx/master") in srw-rw----*Debian-snmp*nogroup*) ;;
*) fail "the socket: $(ls -ld "$D/agentx/master")";; esac
! grep -i 'error\|warning\|unknown' "$D/log" || fail "snmpd complains"
stop_subagent
say "dropin: the drop-in opens the socket to its group, and the subtree alone"

#!/bin/sh
# Goal: what LibreNMS reads. The JSON of `check license --format librenms`
# through an extend of a real snmpd that runs as Debian-snmp, taken in as
# json_app_get() does; and the sensors of leaseline.yaml: well formed by
# LibreNMS's schema, every object and number the MIB's, and found on the real
# agent as its discovery finds them. LibreNMS itself is not in Debian.
. "$(dirname "$0")/lib.sh"
PACK=$ROOT/dashboards/librenms
packs() { python3 "$ROOT/tests/integration/packs.py" "$@"; }
modules=$("$ROOT/tests/integration/smilint.sh" --modules) ||
	{ say "no base modules for names"; exit 77; }
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/librenms.XXXXXX")"
EXTEND_PID=
finish() { stop_pid "$EXTEND_PID"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'librenms: %s\n' "$*" >&2
	tail -n 20 "$D/extend.log" "$D/json" "$LOG_FILE" >&2
	exit 1
}
NAMES="-M $modules:/usr/share/snmp/mibs:$ROOT/mibs"

start_all
wait_until 20 snmp_usable || fail "SNMP does not show the license"

packs librenms-sensors "$PACK/leaseline.yaml" "$ROOT/mibs/LEASELINE-MIB.txt" ||
	fail "leaseline.yaml"
# broken SED-SCRIPT: a copy changed so is noticed.
broken() {
	sed "$1" "$PACK/leaseline.yaml" > "$D/broken.yaml"
	! cmp -s "$PACK/leaseline.yaml" "$D/broken.yaml" || fail "the copy with $1 is the same"
	! packs librenms-sensors "$D/broken.yaml" "$ROOT/mibs/LEASELINE-MIB.txt" 2> "$D/said" ||
		fail "$1 is not noticed"
}
broken 's/3\.1\.10\.{{/3.1.11.{{/'
broken '/value: 7, generic/d'
broken 's/graph: 1, //'
broken 's/leaselineLicActionWarningDays/leaselineLicWarningDays/'
broken "s/index: 'leaselineLicState/index: 'leaselineLicSeverity/"
broken 's/low_limit:/lower_limit:/'
# The walk and the numbers, as discovery and poller ask for them.
sensors() {
	snmpbulkwalk -v2c -c "$SNMP_COMMUNITY" -OteQUsab -m LEASELINE-MIB $NAMES \
		"$SNMP_TARGET" leaselineLicenseTable > "$D/walk" 2>&1 || fail "no walk"
	packs librenms-discover "$PACK/leaseline.yaml" "$D/walk" > "$D/sensors" ||
		fail "discovery"
	while IFS='|' read -r oid value rest; do
		is=$(snmpget -v2c -c "$SNMP_COMMUNITY" -Oqv "$SNMP_TARGET" "$oid")
		[ "$is" = "$value" ] || fail "$rest: $is at $oid, $value in the walk"
	done < "$D/sensors"
}
sensor() { grep -qF "|$1" "$D/sensors" || fail "no sensor '$1' in: $(cat "$D/sensors")"; }
sensors
sensor 'count|License main: days to act|low 7|low_warn 30|'
sensor 'state|License main: severity|ok|generic 0|'
sensor 'state|License main: state|valid|generic 0|'
sensor 'state|License main: usable|yes|generic 0|'
sensor 'state|License main: last refresh|ok|generic 0|'
found=$(wc -l < "$D/sensors")

# The extend: the shipped file, with the path of this test, and the view that
# Debian's own snmpd.conf has.
as=; owner=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
	owner=Debian-snmp as="-u Debian-snmp -g Debian-snmp"
	chmod 711 "$D"
fi
EXTEND_PORT=$(free_udp_port)
{
	say "agentAddress udp:127.0.0.1:$EXTEND_PORT"
	say "view systemonly included .1.3.6.1.2.1.1"
	say "rocommunity public 127.0.0.1 -V systemonly"
	sed "s,/usr/bin/leaseline,$FCLI," "$PACK/snmpd-leaseline-extend.conf"
} > "$D/extend.conf"
SNMP_PERSISTENT_DIR=$D/extend /usr/sbin/snmpd -f -I -smux -Lf "$D/extend.log" \
	-C -c "$D/extend.conf" $as > "$D/extend.out" 2>&1 &
EXTEND_PID=$!
# As LibreNMS asks; snmpd keeps what an extend said for 5 s.
ask() {
	snmpget -v2c -c public -Oqv -m NET-SNMP-EXTEND-MIB $NAMES "127.0.0.1:$EXTEND_PORT" \
		"nsExtendOutputFull.9.108.101.97.115.101.108.105.110.101" > "$D/json" 2>&1
}
json_says() { ask && packs librenms-json < "$D/json" > "$D/parsed" 2>&1 && grep -qxF "$1" "$D/parsed"; }
json_has() {
	wait_until 30 json_says "$1" || fail "the extend does not say $1: $(cat "$D/parsed")"
}
json_has "licenses.main.result 0"
[ "$(stat -c %U "/proc/$EXTEND_PID")" = "$owner" ] || fail "snmpd does not run as $owner"
for line in "agent 1" "licenses.main.state 2" "licenses.main.usable 1" \
    "licenses.main.days 300" "licenses.main.bandwidth_mbits 10000"; do
	grep -qxF "$line" "$D/parsed" || fail "no $line in $(cat "$D/parsed")"
done

"$B/leaseline-authority" subscription suspend "$SUBSCRIPTION" --dir "$AUTHORITY_DIR" \
	> "$D/authority.out" 2>&1 || fail "not suspended"
"$FCLI" set renew_license > /dev/null 2>&1
json_has "licenses.main.state 7"
snmp_suspended() { [ "$(snmp 1.2.9.0)" = 7 ]; }
wait_until 20 snmp_suspended || fail "SNMP does not show the suspension"
sensors
sensor 'state|License main: severity|critical|generic 2|'
sensor 'state|License main: state|suspended|generic 2|'
sensor 'state|License main: usable|no|generic 2|'
rm "$LICENSE_FILE"
stop_pid "$AGENT_PID"
# The files are not for Debian-snmp: an error of the extend, and not a value.
if [ -n "$as" ]; then
	wait_until 30 json_says "error 3" || fail "no error without the agent: $(cat "$D/json")"
fi
say "librenms: $found sensors on the agent, limits from it; JSON through snmpd as $owner: valid, suspended, no agent"

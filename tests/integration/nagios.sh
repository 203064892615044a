#!/bin/sh
# Goal: the definitions for Nagios and Icinga 2 are good for the real ones,
# which run them for real: check_snmp against snmpd and the agent, and
# `check license`, through warning, ok, critical and an agent that is gone.
. "$(dirname "$0")/lib.sh"
PACK=$ROOT/dashboards/nagios
tools=$("$ROOT/tests/integration/nms.sh") || { say "no Nagios and Icinga here"; exit 77; }
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/nagios.XXXXXX")"
NAGIOS_PID= ICINGA_PID=
finish() {
	stop_pid "$NAGIOS_PID" 20; stop_pid "$ICINGA_PID" 20; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'nagios: %s\n' "$*" >&2
	tail -n 20 "$D/nagios/out" "$D/icinga/out" "$LOG_FILE" >&2
	cat "$D"/icinga/perf* "$D/nagios/status.dat" 2>/dev/null | tail -n 60 >&2
	exit 1
}
me=$(id -un) group=$(id -gn)
N=$D/nagios I=$D/icinga

# check_snmp knows no SHA-256.
SNMPD_LINES='createUser reader SHA authpass12 AES privpass12
rouser reader priv'
TERM_END=$(date -u -d '+20 days' +%F)
start_all
wait_until 20 snmp_usable || fail "SNMP does not show the license"

# Ours with the program and the pace of this test, in Debian's surroundings.
mkdir -p "$N/spool" "$I/data" "$I/log" "$I/cache" "$I/spool" "$I/run"
sed "s,/usr/bin/leaseline,$FCLI," "$PACK/leaseline.cfg" > "$N/leaseline.cfg"
cat > "$N/site.cfg" <<-END
define host {
    use             linux-server
    host_name       edge1
    address         127.0.0.1
    check_command   check_true
    _LEASELINE_SNMP -p $SNMP_PORT -P 2c -C public
}
define command {
    command_name    check_true
    command_line    /bin/true
}
define service {
    use             leaseline-snmp
    host_name       edge1
    check_interval  2
}
define service {
    use             leaseline-snmp-days
    host_name       edge1
    check_interval  2
}
define service {
    use                 leaseline-local
    service_description License local
    host_name           edge1
    check_interval      2
}
END
cat > "$N/nagios.cfg" <<-END
$(for f in commands contacts timeperiods templates; do
	say "cfg_file=$tools/etc/nagios4/objects/$f.cfg"; done)
cfg_file=$N/leaseline.cfg
cfg_file=$N/site.cfg
resource_file=$tools/etc/nagios4/resource.cfg
log_file=$N/log
object_cache_file=$N/objects
status_file=$N/status.dat
status_update_interval=1
nagios_user=$me
nagios_group=$group
check_external_commands=0
query_socket=$N/query
lock_file=$N/pid
temp_file=$N/temp
temp_path=$N
check_result_path=$N/spool
check_result_reaper_frequency=1
use_syslog=0
interval_length=1
illegal_macro_output_chars=\`~\$&|'"<>
illegal_object_name_chars=\`~!\$%^&*|'"<>?,()=
retain_state_information=0
check_for_updates=0
enable_notifications=0
END
nagios_says() { exec "$tools/usr/sbin/nagios4" "$@" "$N/nagios.cfg"; }

sed "s,/usr/bin/leaseline,$FCLI,; s/_interval = .*/_interval = 2s/" \
	"$PACK/leaseline.icinga2.conf" > "$I/leaseline.conf"
cat > "$I/icinga2.conf" <<-END
const PluginDir = "/usr/lib/nagios/plugins"
include <itl>
include <plugins>
object CheckerComponent "checker" { }
object PerfdataWriter "perfdata" {
  service_perfdata_path = "$I/perf"
  service_temp_path = "$I/perf.temp"
  host_perfdata_path = "$I/host"
  host_temp_path = "$I/host.temp"
  service_format_template = "\$host.name\$!\$service.name\$ \$service.state_id\$ \$service.output\$ | \$service.perfdata\$"
  rotation_interval = 1s
}
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
include "$I/leaseline.conf"
template Host "agent" {
  address = "127.0.0.1"
  check_command = "dummy"
  vars.leaseline_snmp = true
  vars.leaseline_days = true
  vars.snmp_port = "$SNMP_PORT"
}
object Host "edge1" {
  import "agent"
  vars.leaseline_local = true
}
object Host "edge2" {
  import "agent"
  vars.leaseline_local = true
  vars.leaseline_name = "main"
  vars.leaseline_warning = "10:"
  vars.leaseline_snmpv3 = true
  vars.snmpv3_port = "$SNMP_PORT"
  vars.snmpv3_user = "reader"
  vars.snmpv3_auth_key = "authpass12"
  vars.snmpv3_priv_key = "privpass12"
}
END
icinga() {
	LD_LIBRARY_PATH=$tools/usr/lib/$(uname -m)-linux-gnu \
	ICINGA2_USER=$me ICINGA2_GROUP=$group \
	exec "$tools/usr/lib/$(uname -m)-linux-gnu/icinga2/sbin/icinga2" daemon "$@" \
		-c "$I/icinga2.conf" -I "$tools/usr/share/icinga2/include" \
		-D NodeName=test -D ZoneName=test -D ConfigDir="$I" \
		-D DataDir="$I/data" -D LogDir="$I/log" -D CacheDir="$I/cache" \
		-D SpoolDir="$I/spool" -D InitRunDir="$I/run" \
		-D RunAsUser="$me" -D RunAsGroup="$group"
}

(nagios_says -v) > "$N/out" 2>&1 && grep -q '^Total Warnings: 0' "$N/out" &&
	grep -q '^Total Errors:   0' "$N/out" || fail "nagios4 -v"
(icinga -C) > "$I/out" 2>&1 || fail "icinga2 daemon -C"
! grep -E ' (warning|critical)/' "$I/out" >&2 || fail "icinga2 daemon -C warns"
# Both notice what is wrong.
sed -i 's/check_leaseline_snmp_days!/check_leaseline_days!/' "$N/leaseline.cfg"
! (nagios_says -v) > "$N/bad" 2>&1 || fail "nagios4 -v takes a command that is not there"
sed -i 's/check_leaseline_days!/check_leaseline_snmp_days!/' "$N/leaseline.cfg"
sed -i 's/import "leaseline-local"/import "leaseline-locale"/' "$I/leaseline.conf"
! (icinga -C) > "$I/bad" 2>&1 || fail "icinga2 daemon -C takes a template that is not there"
sed -i 's/import "leaseline-locale"/import "leaseline-local"/' "$I/leaseline.conf"
say "nagios: nagios4 -v and icinga2 daemon -C: no warning; a command or template less is noticed"

nagios_says > "$N/out" 2>&1 &
NAGIOS_PID=$!
icinga > "$I/out" 2>&1 &
ICINGA_PID=$!
# Of Nagios: service, state, text.
nagios_has() {
	sed -n 's/^\t//p' "$N/status.dat" | awk -F= -v service="$1" -v state="$2" -v text="$3" '
	$1 == "service_description" { now = $2 }
	$1 == "current_state" && now == service { is = $2 }
	$1 == "plugin_output" && now == service { sub(/^[^=]*=/, ""); if (is == state && index($0, text)) found = 1 }
	END { exit !found }'
}
icinga_has() { cat "$I"/perf* 2>/dev/null | grep -q "^$1 $2 .*$3"; }
all() { while [ $# -gt 0 ]; do "$1" "$2" "$3" "$4" || return 1; shift 4; done; }
# see SITUATION STATE-BY-SNMP STATE-BY-DAYS STATE-OF-LOCAL WORD-OF-LOCAL STATE-OF-EDGE2
see() {
	wait_until 90 all nagios_has License "$2" SNMP \
		nagios_has "License days" "$3" SNMP \
		nagios_has "License local" "$4" "LEASELINE $5" ||
		fail "Nagios, $1"
	wait_until 90 all icinga_has 'edge1!license-snmp' "$2" SNMP \
		icinga_has 'edge2!license-snmp' "$2" SNMP \
		icinga_has 'edge1!license-days' "$3" SNMP \
		icinga_has 'edge2!license-days' "$3" SNMP \
		icinga_has 'edge1!license' "$4" "LEASELINE $5" \
		icinga_has 'edge2!license' "$6" LEASELINE || fail "Icinga, $1"
	seen="$seen${seen:+, }$1"
	rm -f "$I"/perf.[0-9]*
}
see "20 days before the term's end" 1 1 1 WARNING 0
"$B/leaseline-authority" subscription extend "$SUBSCRIPTION" --dir "$AUTHORITY_DIR" \
	--to "$(date -u -d '+300 days' +%F)" > "$D/authority.out" 2>&1 || fail "not extended"
"$FCLI" set renew_license > /dev/null || fail "not renewed"
see "extended" 0 0 0 OK 0
"$B/leaseline-authority" subscription suspend "$SUBSCRIPTION" --dir "$AUTHORITY_DIR" \
	> "$D/authority.out" 2>&1 || fail "not suspended"
"$FCLI" set renew_license > /dev/null 2>&1
# Nothing is extended any more: the days are those of the lease.
see "suspended" 2 1 2 CRITICAL 2
stop_pid "$AGENT_PID"
unknown() { all nagios_has License 3 "No valid data" nagios_has "License local" 2 "not running"; }
wait_until 90 unknown || fail "Nagios, no agent"
icinga_unknown() { cat "$I"/perf* | grep -q '^edge1!license-snmp 3 .*No valid data'; }
wait_until 90 icinga_unknown || fail "Icinga, no agent"
say "nagios: Nagios and Icinga ran check_snmp (2c, 3) and check license: $seen, no agent"

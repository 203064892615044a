#!/bin/sh
# Goal: the modules for snmp_exporter are those that its generator makes of the
# MIB now; the real snmp_exporter (0.21) reads snmpd and the agent by them, and
# a real Prometheus gets the values that are there, under the license's name.
# No newer snmp_exporter is in Debian: the form since 0.23 is checked against
# its documentation, and to hold the same module.
. "$(dirname "$0")/lib.sh"
PACK=$ROOT/dashboards/snmp_exporter
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/snmpexporter.XXXXXX")"
EXPORTER_PID= PROMETHEUS_PID=
finish() {
	stop_pid "$EXPORTER_PID"; stop_pid "$PROMETHEUS_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'snmpexporter: %s\n' "$*" >&2
	tail -n 20 "$D/exporter.err" "$D/prometheus.err" "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }

# What a generator makes of another MIB is noticed.
mkdir "$D/made" "$D/mibs"
sed 's/suspended(7)/halted(7)/' "$ROOT/mibs/LEASELINE-MIB.txt" > "$D/mibs/LEASELINE-MIB.txt"
"$ROOT/tests/snmp_modules.sh" "$D/made" "$D/mibs"; code=$?
[ $code -ne 77 ] || { say "no base modules for the generator"; exit 77; }
[ $code -eq 0 ] || fail "no modules are made"
! cmp -s "$D/made/leaseline-0.21.yml" "$PACK/leaseline-0.21.yml" ||
	fail "a state with another name is not noticed"
"$ROOT/tests/snmp_modules.sh" "$D/made" || fail "no modules are made"
for f in leaseline-0.21.yml leaseline.yml; do
	diff "$PACK/$f" "$D/made/$f" >&2 ||
		fail "$f is not of this MIB: make snmp-modules, and commit it"
done
python3 "$ROOT/tests/integration/packs.py" snmp-modules "$PACK/leaseline.yml" \
	"$PACK/leaseline-0.21.yml" "$ROOT/mibs/LEASELINE-MIB.txt" || fail "leaseline.yml"
(cd "$PACK" && promtool check config prometheus.example.yml &&
	promtool check rules leaseline-snmp.rules.yml &&
	promtool test rules leaseline-snmp.rules.test.yml) > "$D/promtool" 2>&1 ||
	{ cat "$D/promtool" >&2; fail "promtool is not content"; }
say "snmpexporter: modules as made from the MIB; rules: $(grep -c 'eval_time' "$PACK/leaseline-snmp.rules.test.yml") moments"

# Added to a file that has others, as one does with 0.21.
cat > "$D/snmp.yml" <<-END
if_mib:
  walk: [1.3.6.1.2.1.2]
  metrics: []
END
cat "$PACK/leaseline-0.21.yml" >> "$D/snmp.yml"
EXPORTER=127.0.0.1:$(free_udp_port)
prometheus-snmp-exporter --config.file="$D/snmp.yml" \
	--web.listen-address="$EXPORTER" > "$D/exporter.err" 2>&1 &
EXPORTER_PID=$!

# page: what a scrape gets; succeeds when there is one.
page() {
	curl -fs -m 20 "http://$EXPORTER/snmp?target=$SNMP_TARGET&module=leaseline" > "$D/page"
}
value() { sed -n "s/^$1 //p" "$D/page"; }
main() { value "$1{leaselineLicName=\"main\"}"; }
# set_is NAME LABEL: of the set's values only that one is 1.
set_is() {
	equal "$1" "$(sed -n "s/^$1{leaselineLicName=\"main\",$1=\"\(.*\)\"} 1\$/\1/p" "$D/page")" "$2"
	grep -q "^$1{leaselineLicName=\"main\",$1=\".*\"} 0\$" "$D/page" || fail "$1 is no set"
}
same() { # same METRIC SUB-OID: Prometheus prints 1.7e+09, SNMP 1700000000
	equal "$1" "$(printf '%.0f' "$(main "$1")")" "$(snmp "$2")"
}

# Before the license is here: no instant, no days, and no error.
init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
stop_pid "$AUTHORITY_PID"
start_snmpd && write_config && start_agent || die "no agent"
snmp_missing() { [ "$(snmp 1.2.9.0)" = 1 ]; }
wait_until 20 snmp_missing || fail "SNMP does not serve"
wait_until 20 page || fail "no scrape without a license"
set_is leaselineLicState missing
set_is leaselineLicUsable false
equal "expiry of no license" "$(main leaselineLicExpiry)$(main leaselineLicActionDays)" ""
equal "licenses" "$(value leaselineLicenses)" 1
equal "no offset in SNMP" "$(snmp 1.1.6.0)" -2147483648
equal "offset of no signed time" "$(value leaselineClockOffset)" ""

start_authority && "$FCLI" set renew_license > /dev/null || fail "no license"
wait_until 20 snmp_usable || fail "SNMP does not show the license"
# The first request waited for the authority; a fresh one tells the time.
"$FCLI" set renew_license > /dev/null || fail "not renewed"
offset_is_known() { [ "$(snmp 1.1.6.0)" != -2147483648 ]; }
wait_until 20 offset_is_known || fail "SNMP does not show the clock's offset"
page || fail "no scrape"
set_is leaselineLicState valid
set_is leaselineLicSeverity ok
set_is leaselineLicReason none
set_is leaselineLicUsable true
set_is leaselineLicRefreshResult ok
set_is leaselineLicRefreshRefusal none
for pair in Expiry:15 LeaseEnd:18 TermEnd:21 ActionDeadline:25 RefreshLastSuccess:33 \
    DaysRemaining:13 LeaseDays:16 TermDays:19 ActionDays:23 BandwidthMbits:26 \
    ActionWarningDays:45 ActionCriticalDays:46; do
	same "leaselineLic${pair%:*}" "1.3.1.${pair#*:}.1"
done
equal start "$(printf '%.0f' "$(value leaselineAgentStart)")" "$(snmp 1.1.3.0)"
equal offset "$(value leaselineClockOffset)" "$(snmp 1.1.6.0)"
equal binding "$(grep -c '^leaselineLicBindingChanged{.*} 0$' "$D/page")" 6
grep -q '^leaselineLicKind_info{leaselineLicKind="production",leaselineLicName="main"} 1$' "$D/page" ||
	fail "kind"
promtool check metrics < "$D/page" 2>&1 | grep -v "snake_case.*camelCase\|Refresh.*_total" > "$D/lint"
[ ! -s "$D/lint" ] || fail "promtool: $(cat "$D/lint")"
# The rules and the page speak of the same metrics.
for name in $(grep -v '^ *#' "$PACK/leaseline-snmp.rules.yml" | grep -oE '\bleaselineLic[A-Za-z]*' | sort -u); do
	[ "$name" = leaselineLicActionDays ] || grep -q "^$name[{ ]" "$D/page" || fail "rules: no $name"
done
sets=$(grep -c '^leaseline' "$D/page")

"$B/leaseline-authority" subscription suspend --dir "$AUTHORITY_DIR" "$SUBSCRIPTION" > /dev/null 2>&1 ||
	fail "not suspended"
"$FCLI" set renew_license > /dev/null 2>&1
snmp_suspended() { [ "$(snmp 1.2.9.0)" = 7 ]; }
wait_until 20 snmp_suspended || fail "SNMP does not show the suspension"
page || fail "no scrape"
set_is leaselineLicState suspended
set_is leaselineLicSeverity critical
set_is leaselineLicReason suspended
set_is leaselineLicUsable false
say "snmpexporter: 0.21 on real snmpd: $sets series; missing, valid and suspended, instants and days as in SNMP"

# The example of prometheus.yml, but for addresses and pace.
sed -e "s/192.0.2.10 .*/$SNMP_TARGET/; s/127.0.0.1:9116.*/$EXPORTER/" \
	-e "s,leaseline-snmp.rules.yml,$PACK/&," \
	-e '/^rule_files/i global: {scrape_interval: 1s, evaluation_interval: 1s}' \
	"$PACK/prometheus.example.yml" > "$D/prometheus.yml"
PROMETHEUS=127.0.0.1:$(free_udp_port)
prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/tsdb" \
	--web.listen-address="$PROMETHEUS" > "$D/prometheus.err" 2>&1 &
PROMETHEUS_PID=$!
alerts() {
	curl -fs -m 5 "http://$PROMETHEUS/api/v1/alerts" > "$D/alerts" &&
		python3 -c 'import json,sys
want = dict(alertname="LicenseNeedsPerson", severity="critical", license="main", instance=sys.argv[2])
found = json.load(open(sys.argv[1]))["data"]["alerts"]
sys.exit(not any(a["state"] == "firing" and want.items() <= a["labels"].items() for a in found))' \
		"$D/alerts" "$SNMP_TARGET"
}
wait_until 60 alerts || fail "Prometheus does not alert: $(cat "$D/alerts")"
stop_pid "$AGENT_PID"
absent() { page && ! grep -q '^leaseline' "$D/page"; }
wait_until 20 absent || fail "snmpd serves a license that nobody keeps"
pending() {
	curl -fs -m 5 "http://$PROMETHEUS/api/v1/alerts" | grep -q '"LicenseAgentAbsent"'
}
wait_until 60 pending || fail "no alert for the agent that is gone"
say "snmpexporter: Prometheus alerts critical for main; without the agent LicenseAgentAbsent"

#!/bin/sh
# Goal: the alert rules are good, do what their own tests say, and name only
# metrics that the exporter has. Each check is first shown to fail.
cd "$(dirname "$0")/../.." || exit 1
RULES=dashboards/prometheus
NAMES="exporter/families.c exporter/textfile.c"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf 'rules: %s\n' "$*" >&2; exit 1; }

# Metrics named in a file of rules that the tables do not have; license_status
# is a word of fcli.
unknown_metrics() {
	sed 's/fcli show [a-z_]*//' "$1" |
	grep -oE '\b(license|leaseline)_[a-z_]+' | sort -u |
	while read -r name; do
		grep -q "\"$name\"" $NAMES || echo "$name"
	done
}

# An answer that is always "good" proves nothing.
cp $RULES/*.yml "$work"
sed -i 's/license_usable == 0/license_usabel == 0/' "$work/leaseline.rules.yml"
[ "$(unknown_metrics "$work/leaseline.rules.yml")" = license_usabel ] ||
	fail "a misspelled metric is not noticed"
! (cd "$work" && promtool test rules leaseline.rules.test.yml >/dev/null 2>&1) ||
	fail "the tests of the rules pass although an alert cannot fire"

(cd $RULES && promtool check rules leaseline.rules.yml &&
	promtool check config prometheus.example.yml &&
	promtool test rules leaseline.rules.test.yml) > "$work/out" 2>&1 ||
	{ cat "$work/out" >&2; fail "promtool is not content"; }

unknown=$(unknown_metrics $RULES/leaseline.rules.yml)
[ -z "$unknown" ] || fail "not in $NAMES: $unknown"

# Every alert has a test in which it fires.
for alert in $(sed -n 's/.*- alert: //p' $RULES/leaseline.rules.yml | sort -u)
do
	grep -A 1 "alertname: $alert$" $RULES/leaseline.rules.test.yml |
		grep -q exp_alerts: || fail "no test makes $alert fire"
	[ "$(grep -c "alertname: $alert$" $RULES/leaseline.rules.test.yml)" -ge 3 ] ||
		fail "$alert is not tested before, while and after"
done
echo "rules: $(grep -c -- '- alert:' $RULES/leaseline.rules.yml) rules," \
	"$(grep -c '  - name:' $RULES/leaseline.rules.test.yml) tests"

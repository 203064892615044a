#!/bin/sh
# Goal: the alert rules are good, do what their own tests say, and name only
# metrics that the programs have; each alert has its tests and its runbook; the
# routes of Alertmanager name only alerts. Each check is first shown to fail.
cd "$(dirname "$0")/../.." || exit 1
RULES=dashboards/prometheus
SNMP_RULES=dashboards/snmp_exporter/leaseline-snmp.rules.yml
RUNBOOKS=dashboards/runbooks.md
ROUTES=dashboards/alertmanager/alertmanager.example.yml
NAMES="exporter/families.c exporter/textfile.c license/authority/tally.c"
PY="python3 tests/integration/rules.py"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf 'rules: %s\n' "$*" >&2; exit 1; }

# Metrics named in files that the tables do not have; license_status is a word
# of fcli.
unknown_metrics() {
	sed 's/fcli show [a-z_]*//g' "$@" |
	grep -oE '\b(license|leaseline|authority)_[a-z_]+' | sort -u |
	while read -r name; do
		grep -q "\"$name\"" $NAMES || echo "$name"
	done
}
lint() { $PY lint "$1/leaseline.rules.yml" "$1/leaseline.rules.test.yml" "$2" \
	"${3:-$SNMP_RULES}"; }
must_say() { # must_say WORDS: lint of the changed copies does
	lint "$work" "$work/runbooks.md" 2>&1 | grep -qF "$1" ||
		fail "not noticed: $1"
}

# An answer that is always "good" proves nothing.
cp $RULES/*.yml $RUNBOOKS "$work"
sed -i 's/license_usable == 0/license_usabel == 0/' "$work/leaseline.rules.yml"
[ "$(unknown_metrics "$work/leaseline.rules.yml")" = license_usabel ] ||
	fail "a misspelled metric is not noticed"
sed -i 's/- alert: AuthorityAbsent/- alert: AuthorityGone/' "$work/leaseline.rules.yml"
sed -i 's/^## LicenseUnusable/## LicenseUseless/' "$work/runbooks.md"
must_say "AuthorityGone (critical): no test in which it is silent"
must_say "AuthorityGone: not in the test"
must_say "LicenseUnusable: its runbook lacks 'Mend'"
must_say "a runbook for LicenseUseless"
sed -i 's/^## LicenseNeedsPerson/## LicenseNeedsNobody/' "$work/runbooks.md"
must_say "LicenseNeedsPerson: its runbook lacks 'Mend'"
sed 's/LicenseUnusable/LicenseUseless/' $ROUTES > "$work/routes.yml"
! $PY known "$work/routes.yml" $RULES/leaseline.rules.yml 2>/dev/null ||
	fail "a route for no alert is not noticed"

(cd $RULES && promtool check rules leaseline.rules.yml &&
	promtool check config prometheus.example.yml &&
	promtool test rules leaseline.rules.test.yml) > "$work/out" 2>&1 ||
	{ cat "$work/out" >&2; fail "promtool is not content"; }
amtool check-config $ROUTES > "$work/out" 2>&1 ||
	{ cat "$work/out" >&2; fail "amtool is not content"; }

unknown=$(unknown_metrics $RULES/leaseline.rules.yml $RUNBOOKS)
[ -z "$unknown" ] || fail "not in $NAMES: $unknown"
lint $RULES $RUNBOOKS || fail "an alert is not complete"
$PY known $ROUTES $RULES/leaseline.rules.yml || fail "$ROUTES"
$PY plant $RULES/leaseline.rules.yml $RULES/leaseline.rules.test.yml "$work" ||
	fail "the tests of the rules notice too little"
echo "rules: $(grep -c -- '- alert:' $RULES/leaseline.rules.yml) rules," \
	"$(grep -c '  - name:' $RULES/leaseline.rules.test.yml) tests," \
	"$(grep -c '^## ' $RUNBOOKS) runbooks"

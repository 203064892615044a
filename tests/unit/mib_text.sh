#!/bin/sh
# Goal: test_mib_text, given as argument, can fail: it does on every copy of
# the module that says something else than the agent's tables.
cd "$(dirname "$0")/../.." || exit 1
mib=mibs/LEASELINE-MIB.txt
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail() { printf 'mib_text: %s\n' "$*" >&2; exit 1; }

count=0
broken() { # broken WORD SED-SCRIPT
	sed "$2" $mib > "$work/copy"
	! cmp -s $mib "$work/copy" || fail "the copy with $1 is not different"
	! "$program" "$work/copy" > "$work/said" 2>&1 || fail "$1 is not seen"
	grep -q '^\[       OK \]' "$work/said" || fail "$1: nothing was compared"
	count=$((count + 1))
}

program=$1
"$program" $mib > /dev/null 2>&1 || fail "the module itself is not accepted"
age='/^leaselineLicDataAge OBJECT/,/::=/'
broken "a missing object" "${age}d"
broken "an object that no table has" "${age}{H;/::=/{
	x;s/LicDataAge/LicDataYears/;s/Entry 43/Entry 47/;x;G;};}"
broken "a wrong number" "$age s/Entry 43/Entry 47/"
broken "a wrong parent" "$age s/leaselineLicenseEntry/leaselineSummary/"
broken "a wrong type" "$age s/Gauge32/Unsigned32/"
broken "a wrong access" "$age s/read-only/read-write/"
broken "an instant that a scalar cannot always have" \
	'/^leaselineExpiry OBJECT/,/::=/s/LeaselineDateOrNone/DateAndTime/'
broken "a counter that is a gauge" \
	'/^leaselineLicRefreshAttempts OBJECT/,/::=/s/Counter32/Gauge32/'
broken "a wrong label" 's/hardwareMismatch(6)/hardwareMissing(6)/'
broken "a wrong number of a label" 's/hardwareMismatch(6)/hardwareMismatch(16)/'
broken "a missing label" '/^                    stale(15)/d
	s/^                    auth(14),/                    auth(14)/'
broken "a wrong bit" 's/memory(2)/memory(6)/'
broken "varbinds in another order" '/^leaselineTest NOT/,/::=/{
	s/leaselineLicName,/x,/;s/leaselineLicId,/leaselineLicName,/
	s/x,/leaselineLicId,/}'
broken "a varbind less" '/^leaselineUnusable NOT/,/::=/{/LicAdvice/d}'
broken "a notification less" '/^leaselineTest NOT/,/::=/d'
broken "a notification too many" '/^leaselineTest NOT/,/::=/{
	H;/::=/{x;s/leaselineTest/leaselineOther/;s/ 15 }/ 16 }/;x;G;};}'
broken "a notification at another number" \
	's/leaselineNotifications 15 }/leaselineNotifications 16 }/'
broken "an object only for notifications that is readable" \
	's/accessible-for-notify/read-only/'
broken "another root" 's/netSnmpPlaypen 14/netSnmpPlaypen 15/'
echo "mib_text: $count broken copies of the module are found"

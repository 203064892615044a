#!/bin/sh
# SPDX-License-Identifier: ISC
# What tells others the OIDs (MIBs, dashboards, snmpd's drop-in), copied to the
# directory TO for a build with another MIB_ROOT. With the default root the
# copies are the same bytes. A form of the old root that is not known here
# fails the build instead of staying behind. Usage: packs.sh MIB_ROOT TO
default=1.3.6.1.4.1.8072.9999.9999.14
new=$1 to=$2
from=${FROM:-$(dirname "$0")/..}
fail() { printf 'MIB_ROOT=%s: %s\n' "$new" "$*" >&2; exit 1; }

printf '%s\n' "$new" | grep -qxE '1\.3\.6\.1\.4\.1(\.(0|[1-9][0-9]{0,9})){1,24}' ||
	fail "expected an enterprise's OID, as in 1.3.6.1.4.1.99999.1"
[ -z "$(printf '%s\n' "$new" | tr . '\n' | awk '$1 > 2147483647')" ] ||
	fail "net-snmp reads no module with a number above 2147483647"

rm -rf "$to" && mkdir -p "$to/agent" || fail "$to cannot be made"
cp -R "$from/mibs" "$from/dashboards" "$to" &&
	cp "$from/agent/snmpd-leaseline.conf" "$to/agent" || fail "no copy"
[ "$new" != "$default" ] || exit 0

# Dots may be escaped ("1\.3", "1\\.3"); what stands for the first does for all.
dot='(\\*\.)'
next='\1'
old=1${dot}3
for number in 6 1 4 1 8072 9999 9999 14; do old=$old$next$number; done
written=$(printf %s "$new" | sed 's/\./\\1/g')
find "$to" -type f -exec sed -i -E "s/$old([^0-9]|\$)/$written\\2/g" {} + ||
	fail "sed failed"

# The module names every node between enterprises and its own.
numbers=${new#1.3.6.1.4.1.} parent=enterprises nodes= count=0
while [ "$numbers" != "${numbers#*.}" ]; do
	count=$((count + 1)) node=leaselineRoot$count
	nodes="$nodes\\n$node OBJECT IDENTIFIER ::= { $parent ${numbers%%.*} }"
	parent=$node numbers=${numbers#*.}
done
sed -i "s/^\(    ::= { \)netSnmpPlaypen 14 }/\1$parent $numbers }${nodes:+\\n$nodes}/
	s/Integer32, Unsigned32, Gauge32, Counter32\$/&, enterprises/
	/^    netSnmpPlaypen\$/,/FROM NET-SNMP-MIB/d" \
	"$to/mibs/LEASELINE-MIB.txt" || fail "sed failed"

left=$(grep -rnE '8072[^0-9]{1,8}9999[^0-9]{1,8}9999[^0-9]{1,8}14([^0-9]|$)|[Pp]laypen' "$to")
[ -z "$left" ] || fail "packs.sh does not know how to change:
$left"

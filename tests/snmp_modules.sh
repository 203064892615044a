#!/bin/sh
# Goal: make the modules of dashboards/snmp_exporter from the MIB, into the
# directory TO: Debian's generator writes the form of 0.21. The form since 0.23
# is the same module below `modules`, with whom it speaks for in `auths`; no
# generator of that age is in Debian.
# Usage: snmp_modules.sh TO [MIB-DIRECTORY]; 77: no base modules here.
root=$(cd "$(dirname "$0")/.." && pwd)
to=$(cd "$1" && pwd) || exit 1
mibs=${2:-$root/mibs}
modules=$("$root/tests/integration/smilint.sh" --modules) || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp "$root/dashboards/snmp_exporter/generator.yml" "$work"
(cd "$work" && MIBDIRS=$modules:$mibs MIBS=LEASELINE-MIB \
	prometheus-snmp-generator generate) > "$work/said" 2>&1 ||
	{ cat "$work/said" >&2; exit 1; }
# A name that the MIB does not have is only said.
! grep -E 'level=(warn|error)' "$work/said" >&2 || exit 1

# head FILE: what one may not edit, and what one may.
head() {
	cat <<-END
	# SPDX-License-Identifier: ISC
	# Made from generator.yml and LEASELINE-MIB by tests/snmp_modules.sh; for
	# snmp_exporter $1.
	# $2
	END
}
{
	head "0.21, as in Debian 12" "Its community is public; for another, or SNMPv3, add version and auth."
	grep -v '^#' "$work/snmp.yml"
} > "$to/leaseline-0.21.yml" &&
{
	head "since 0.23" "Of auths, take what your snmpd wants: auth=leaseline_v2 of a scrape."
	cat <<-END
	auths:
	  leaseline_v2:
	    community: public
	    version: 2
	modules:
	END
	grep -v '^#' "$work/snmp.yml" | sed 's/^/  /'
} > "$to/leaseline.yml"

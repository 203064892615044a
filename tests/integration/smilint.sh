#!/bin/sh
# Goal: smilint and net-snmp's own parser have nothing to say about the modules
# of mibs/, and no line is too wide. The exit code of smilint is 0 whatever it
# finds, so the gate is that nothing is printed, and it is first shown to close
# on broken copies. Debian has the IETF's base modules only inside erlang-snmp;
# they are unpacked below build/ and go nowhere else.
# With --modules: only that, and the directory's name is printed. With a
# directory: its modules instead, those of a build with another root.
root=$(cd "$(dirname "$0")/../.." && pwd)
mibs=$root/mibs
modules=${MODULES:-$root/build/base-mibs}

skip() { printf 'smilint: skipped: %s\n' "$*" >&2; exit 77; }
fail() { printf 'smilint: %s\n' "$*" >&2; exit 1; }

fetch() { # fetch PACKAGE: unpacked into $new/PACKAGE
	(cd "$new" && apt-get download "$1" >/dev/null 2>&1) ||
		skip "Debian's package $1 cannot be fetched"
	dpkg -x "$new/$1"_*.deb "$new/$1" || skip "$1 cannot be unpacked"
}

unpack() {
	# Tests run beside each other, and each may be the first.
	mkdir -p "$(dirname "$modules")" && exec 9> "$modules.lock" && flock 9 ||
		fail "$modules.lock cannot be taken"
	[ ! -f "$modules/SNMPv2-SMI" ] || return 0
	new=$modules.new
	rm -rf "$new" && mkdir -p "$new/bare" || fail "$new cannot be made"
	fetch erlang-snmp
	net=/usr/share/snmp/mibs/NET-SNMP-MIB.txt
	if [ ! -f "$net" ]; then
		fetch libsnmp-base
		net=$new/libsnmp-base$net
	fi
	for file in "$new"/erlang-snmp/usr/lib/erlang/lib/snmp-*/mibs/*.mib; do
		cp "$file" "$new/bare/$(basename "$file" .mib)"
	done
	cp "$net" "$new/bare/NET-SNMP-MIB"
	rm -rf "$modules" && mv "$new/bare" "$modules" && rm -rf "$new"
	[ -f "$modules/SNMPv2-SMI" ] || fail "erlang-snmp has no base modules"
}

# lint DIRECTORY: what anybody has to say about the modules in it.
lint() {
	for module in LEASELINE-MIB LEASELINE-CAPABILITY-MIB; do
		SMIPATH=$modules:$1 smilint -m -s -l 6 -i namelength-32 \
			"$1/$module.txt" 2>&1
		awk -v name="$module" 'length($0) > 72 || /\t/ || / $/ {
			print name ".txt:" FNR ": too wide, or ends in a blank"
		}' "$1/$module.txt"
	done
	MIBS= SNMPCONFPATH=/nonexistent snmptranslate -M "$modules:$1" \
		-m LEASELINE-CAPABILITY-MIB -On \
		LEASELINE-CAPABILITY-MIB::leaselineAgentCapabilities 2>&1 |
		grep -v '^\.1\.3\.6\.1\.4\.1\.[0-9.]*\.2\.3\.1$'
}

# broken MODULE WORD SED-SCRIPT: a copy changed so must make the gate close.
count=0
broken() {
	rm -rf "$work/mibs"; cp -R "$mibs" "$work/mibs"
	sed -i "$3" "$work/mibs/$1.txt"
	! cmp -s "$mibs/$1.txt" "$work/mibs/$1.txt" ||
		fail "the copy with $2 is not different"
	[ -n "$(lint "$work/mibs")" ] ||
		fail "the gate does not close on $2"
	count=$((count + 1))
}

unpack
if [ "$1" = --modules ]; then
	printf '%s\n' "$modules"
	exit 0
fi
command -v smilint >/dev/null || skip "smilint is missing (package smitools)"
command -v snmptranslate >/dev/null || skip "snmptranslate is missing (snmp)"
if [ -n "$1" ]; then
	lint "$1"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
broken LEASELINE-MIB "a type that nobody defines" \
	's/SYNTAX      LeaselineStateCode/SYNTAX      LeaselineStatus/'
broken LEASELINE-MIB "a number used twice" \
	's/::= { leaselineAgent 3 }/::= { leaselineAgent 2 }/'
broken LEASELINE-MIB "an object in no group" \
	'/^                    leaselineStorageUp$/d
	s/^                    leaselineClockOffset,$/                    leaselineClockOffset/'
broken LEASELINE-MIB "a notification in no group" \
	'/^leaselineNotificationGroup/,/::=/{/leaselineAgentStarted,$/d}'
broken LEASELINE-MIB "a group that no compliance names" \
	'/^leaselineCompliance MODULE/,/::=/{/leaselineNoticeGroup,$/d}'
broken LEASELINE-MIB "a notification with an object that is not there" \
	'/^leaselineTest NOT/,/::=/s/leaselineLicName,/leaselineLicTitle,/'
broken LEASELINE-MIB "a column of another type in the row" \
	's/^    leaselineLicDataAge     .*Gauge32,/    leaselineLicDataAge Counter32,/'
broken LEASELINE-MIB "an enumeration with a number used twice" \
	's/^                    expired(4),/                    expired(3),/'
broken LEASELINE-MIB "a hint that does not fit" 's/HINT "2d-1d/HINT "2d-1z/'
broken LEASELINE-MIB "a wrong revision" 's/LAST-UPDATED "2026/LAST-UPDATED "2027/'
broken LEASELINE-MIB "a line too wide" 's/"The state of the license\./& It is one of those that the convention names/'
broken LEASELINE-CAPABILITY-MIB "a group that is not there" \
	's/leaselineNoticeGroup,/leaselineNoticesGroup,/'
broken LEASELINE-CAPABILITY-MIB "capabilities without a module" \
	's/SUPPORTS    LEASELINE-MIB/SUPPORTS    LEASELINES-MIB/'
broken LEASELINE-CAPABILITY-MIB "capabilities at another number" \
	's/{ leaselineCapabilityMIB 1 }/{ leaselineCapabilityMIB 2 }/'
said=$(lint "$mibs")
[ -z "$said" ] || fail "$said"
echo "smilint: silent on 2 modules, and it closes on $count broken copies"

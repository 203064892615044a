#!/bin/sh
# Goal: smilint has nothing to say about mibs/LEASELINE-MIB.txt. Its exit code
# is 0 whatever it finds, so the gate is that nothing is printed, and it is
# first shown to close on broken copies. Debian has the IETF's base modules
# only inside erlang-snmp; they are unpacked below build/ and go nowhere else.
# With --modules: only that, and the directory's name is printed.
root=$(cd "$(dirname "$0")/../.." && pwd)
mib=$root/mibs/LEASELINE-MIB.txt
modules=${MODULES:-$root/build/base-mibs}

skip() { printf 'smilint: skipped: %s\n' "$*" >&2; exit 77; }
fail() { printf 'smilint: %s\n' "$*" >&2; exit 1; }

fetch() { # fetch PACKAGE: unpacked into $new/PACKAGE
	(cd "$new" && apt-get download "$1" >/dev/null 2>&1) ||
		skip "Debian's package $1 cannot be fetched"
	dpkg -x "$new/$1"_*.deb "$new/$1" || skip "$1 cannot be unpacked"
}

unpack() {
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

lint() {
	SMIPATH=$modules smilint -m -s -l 6 -i namelength-32 "$1" 2>&1
}

# broken WORD SED-SCRIPT: a copy changed so must make smilint speak.
broken() {
	sed "$2" "$mib" > "$work/LEASELINE-MIB.txt"
	! cmp -s "$mib" "$work/LEASELINE-MIB.txt" ||
		fail "the copy with $1 is not different"
	[ -n "$(lint "$work/LEASELINE-MIB.txt")" ] ||
		fail "the gate does not close on $1"
}

command -v smilint >/dev/null || skip "smilint is missing (package smitools)"
unpack
if [ "$1" = --modules ]; then
	printf '%s\n' "$modules"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
broken "a type that nobody defines" \
	's/SYNTAX      LeaselineStateCode/SYNTAX      LeaselineStatus/'
broken "a number used twice" 's/::= { leaselineAgent 3 }/::= { leaselineAgent 2 }/'
broken "an object in no group" '/^                    leaselineStorageUp$/d
	s/^                    leaselineClockOffset,$/                    leaselineClockOffset/'
broken "a wrong revision" 's/LAST-UPDATED "2026/LAST-UPDATED "2027/'
said=$(lint "$mib")
[ -z "$said" ] || fail "$said"
echo "smilint: silent, and it closes on four broken copies"

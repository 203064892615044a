#!/bin/sh
# Goal: make MIB_ROOT=OID gives an agent, modules, dashboards and a drop-in for
# that root and none that knows the old one: built over the objects of this
# build, installed, and walked by name through a real snmpd.
here=$(cd "$(dirname "$0")" && pwd)
oid=1.3.6.1.4.1.99999.1 old=1.3.6.1.4.1.8072.9999.9999.14
R=$(mktemp -d "${TMPDIR:-/tmp}/mibroot.XXXXXX") || exit 1
D=$R
finish() { stop_all; rm -rf "$R"; }
stop_all() { :; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'mibroot: %s\n' "$*" >&2; exit 1; }

modules=$("$here/smilint.sh" --modules) || exit 77
made=$(cd "$B" && pwd) compiler=$(basename "$B")
mkdir -p "$R/build/$compiler"
(cd "$made" && cp -a agent license exporter packs mib-root libleaseline.a \
	leaselined fcli leaseline-authority "$R/build/$compiler") || exit 1
B=$R/build/$compiler
. "$here/lib.sh"

make_here() { # make_here ARGUMENT...: without the flags of the make above
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory \
		-C "$ROOT" CC="$compiler" O="$R/build" "$@" > "$R/make" 2>&1
}
mentions() { # files that know the old root, in any form
	grep -rlE '8072[^0-9]{1,8}9999[^0-9]{1,8}9999[^0-9]{1,8}14([^0-9]|$)|[Pp]laypen' "$@"
}

diff -r "$ROOT/mibs" "$B/packs/mibs" > "$R/diff" &&
	diff -r "$ROOT/dashboards" "$B/packs/dashboards" >> "$R/diff" ||
	fail "the default root changes a pack: $(cat "$R/diff")"
mentions "$B/packs" > /dev/null || fail "the search for the old root is blind"
make_here MIB_ROOT=$oid all install DESTDIR="$R/root" ||
	fail "the build for $oid: $(cat "$R/make")"
[ "$(grep -c '^  CC  ' "$R/make")" = 2 ] && has_line "$R/make" agent/mib.c &&
	has_line "$R/make" license/fcli/manager.c ||
	fail "another root makes again more, or less: $(cat "$R/make")"
BASE_OID=.$(cat "$B/mib-root")
said=$(mentions "$R/root" "$B/packs")
[ -z "$said" ] || fail "these know the old root: $said"
said=$("$here/smilint.sh" "$R/root/usr/share/snmp/mibs")
[ -z "$said" ] || fail "smilint: $said"
has_line "$R/root/usr/share/leaseline/snmpd-leaseline.conf" \
	"view systemonly included .$oid" || fail "the drop-in's view"
say "mibroot: $oid: 2 objects, $(find "$B/packs" -type f | wc -l) packed files," \
	"$(find "$R/root" -type f | wc -l) installed; none knows the old root"

# A form of the root that packs.sh does not know must stop it.
for form in '8072,9999,9999,14' 'NET-SNMP-MIB::netSnmpPlaypen.14.1'; do
	rm -rf "$R/tree"; mkdir -p "$R/tree/agent"
	cp -R "$ROOT/mibs" "$ROOT/dashboards" "$R/tree"
	cp "$ROOT/agent/snmpd-leaseline.conf" "$R/tree/agent"
	echo "$form" > "$R/tree/dashboards/strange"
	! FROM=$R/tree "$ROOT/agent/packs.sh" $oid "$R/strange" 2> "$R/said" ||
		fail "packs.sh leaves $form"
	has_line "$R/said" "$form" || fail "packs.sh does not name $form"
done
# Forms that it does know, and numbers that only look like the root.
cat > "$R/tree/dashboards/strange" <<END
.$old.1.2.9.0 1\\.3\\.6\\.1\\.4\\.1\\.8072\\.9999\\.9999\\.14\\.0
1\\\\.3\\\\.6\\\\.1\\\\.4\\\\.1\\\\.8072\\\\.9999\\\\.9999\\\\.14 ${old}0 $old
END
cat > "$R/expected" <<END
.$oid.1.2.9.0 1\\.3\\.6\\.1\\.4\\.1\\.99999\\.1\\.0
1\\\\.3\\\\.6\\\\.1\\\\.4\\\\.1\\\\.99999\\\\.1 ${old}0 $oid
END
FROM=$R/tree "$ROOT/agent/packs.sh" $oid "$R/strange" ||
	fail "packs.sh stops on forms that it knows"
diff "$R/expected" "$R/strange/dashboards/strange" || fail "packs.sh"
for wrong in 1.3.6.1.2.1.1 1.3.6.1.4.1 1.3.6.1.4.1.5.x 1.3.6.1.4.1.2147483648
do
	! "$ROOT/agent/packs.sh" $wrong "$R/strange" 2> /dev/null ||
		fail "MIB_ROOT=$wrong is accepted"
done

make_directory "$R/run"
start_all
wait_until 10 snmp_usable || fail "the agent does not answer below $oid"
named="-M $modules:$R/root/usr/share/snmp/mibs -m LEASELINE-CAPABILITY-MIB"
v2c="-v2c -c $SNMP_COMMUNITY -t 3"
v3="-v3 -u operator -l authPriv -a SHA-256 -A authpass12 -x AES -X privpass12 -t 3"
snmpwalk $v2c -On "$SNMP_TARGET" "$BASE_OID" > "$R/numbers" ||
	fail "no walk by numbers"
for way in "$v2c" "$v3"; do
	snmpwalk $way $named "$SNMP_TARGET" LEASELINE-MIB::leaselineMIB \
		> "$R/names" 2> "$R/err" || fail "no walk by name"
	[ ! -s "$R/err" ] || fail "the walk by name: $(cat "$R/err")"
	! grep -v '^LEASELINE-MIB::leaseline[A-Z][A-Za-z]*\.[0-9]* = ' \
		"$R/names" || fail "these have no name"
	[ "$(wc -l < "$R/names")" = "$(wc -l < "$R/numbers")" ] ||
		fail "the walks by number and by name differ"
	has_line "$R/names" "leaselineState.0 = INTEGER: valid(2)" &&
	    has_line "$R/names" "leaselineLicState.1 = INTEGER: valid(2)" ||
		fail "the walk by name: $(cat "$R/names")"
done
[ "$(snmptranslate $named -On LEASELINE-MIB::leaselineLicAdvice.1)" = \
	".$oid.1.3.1.44.1" ] || fail "snmptranslate says another OID"
snmpwalk $v2c $named "$SNMP_TARGET" .1.3.6.1.2.1.1.9.1.2 > "$R/sysor" ||
	fail "no sysORTable"
has_line "$R/sysor" LEASELINE-CAPABILITY-MIB::leaselineAgentCapabilities ||
	fail "sysORTable: $(cat "$R/sysor")"
case $(snmpget $v2c "$SNMP_TARGET" $old.1.2.9.0) in *"No Such Object"*) ;;
*) fail "the old root is served";; esac
say "mibroot: $(wc -l < "$R/names") values by name through v2c and v3 below $oid"

# And back: the same copies as of the sources.
make_here "$B/packs/done" || fail "the default root again: $(cat "$R/make")"
diff -r "$ROOT/mibs" "$B/packs/mibs" > "$R/diff" ||
	fail "make does not see that the root is the default again"

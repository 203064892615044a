#!/bin/sh
# Goal: make install puts every file at its place and what it puts there works:
# programs, unit, manuals, user and directories; what was there before is left
# alone; make uninstall leaves nothing of ours outside /etc and /var.
. "$(dirname "$0")/lib.sh"
cd "$ROOT" || exit 1
D=$(mktemp -d "${TMPDIR:-/tmp}/install.XXXXXX")
R=$D/root
trap 'rm -rf "$D"' EXIT
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
run() { # install or uninstall, into the directory $1
	B=$B PREFIX=${PREFIX:-/usr} DESTDIR=$1 agent/install.sh "$2" \
		> "$D/out" 2>&1 || { cat "$D/out" >&2; fail "$2 failed"; }
}
listing() { (cd "$1" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort); }

run "$R" install
listing "$R" > "$D/is"
cat > "$D/should" <<'END'
etc/leaseline/leaseline.conf
usr/bin/fcli
usr/bin/leaseline
usr/lib/systemd/system/leaseline-authority.service
usr/lib/systemd/system/leaselined.service
usr/lib/systemd/system/leaselined.socket
usr/lib/sysusers.d/leaseline-authority.conf
usr/lib/sysusers.d/leaseline.conf
usr/lib/tmpfiles.d/leaseline.conf
usr/sbin/leaseline-authority
usr/sbin/leaselined
usr/share/doc/leaseline/example/README
usr/share/doc/leaseline/example/leaseline-follow
usr/share/doc/leaseline/example/leaseline-follow@.path
usr/share/doc/leaseline/example/leaseline-follow@.service
usr/share/doc/leaseline/example/leaseline-follow@.timer
usr/share/doc/leaseline/example/product.conf
usr/share/leaseline/alertmanager/alertmanager.example.yml
usr/share/leaseline/grafana/authority.json
usr/share/leaseline/grafana/fleet.json
usr/share/leaseline/grafana/leaseline.yaml
usr/share/leaseline/grafana/license.json
usr/share/leaseline/librenms/leaseline.yaml
usr/share/leaseline/librenms/snmpd-leaseline-extend.conf
usr/share/leaseline/nagios/leaseline.cfg
usr/share/leaseline/nagios/leaseline.icinga2.conf
usr/share/leaseline/prometheus/leaseline.rules.yml
usr/share/leaseline/prometheus/prometheus.example.yml
usr/share/leaseline/runbooks.md
usr/share/leaseline/snmp_exporter/generator.yml
usr/share/leaseline/snmp_exporter/leaseline-0.21.yml
usr/share/leaseline/snmp_exporter/leaseline-snmp.rules.yml
usr/share/leaseline/snmp_exporter/leaseline.yml
usr/share/leaseline/snmp_exporter/prometheus.example.yml
usr/share/leaseline/snmpd-leaseline.conf
usr/share/leaseline/status.schema.json
usr/share/leaseline/zabbix/leaseline_by_http.yaml
usr/share/leaseline/zabbix/leaseline_by_snmp.yaml
usr/share/leaseline/zabbix/zabbix_traps.sh
usr/share/man/man1/fcli.1
usr/share/man/man1/leaseline.1
usr/share/man/man5/leaseline.conf.5
usr/share/man/man8/leaseline-authority.8
usr/share/man/man8/leaselined.8
usr/share/snmp/mibs/LEASELINE-CAPABILITY-MIB.txt
usr/share/snmp/mibs/LEASELINE-MIB.txt
END
diff "$D/should" "$D/is" || fail "the list of files differs"
[ "$(stat -c %a "$R/etc/leaseline/leaseline.conf")" = 640 ] ||
	fail "the configuration may have a coupon, and others may read it"
[ -z "$(find "$R/usr" -perm /6022 ! -type l)" ] ||
	fail "mode of $(find "$R/usr" -perm /6022 ! -type l)"

# The programs, as installed.
"$R/usr/sbin/leaselined" -n -c "$R/etc/leaseline/leaseline.conf" \
	> "$D/config" 2> "$D/said" && fail "a missing root file is not noticed"
grep -q "authority-root: /etc/leaseline/root.pub" "$D/said" ||
	fail "the missing root file is not named: $(cat "$D/said")"
sed "s,^authority-root.*,authority-root = $ROOT/tests/vectors/root," \
	"$R/etc/leaseline/leaseline.conf" > "$D/example"
"$R/usr/sbin/leaselined" -n -c "$D/example" \
	> "$D/config" || fail "the example configuration is not accepted"
"$R/usr/sbin/leaselined" -n -c "$D/config" | diff - "$D/config" ||
	fail "what -n prints is not a configuration that means the same"
for program in bin/fcli bin/leaseline sbin/leaselined sbin/leaseline-authority
do
	"$R/usr/$program" --help > /dev/null || fail "$program does not start"
done

# The units. Programs are looked for, so their path is that of this test.
exposure() {
	systemd-analyze security --offline=true --threshold=15 "$1" \
		> "$D/out" 2>&1
}
mkdir "$D/units" "$D/weak"
for unit in "$R"/usr/lib/systemd/system/*.service; do
	copy=$D/units/${unit##*/} weak=$D/weak/${unit##*/}
	sed "s,=/usr/sbin/,=$R/usr/sbin/," "$unit" > "$copy"
	systemd-analyze verify --man=no "$copy" > "$D/out" 2>&1 &&
		[ ! -s "$D/out" ] || { cat "$D/out" >&2; fail "verify $unit"; }
	exposure "$unit" || { tail -n 2 "$D/out" >&2; fail "exposed: $unit"; }
	sed '/^CapabilityBoundingSet=/d' "$unit" > "$weak"
	! exposure "$weak" || fail "the measure of exposure is blind"
done

for page in "$R"/usr/share/man/man*/*; do
	mandoc -Tlint -Wwarning "$page" || fail "$page"
done

# User, group, directories: made where they are not, else left as they are.
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$R/etc/fastnetmon" "$R/var/log"
	chmod 700 "$R/etc/fastnetmon"
	systemd-sysusers --root="$R" > /dev/null 2>&1 &&
	systemd-tmpfiles --root="$R" --create \
		"$R/usr/lib/tmpfiles.d/leaseline.conf" ||
		fail "sysusers or tmpfiles"
	ids=$(sed -n 's/^leaseline:x:\([0-9]*\):\([0-9]*\):.*/\1 \2/p' \
		"$R/etc/passwd")
	[ -n "$ids" ] || fail "there is no user leaseline"
	[ "$(stat -c %u:%g:%a "$R/etc/fastnetmon")" = 0:0:700 ] ||
		fail "a directory of somebody else was changed"
	[ "$(stat -c %u:%g:%a "$R/var/log/fastnetmon")" = \
		"0:${ids#* }:775" ] || fail "the log's directory"
	[ "$(stat -c %u:%g:%a "$R/var/log/leaseline.log")" = \
		"${ids% *}:${ids#* }:640" ] || fail "the log"
else
	say "install: not root: user and directories not tried"
fi

# What README and the runbooks call dashboards/X is share/leaseline/X.
for f in $(grep -oh 'dashboards/[a-z_]*/[a-zA-Z0-9_.-]*\.[a-z]*' README.md \
	dashboards/runbooks.md | grep -v '\.png$\|\.py$\|generate' | sort -u); do
	[ -e "$R/usr/share/leaseline/${f#dashboards/}" ] || fail "$f is not installed"
done
grep -q 'runbook_url: /usr/share/leaseline/runbooks.md#' \
	"$R/usr/share/leaseline/prometheus/leaseline.rules.yml" ||
	fail "the rules do not lead to the runbooks"

# Again: what an administrator wrote stays.
echo "# mine" > "$R/etc/leaseline/leaseline.conf"
run "$R" install
grep -q "# mine" "$R/etc/leaseline/leaseline.conf" ||
	fail "a second install replaces the configuration"
run "$R" uninstall
left=$(cd "$R" && find . ! -type d ! -path './etc/*' ! -path './var/*')
[ -z "$left" ] || fail "uninstall leaves $left"
[ ! -e "$R/usr/share/leaseline" ] || fail "uninstall leaves a directory"
[ -e "$R/etc/leaseline/leaseline.conf" ] ||
	fail "uninstall takes the configuration"

# A vendor's fcli, also in front of ours in the PATH, is the vendor's.
for prefix in /usr /usr/local; do
	V=$D/vendor$prefix
	mkdir -p "$V/usr/bin" && echo vendor > "$V/usr/bin/fcli"
	PREFIX=$prefix run "$V" install
	[ -x "$V$prefix/bin/leaseline" ] || fail "$prefix: no leaseline"
	[ "$(grep -ho '=/usr/.*sbin/' "$V$prefix"/lib/systemd/system/*.service |
		sort -u)" = "=$prefix/sbin/" ] ||
		fail "$prefix: a unit starts another program"
	[ "$(grep -rho '/usr/[a-z/]*/bin/leaseline\|/usr/bin/leaseline' \
		"$V$prefix/share/leaseline" | sort -u)" = "$prefix/bin/leaseline" ] ||
		fail "$prefix: a pack runs another program"
	[ "$(find "$V" -name fcli)" = "$V/usr/bin/fcli" ] ||
		fail "$prefix: fcli beside a vendor's"
	PREFIX=$prefix run "$V" uninstall
	[ "$(cat "$V/usr/bin/fcli")" = vendor ] ||
		fail "$prefix: the vendor's fcli is gone"
done
say "install: $(grep -c . "$D/should") files"

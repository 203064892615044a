#!/bin/sh
# Goal: the Debian packages, in a fresh minimal Debian 12 that runs its own
# systemd: apt finds what they need, nothing starts unconfigured, the agent and
# an authority work as the README says, an upgrade keeps everything and
# restarts what ran, remove keeps state, purge takes it; a vendor's fcli is its
# own at any time; lintian is silent; the same sources make the same bytes.
# `make packages` builds them first. KEEP=1 keeps the system.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || { echo "not root: no Debian can be installed"; exit 77; }
CGROUP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/leaseline-deb.$$
mkdir "$CGROUP" 2> /dev/null || { echo "no cgroup2 to start a systemd in"; exit 77; }
D=$(mktemp -d "${TMPDIR:-/tmp}/deb.XXXXXX")
R=$D/root OUTER_PID=
remove_cgroup() {
	find "$CGROUP" -depth -type d -exec rmdir {} \; 2> /dev/null
	[ ! -d "$CGROUP" ]
}
finish() {
	[ -z "$OUTER_PID" ] || kill -KILL "$OUTER_PID" 2> /dev/null
	wait_until 10 remove_cgroup || printf 'deb: %s stays\n' "$CGROUP" >&2
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'deb: %s\n' "$*" >&2
	tail -n 40 "$D/out" >&2
	[ -z "$OUTER_PID" ] || inside journalctl --no-pager -n 60 -u "leasel*" >&2
	exit 1
}
quietly() { "$@" > "$D/out" 2>&1 || fail "failed: $*"; }
has() { [ -e "$R$1" ] || [ -L "$R$1" ]; }

# The packages themselves.
agent=$(echo "$O"/deb/leaseline_*_*.deb)
authority=$(echo "$O"/deb/leaseline-authority_*_*.deb)
version=$(dpkg-deb -f "$agent" Version) || fail "no package in $O/deb: make deb"
quietly lintian --allow-root --tag-display-limit 0 -I --pedantic "$O"/deb/*.changes
[ ! -s "$D/out" ] || fail "lintian"
quietly env DEB_BUILD_OPTIONS=nocheck O="$D/again" VERSION="$version" \
	MIB_ROOT="${BASE_OID#.}" "$ROOT/agent/debian/build.sh"
for f in "$O"/deb/*.deb; do
	cmp "$f" "$D/again/deb/${f##*/}" || fail "another build has other bytes"
done
say "deb: leaseline $(wc -c < "$agent") bytes, leaseline-authority" \
	"$(wc -c < "$authority"); the same from two builds; lintian is silent"

# A fresh system; what debootstrap made is kept for the next time.
base=$O/debian12.tar
[ -s "$base" ] || {
	quietly debootstrap --variant=minbase bookworm "$D/base"
	tar cf "$base.new" -C "$D/base" . && mv "$base.new" "$base" &&
		rm -rf "$D/base"
}
mkdir "$R" && tar xf "$base" -C "$R" && cp /etc/resolv.conf "$R/etc" || exit 1
cp "$agent" "$authority" "$R/root"
cat > "$D/before" <<'END' # with the network of this machine, without systemd
R=$1; shift
mount -t proc proc "$R/proc"
exec chroot "$R" env -i DEBIAN_FRONTEND=noninteractive \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
END
before() { quietly unshare --fork --pid --mount sh "$D/before" "$R" "$@"; }
before apt-get update -q
before apt-get install -y -q --no-install-recommends "/root/${agent##*/}"
say "deb: apt installs it in a minimal Debian 12 with" \
	"$(grep -c '^Setting up' "$D/out") packages in all"
[ "$(readlink "$R/usr/bin/fcli")" = leaseline ] || fail "no fcli"
before apt-get install -y -q --no-install-recommends "/root/${authority##*/}" \
	systemd-sysv snmpd snmp logrotate

cat > "$D/boot" <<'END'
set -e
mount --make-rprivate /
ip link set lo up
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --log-target=console --show-status=no
END
(
	sh -c 'echo $PPID' > "$CGROUP/cgroup.procs"
	exec unshare --fork --net --pid --mount --uts --ipc --cgroup \
		--kill-child sh "$D/boot" "$R"
) > "$D/systemd.log" 2>&1 < /dev/null &
OUTER_PID=$!
inside() { nsenter -t "$INIT_PID" -m -p -C -n -u env -i DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
is_up() {
	INIT_PID=$(cat "/proc/$OUTER_PID/task/$OUTER_PID/children") || return 1
	INIT_PID=${INIT_PID% }
	[ -n "$INIT_PID" ] && inside systemctl is-active --quiet multi-user.target
}
wait_until 60 is_up || { cat "$D/systemd.log" >&2; fail "Debian does not start"; }
active() { inside systemctl is-active --quiet "$1"; }
pid_of() { inside systemctl show -P MainPID "$1"; }
for unit in leaselined.service leaselined.socket leaseline-authority.service; do
	! active $unit || fail "$unit runs unconfigured"
	[ "$(inside systemctl is-enabled $unit)" = disabled ] || fail "$unit is enabled"
done
[ "$(inside systemctl --failed --no-legend | wc -l)" = 0 ] || fail "a unit failed"

# As the README says.
quietly inside leaseline-authority init
quietly inside leaseline-authority subscription add --customer C \
	--product "FastNetMon Advanced" --kind production --mbits 10000 \
	--billing annual --term-end "$(date -u -d '+300 days' +%F)" \
	--external 127.0.0.1
quietly inside systemctl enable --now leaseline-authority
cp "$R/var/lib/leaseline-authority/root.pub" \
	"$R/var/lib/leaseline-authority/ca.crt" "$R/etc/leaseline/"
CONF=$R/etc/leaseline/leaseline.conf
sed -i 's,^authority-url.*,authority-url = https://127.0.0.1:8443,
	s,^#authority-ca,authority-ca,' "$CONF"
quietly inside systemctl enable --now leaselined
usable_inside() { inside fcli show license; }
wait_until 30 usable_inside || fail "no license"
say "deb: in that Debian: $(inside fcli show license)"
cp "$R/usr/share/leaseline/snmpd-leaseline.conf" "$R/etc/snmp/snmpd.conf.d/leaseline.conf"
quietly inside systemctl restart snmpd
mend() { inside leaseline doctor > "$D/out"; sed -n 's/^ *\(chmod .*\)/\1/p' "$D/out"; }
[ "$(mend)" = "chmod 0755 /var/agentx" ] || fail "the doctor does not know the mend"
quietly inside chmod 0755 /var/agentx
served() { [ "$(inside snmpget -v2c -c public -Oqv 127.0.0.1 "$BASE_OID.1.2.9.0")" = 2 ]; }
wait_until 60 served || fail "snmpd does not serve the state"
[ "$(stat -c %a "$CONF")" = 640 ] && inside sh -c \
	'[ "$(stat -c %U:%G /etc/leaseline/leaseline.conf)" = root:leaseline ]' ||
	fail "others may read the configuration, or the agent may not"

# A log that is rotated goes on.
quietly inside logrotate -f /etc/logrotate.d/leaseline
has /var/log/fastnetmon/fastnetmon.log.1.gz || fail "the log was not rotated"
quietly inside fcli set renew_license
grep -q "We store license" "$R/var/log/fastnetmon/fastnetmon.log" || fail "no new log"

# The same version again, then a newer one with another example.
key=$(sha256sum < "$R/var/lib/leaseline/machine.key")
written=$(sha256sum < "$CONF")
kept() {
	[ "$(sha256sum < "$R/var/lib/leaseline/machine.key")" = "$key" ] &&
		usable_inside > "$D/out" || fail "$1: the license is lost"
}
upgrade() { # upgrade NAME DPKG-ARGUMENTS...
	name=$1 was=$(pid_of leaselined) other=$(pid_of leaseline-authority); shift
	quietly inside dpkg "$@"
	active leaselined && active leaseline-authority || fail "$name: it does not run"
	[ "$(pid_of leaselined)" != "$was" ] &&
		[ "$(pid_of leaseline-authority)" != "$other" ] ||
		fail "$name: the old program still runs"
	kept "$name"
}
upgrade reinstall -i "/root/${agent##*/}" "/root/${authority##*/}"
[ "$(sha256sum < "$CONF")" = "$written" ] || fail "reinstall: another configuration"
for f in "$agent" "$authority"; do
	rm -rf "$D/new"
	dpkg-deb -R "$f" "$D/new" && sed -i "s/^Version: .*/&+1/" "$D/new/DEBIAN/control" &&
		{ [ ! -d "$D/new/etc" ] || echo "# new" >> "$D/new/etc/leaseline/leaseline.conf"; } &&
		dpkg-deb --root-owner-group -b "$D/new" "$R/root/new-${f##*/}" > "$D/out" ||
		fail "no newer package"
done
upgrade upgrade --force-confold -i "/root/new-${agent##*/}" "/root/new-${authority##*/}"
[ "$(sha256sum < "$CONF")" = "$written" ] || fail "upgrade: another configuration"
[ "$(inside stat -c %a:%U:%G /etc/leaseline/leaseline.conf)" = 640:root:leaseline ] ||
	fail "upgrade: another mode of the configuration"
say "deb: reinstalled and upgraded: both restarted, license, key and configuration kept"

# A vendor's package comes and goes.
mkdir -p "$D/vendor/DEBIAN" "$D/vendor/usr/bin"
printf 'Package: vendor\nVersion: 1\nArchitecture: all\nMaintainer: V <v@v.example>\nDescription: v\n' \
	> "$D/vendor/DEBIAN/control"
printf '#!/bin/sh\necho vendor\n' > "$D/vendor/usr/bin/fcli"
chmod 755 "$D/vendor/usr/bin/fcli"
dpkg-deb --root-owner-group -b "$D/vendor" "$R/root/vendor.deb" > "$D/out" || exit 1
vendors() { [ "$(inside fcli)" = vendor ] && [ ! -L "$R/usr/bin/fcli" ] || fail "$1: the vendor's fcli is gone"; }
quietly inside dpkg -i /root/vendor.deb
vendors "installed after ours"
quietly inside dpkg -i "/root/new-${agent##*/}"
vendors "ours again"
quietly inside dpkg -r vendor
[ "$(readlink "$R/usr/bin/fcli")" = leaseline ] || fail "fcli is not ours again"

quietly inside apt-get remove -y leaseline leaseline-authority
! active leaselined && ! active leaseline-authority || fail "removed, and runs"
for f in /usr/bin/fcli /usr/bin/leaseline /usr/sbin/leaselined /usr/share/leaseline; do
	! has $f || fail "remove leaves $f"
done
for f in /var/lib/leaseline/machine.key /etc/fastnetmon/license.lic \
    /etc/leaseline/leaseline.conf /var/lib/leaseline-authority/authority.db; do
	has $f || fail "remove takes $f"
done
quietly inside dpkg -i /root/vendor.deb "/root/new-${agent##*/}" "/root/new-${authority##*/}"
vendors "installed before ours"
quietly inside systemctl enable --now leaseline-authority leaselined
wait_until 30 inside leaseline show license || fail "no license after the removal"
kept removal
echo "vendor's" > "$R/etc/fastnetmon/fastnetmon.conf"
quietly inside apt-get purge -y leaseline leaseline-authority
grep -q "/var/lib/leaseline-authority has the keys" "$D/out" || fail "purge says nothing of the keys"
vendors purge
left=$(cd "$R" && find usr/*bin usr/share lib usr/lib etc var/lib var/log run \
	-iname '*leaseline*' ! -path 'etc/passwd*' ! -path '*snmpd.conf.d/*' -o \
	-name 'license.lic*' -o -path '*/fastnetmon/*' | LC_ALL=C sort | tr '\n' ' ')
[ "$left" = "etc/fastnetmon/fastnetmon.conf etc/leaseline var/lib/leaseline-authority " ] ||
	fail "purge leaves $left"
has /var/lib/leaseline-authority/root.pem || fail "purge takes the vendor's root key"
say "deb: removed (state stays), installed again, purged (what others put there and the authority's keys stay)"

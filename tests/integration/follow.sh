#!/bin/sh
# Goal: the worked example stops and starts a service, with a systemd of its
# own in namespaces and the agent in its shipped, hardened unit: a suspension
# stops it, nothing starts it meanwhile, a reinstatement starts it again; what
# a person stopped stays down; nobody who could say stops nothing.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || { echo "not root: no systemd can be started"; exit 77; }
[ -x /lib/systemd/systemd ] || { echo "no systemd is installed"; exit 77; }
CGROUP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$CGROUP" ] || { echo "no cgroup2 is mounted"; exit 77; }
CGROUP=$CGROUP/leaseline-follow.$$
mkdir "$CGROUP" 2> /dev/null || { echo "no cgroup can be made"; exit 77; }
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/follow.XXXXXX")"
OUTER_PID=
remove_cgroup() {
	find "$CGROUP" -depth -type d -exec rmdir {} \; 2> /dev/null
	[ ! -d "$CGROUP" ]
}
finish() {
	# unshare(1) ignores SIGTERM while it waits.
	[ -z "$OUTER_PID" ] || kill -KILL "$OUTER_PID" 2> /dev/null
	stop_all
	# Its init is killed with it, and so is everything below that.
	wait_until 10 remove_cgroup || printf 'follow: %s stays\n' "$CGROUP" >&2
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'follow: %s\n' "$*" >&2
	inside sh -c 'systemctl --no-pager status fastnetmon leaselined; cat /var/log/fastnetmon/fastnetmon.log' >&2
	cat "$D/systemd.log" >&2
	exit 1
}
authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" > "$D/authority.out" 2>&1; }
inside() { nsenter -t "$INIT_PID" -m -p -C "$@"; }
systemd_is_up() {
	INIT_PID=$(cat "/proc/$OUTER_PID/task/$OUTER_PID/children") || return 1
	INIT_PID=${INIT_PID% }
	[ -n "$INIT_PID" ] && inside systemctl is-active --quiet basic.target
}
up() { [ "$(inside systemctl show -p ActiveState --value fastnetmon)" = active ]; }
down() { [ "$(inside systemctl show -p ActiveState --value fastnetmon)" = inactive ]; }
init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"

# The example's README, step by step; the units that a system has anyway.
cat > "$D/inside" <<END
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /mnt
for d in usr etc var; do
	mkdir /mnt/\$d /mnt/\$d.work
	mount -t overlay overlay -o lowerdir=/\$d,upperdir=/mnt/\$d,workdir=/mnt/\$d.work /\$d
done
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
B='$B' PREFIX=/usr '$ROOT/agent/install.sh' install
cp '$AUTHORITY_DIR/root.pub' '$AUTHORITY_DIR/ca.crt' /etc/leaseline/
cp '$D/agent.conf' /etc/leaseline/leaseline.conf
chmod 644 /etc/leaseline/*
cd /usr/share/doc/leaseline/example
install -D -m 755 leaseline-follow /usr/local/sbin/leaseline-follow
mkdir -p '$D/units/fastnetmon.service.d'
install -m 644 leaseline-follow@.* '$D/units'
install -m 644 product.conf '$D/units/fastnetmon.service.d/leaseline.conf'
cp /usr/lib/systemd/system/leaselined.service '$D/units'
for t in sysinit basic paths timers shutdown; do
	printf '[Unit]\nDefaultDependencies=no\n' > '$D/units/'\$t.target
done
cat > '$D/units/test.target' <<UNIT
[Unit]
Wants=leaselined.service fastnetmon.service leaseline-follow@fastnetmon.path leaseline-follow@fastnetmon.timer basic.target
UNIT
printf '[Service]\nExecStart=/bin/sleep infinity\n' > '$D/units/fastnetmon.service'
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    SYSTEMD_UNIT_PATH='$D/units' /lib/systemd/systemd --system \\
    --unit=test.target --log-target=console --show-status=no
END

cat > "$D/agent.conf" <<END
[exporter]
listen = 127.0.0.1:0
[snmp]
enabled = no
[license main]
authority-url = $AUTHORITY_URL
authority-root = /etc/leaseline/root.pub
authority-ca = /etc/leaseline/ca.crt
license-file = /etc/fastnetmon/license.lic
END
sed -n "s/^ *\(on-change = .*\)/\1/p" "$ROOT/agent/example/README" >> "$D/agent.conf"
[ "$(grep -c on-change "$D/agent.conf")" -eq 1 ] || fail "no on-change in the README"
mkdir "$D/units"
(
	sh -c 'echo $PPID' > "$CGROUP/cgroup.procs"
	exec unshare --fork --pid --mount --uts --ipc --cgroup --kill-child \
		sh "$D/inside"
) > "$D/systemd.log" 2>&1 < /dev/null &
OUTER_PID=$!
wait_until 15 systemd_is_up || {
	cat "$D/systemd.log" >&2
	echo "a systemd cannot be started in namespaces here"
	exit 77
}
wait_until 15 inside leaseline show license || fail "no license"
wait_until 5 up || fail "the product does not run"
inside systemd-analyze verify "$D/units/leaseline-follow@fastnetmon.service" "$D/units/leaseline-follow@fastnetmon.path" "$D/units/leaseline-follow@fastnetmon.timer" "$D/units/fastnetmon.service" > "$D/verify" 2>&1
grep -E 'leaseline-follow|fastnetmon' "$D/verify" | grep -v 'Failed to' > "$D/wrong"
[ ! -s "$D/wrong" ] || fail "verify: $(cat "$D/wrong")"
say "follow: $(/lib/systemd/systemd --version | head -n 1), the agent in its unit, the product runs"

authority subscription suspend "$SUBSCRIPTION" || fail "not suspended"
start=$(date +%s%N)
inside leaseline set renew_license > /dev/null 2>&1
wait_until 15 down || fail "the product was not stopped"
took=$((($(date +%s%N) - start) / 1000000))
inside systemctl start fastnetmon || fail "a skipped start is an error"
down || fail "the product was started without a license"
inside systemctl restart leaselined || fail "the agent does not start again"
sleep 1
down || fail "a restart of the agent started the product"
authority subscription reinstate "$SUBSCRIPTION" || fail "not reinstated"
inside leaseline commit > /dev/null || fail "no commit"
wait_until 15 up || fail "the product was not started again"
say "follow: stopped $took ms after the request, kept down, started again after the commit"

inside systemctl stop fastnetmon
inside leaseline commit > /dev/null || fail "no commit"
sleep 2
down || fail "what a person stopped was started"
inside systemctl start fastnetmon
up || fail "not started by hand"
inside systemctl stop leaselined
sleep 1
up || fail "the agent's stop stopped the product"
inside rm /usr/bin/leaseline
inside systemctl restart fastnetmon
up || fail "a missing program keeps the product down"
say "follow: a person's stop stays; without agent and program the product runs"

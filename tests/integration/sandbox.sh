#!/bin/sh
# Goal: the agent lives inside what its unit allows: as a user without
# privileges it gets, renews and replaces a license in a directory that its
# group may write, answers SNMP and runs the doctor; and it makes no system call, opens no
# kind of socket and maps no writable code that the unit forbids.
. "$(dirname "$0")/lib.sh"
UNIT=$ROOT/agent/leaselined.service
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/sandbox.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'sandbox: %s\n' "$*" >&2; exit 1; }

setting() { sed -n "s/^$1=//p" "$UNIT"; }

# The names in a set of system calls, sets inside it included.
expand() {
	systemd-analyze syscall-filter "$1" | sed -n 's/^    \([^#]\)/\1/p' |
	while read -r word; do
		case $word in
		@*) expand "$word" ;;
		*) echo "$word" ;;
		esac
	done
}

# What SystemCallFilter= allows: a list, then what is taken from it by "~".
allowed_calls() {
	setting SystemCallFilter | while read -r line; do
		for set in ${line#\~}; do
			case $line in
			\~*) expand "$set" >> "$D/denied" ;;
			*) expand "$set" >> "$D/granted" ;;
			esac
		done
	done
	sort -u "$D/denied" -o "$D/denied"
	sort -u "$D/granted" | comm -23 - "$D/denied"
}

# forbidden TRACE: what of it the unit would refuse.
forbidden() {
	sed -n 's/^[0-9]* *\([a-z][a-z0-9_]*\)(.*/\1/p' "$1" | sort -u |
		comm -23 - "$D/allowed"
	grep -oE 'socket(pair)?\(AF_[A-Z0-9]*' "$1" | sed 's/.*(//' | sort -u |
	while read -r family; do
		case " $(setting RestrictAddressFamilies) " in
		*" $family "*) ;;
		*) echo "$family" ;;
		esac
	done
	grep -E 'mmap\(.*PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC' "$1"
}

allowed_calls > "$D/allowed"
[ "$(grep -c . "$D/allowed")" -gt 150 ] || fail "SystemCallFilter= not read"
cat > "$D/probe" <<'END'
1 read(3, "", 1) = 0
1 mount("a", "b", NULL, 0, NULL) = 0
1 socket(AF_PACKET, SOCK_RAW, 0) = 3
1 mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, 0, 3, 0) = 0x1
END
[ "$(forbidden "$D/probe" | grep -c .)" -eq 3 ] ||
	fail "a forbidden call is not noticed"

# As the agent's user: the owner of its state, in the group of the rest.
if [ "$(id -u)" -eq 0 ]; then
	uid=65534 gid=65533
	AS_AGENT="setpriv --reuid=$uid --regid=$gid --clear-groups
		--no-new-privs --bounding-set=-all"
else
	uid=$(id -u) gid=$(id -g) AS_AGENT=
	say "sandbox: not root, so the agent has this user's rights"
fi
mkdir "$D/etc" "$D/log" "$D/trust"
chmod 711 "$D"
chgrp "$gid" "$D/etc" "$D/log" && chmod 775 "$D/etc" "$D/log"
chmod 700 "$D/state" && chown "$uid:$gid" "$D/state"
LICENSE_FILE=$D/etc/license.lic

init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
start_snmpd || die "snmpd does not start"
write_config
LOG_FILE=$D/log/agent.log
cp "$AUTHORITY_DIR/root.pub" "$AUTHORITY_DIR/ca.crt" "$D/trust"
mkdir "$D/run" && chown "$uid:$gid" "$D/run"
sed -i -e "s,$AUTHORITY_DIR/,$D/trust/,; s,^log-file.*,log-file = $LOG_FILE," \
	-e "s,^control-socket.*,control-socket = $D/run/control.sock," "$CONFIG"
chmod 644 "$CONFIG" "$D/trust"/*
chgrp "$gid" "$S/agentx.sock" && chmod 660 "$S/agentx.sock"

# strace outside, for it needs rights that the agent has not; and not as its
# parent (-D), so that what is stopped is the agent.
AGENT_PREFIX="strace -D -f -qq -y -o $D/trace $AS_AGENT"
start_agent || die "the agent does not start"
control() { "$B/fcli" --socket "$D/run/control.sock" "$@"; }
wait_until 30 control show license || fail "no license came"
first=$(stat -c %i "$LICENSE_FILE") || fail "no license at its place"
[ "$(stat -c %u:%a "$LICENSE_FILE")" = "$uid:644" ] ||
	fail "the license belongs to $(stat -c %U:%a "$LICENSE_FILE")"
control set renew_license >/dev/null || fail "no renewal"
[ "$(stat -c %i "$LICENSE_FILE")" != "$first" ] ||
	fail "the license was not replaced by a rename"
wait_until 20 snmp_usable || fail "SNMP does not answer"
curl -fs -m 5 -o /dev/null "$METRICS_URL" || fail "no metrics"
control commit >/dev/null || fail "no commit"
control doctor --snmp-target "$SNMP_TARGET" > "$D/doctor" ||
	fail "the doctor: $(cat "$D/doctor")"

calls=$(sed -n 's/^[0-9]* *\([a-z][a-z0-9_]*\)(.*/\1/p' "$D/trace" |
	sort -u | grep -c .)
[ "$calls" -gt 40 ] || fail "only $calls system calls seen: not traced"
# Before the agent itself: strace's child and setpriv.
awk 'seen; /execve\("[^"]*\/leaselined",/ { seen = 1 }' "$D/trace" > "$D/agent"
[ -s "$D/agent" ] || fail "the agent itself is not in the trace"
found=$(forbidden "$D/agent")
[ -z "$found" ] || fail "the unit forbids: $found"
say "sandbox: $calls system calls, all of them allowed"

#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: everything that can be copied is copied, on the real programs: the
# license file, the state directory, a snapshot, a living machine, a golden
# image, the authority's database. Each is named on both sides in words that
# say what to do, and no honest machine is stopped.
[ "$(id -u)" = 0 ] || { echo "not root: it makes machines of namespaces"; exit 77; }
if [ -z "$COPIES_INSIDE" ]; then
	unshare -n -m true 2>/dev/null ||
		{ echo "this kernel lets nobody make a namespace here"; exit 77; }
	COPIES_INSIDE=1 exec unshare -n -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
[ -e /etc/machine-id ] || { echo "this machine has no /etc/machine-id to put another over"; exit 77; }
mkdir -p /run/netns && mount -t tmpfs none /run/netns || die "no /run/netns"
SNMP_ENABLED=no
TOP=$(mktemp -d "${TMPDIR:-/tmp}/copies.XXXXXX")
RUNNING=
finish() {
	for name in $RUNNING; do halt "$name"; done
	stop_pid "$AUTHORITY_PID"
	[ -n "$KEEP" ] || rm -rf "$TOP"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'copies: %s\n' "$*" >&2
	tail -n 12 "$LOG_FILE" >&2; authority events | tail -n 12 >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"; }
told() { printf 'copies: %-30s %s\n' "$1" "$2"; }

ip link set lo up
# Its own address: else it takes one of a port, and neighbors lose it.
ip link add net0 address 02:00:00:00:00:01 type bridge && ip addr add 198.51.100.1/24 dev net0 && ip link set net0 up || die "no bridge"

# place N: a machine's place in the network, 198.51.100.N.
place() {
	ip netns add "p$1" && ip link add "v$1" type veth peer name eth0 netns "p$1" &&
		ip link set "v$1" master net0 up || die "no place $1"
	ip -n "p$1" link set lo up; ip -n "p$1" link set eth0 up
	ip -n "p$1" addr add "198.51.100.$1/24" dev eth0
}
# turn NAME: what is asked from here on is asked of that machine.
turn() {
	D=$TOP/$1 S=$TOP/$1 NAME=$1
	CONFIG=$D/leaseline.conf LICENSE_FILE=$D/license.lic LOG_FILE=$D/fastnetmon.log FCLI=$D/fcli
	eval "AGENT_PID=\$pid_$NAME"
}
# disk NAME [OF]: an empty disk, or a copy of another's.
disk() {
	turn "$1"
	mkdir -p "$D"; chmod 700 "$D"
	rm -rf "$D/state" "$D/license.lic"
	if [ -n "$2" ]; then
		cp -a "$TOP/$2/state" "$D/state"
		[ ! -e "$TOP/$2/license.lic" ] || cp -a "$TOP/$2/license.lic" "$D/"
	else
		mkdir -m 700 "$D/state"
	fi
}
agent_serves() { "$FCLI" show license_status > /dev/null 2>&1; [ $? -le 1 ] && alive "$AGENT_PID" && [ -S "$S/control.sock" ]; }
# boot NAME PLACE MACHINE-ID: its disk runs there; the id is 32 of that digit.
boot() {
	turn "$1"
	printf '%032d\n' "$3" > "$D/machine-id"
	write_config
	cat > "$D/machine" <<-END
	#!/bin/sh
	mount --bind '$D/machine-id' /etc/machine-id && exec "\$@"
	END
	chmod +x "$D/machine"
	AGENT_PREFIX="ip netns exec p$2 $EARLIER $D/machine"
	start_agent || fail "$1 does not start"
	eval "pid_$1=$AGENT_PID"; RUNNING="$RUNNING $1"
}
halt() { eval "stop_pid \"\$pid_$1\"; pid_$1="; }
licensed() { wait_until 15 usable || fail "$NAME has no license: $("$FCLI" show license_status)"; }
renew() { "$FCLI" set renew_license > "$D/said" 2>&1; }
renewed() { turn "$1"; renew || fail "$1 is not refreshed: $(cat "$D/said")"; }
# refused NAME WORDS: and what it says.
refused() { turn "$1"; renew && fail "$1 is refreshed"; says "$D/said" "$2"; }
json() { "$FCLI" --json show license | python3 -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1]) or "")' "$1"; }
status() { "$FCLI" show license_status > "$D/status"; }
public() { "$FCLI" show license_hardware_data | sed -n 's/^machine-key //p'; }
sequence() { sed -n 's/^sequence //p' "$LICENSE_FILE"; }

authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR"; }
sell() { authority subscription add --customer "Example ISP" --product "FastNetMon Advanced" --kind production \
	--mbits 10000 --billing annual --term-end "$(date -u -d '+300 days' +%F)" --external "198.51.100.$1" | tail -n 1; }
serve() {
	rm -f "$TOP/ports"
	"$B/leaseline-authority" serve --dir "$AUTHORITY_DIR" --listen 198.51.100.1:8443 \
		--port-file "$TOP/ports" >> "$TOP/authority.log" 2>&1 &
	AUTHORITY_PID=$!
	wait_until 10 test -s "$TOP/ports" || die "the authority does not start"
}
count() { authority events --subscription "$1" | grep -c " $2 "; }
# trouble SUBSCRIPTION: every event of it that is not everyday life.
trouble() { authority events --subscription "$1" | grep -oE ' (fork|rollback|replay|take-over|old-key|rebind|clone-found|refuse-[a-z-]*|clear-clone) ' | sort | uniq -c | tr -s ' \n' ' '; }
machine_says() { authority machine show "$1" > "$TOP/shown"; says "$TOP/shown" "$2"; }

AUTHORITY_DIR=$TOP/authority
AUTHORITY_URL=https://198.51.100.1:8443
"$B/leaseline-authority" init --dir "$AUTHORITY_DIR" --name 198.51.100.1 > "$TOP/init.out" 2>&1 || die "$(cat "$TOP/init.out")"
serve
place 11; place 12; place 13; place 14

# 1. The license file, on a machine of nobody's.
A=$(sell 11)
disk a; boot a 11 1; licensed; key_a=$(public)
disk thief; cp "$TOP/a/license.lic" "$TOP/thief/"; boot thief 12 2
wait_until 15 has_line "$LOG_FILE" "unknown_machine" || fail "the thief is not refused"
"$FCLI" show license > "$D/line" && fail "a copied license is usable"
equal "a copied license" "$(json state)" hardware_mismatch
status
says "$D/status" "DIFFERENT: machine key"
says "$D/status" "This license was issued to another machine"
says "$D/status" "No subscription is assigned to this machine, seen at 198.51.100.12"
renewed a
equal "trouble of its owner" "$(trouble "$A")" ""
halt thief
told "license file, elsewhere" "unusable: hardware_mismatch, machine key; unknown to the authority"

# 2. The whole state directory: on another machine, and on one with its id.
disk moved a; boot moved 12 3
has_line "$LOG_FILE" "The machine id changed: this machine makes a new key" || fail "no new key is made"
[ "$(public)" != "$key_a" ] || fail "the key was copied"
wait_until 15 has_line "$LOG_FILE" "unknown_machine" || fail "the copy is not refused"
equal "a copied state directory" "$(json state)" hardware_mismatch
halt moved
disk twin a; boot twin 12 1
equal "the key of the twin" "$(public)" "$key_a"
renewed a; refused twin "which is not assigned to it"
equal "the twin" "$(json reason)" address_changed
usable > /dev/null || fail "the twin's lease does not run on"
authority events --subscription "$A" > "$TOP/events"
says "$TOP/events" "seen 198.51.100.12 (internal address 198.51.100.12), holding an older license: a copy?"
renewed a; renewed a
halt twin
equal "trouble of its owner" "$(trouble "$A")" " 1 refuse-address-changed "
told "state directory, elsewhere" "a new key; with the same machine-id: address_changed, 'a copy?'"

# 3. A snapshot comes back, twice, and the newest one after all.
disk snapshot a; turn a
for i in 1 2 3; do renewed a; done
before=$(sequence)
halt a; disk newest a; disk a snapshot; boot a 11 1
renewed a
[ "$(sequence)" -gt "$before" ] || fail "the sequence did not rise over the snapshot"
halt a; disk a newest; boot a 11 1; renewed a; renewed a
halt a; disk a snapshot; boot a 11 1; renewed a; renewed a
equal "reason" "$(json reason)" none
equal "forks" "$(count "$A" fork)" 3
equal "clones" "$(count "$A" refuse-clone)" 0
authority events --subscription "$A" > "$TOP/events"
says "$TOP/events" "a snapshot came back, or a copy of the machine asks, too"
halt a
told "restored snapshots" "go on, 3 forks audited, no clone"

# 4. A cloned machine: both ask, at one address and with one machine-id.
C=$(sell 13)
disk c; boot c 13 4; licensed; key_c=$(public)
disk clone c; boot clone 13 4
renewed c; renewed clone
renewed c
machine_says "$key_c" "forked"
refused clone "Another machine uses the same machine key"
equal "the clone" "$(json reason)" clone
usable > /dev/null || fail "the clone's lease does not run on"
status
says "$D/status" "Two machines use this machine's key: stop the copy"
renewed c; refused clone "Another machine"; renewed c
machine_says "$key_c" "find the copy of this machine and stop it, then run"
equal "its state" "$(sed -n 's/^state  *//p' "$TOP/shown")" clone
authority events --subscription "$C" > "$TOP/events"
says "$TOP/events" "find the copy and stop it, then"
authority machine clear-clone "$key_c" > "$TOP/shown"
equal "cleared" "$(sed -n 's/^state  *//p' "$TOP/shown")" live
renewed clone; renewed c; refused clone "Another machine"
halt clone
# Refused, it runs to the end of its lease, and no further.
stop_pid "$AUTHORITY_PID"
EARLIER=$(later 13d); boot clone 13 4; usable > /dev/null || fail "the clone's lease ended early"; halt clone
EARLIER=$(later 16d); boot clone 13 4; usable > /dev/null && fail "the clone outlives its lease"; halt clone
EARLIER=
serve
halt c
told "cloned machine" "the copy gets clone and runs to its lease's end; the first goes on"

# 5. Reinstalled: a new key is a rebind; the next too soon, and the old, ask a person.
disk old c; disk c; boot c 13 5; licensed
[ "$(public)" != "$key_c" ] || fail "the key outlived the disk"
equal "rebinds" "$(json rebinds_used)" 1
equal "take-overs" "$(count "$C" take-over)" 1
boot old 13 4
refused old "Another machine took this subscription over"
usable > /dev/null || fail "the old key's lease does not run on"
machine_says "$key_c" "another machine took its subscription over: ask the customer"
authority events --subscription "$C" > "$TOP/events"
says "$TOP/events" "retired by a take-over, it still asks: two machines?"
renewed c; halt old; halt c
cp "$TOP/c/license.lic" "$TOP/keep.lic"
disk c; cp "$TOP/keep.lic" "$LICENSE_FILE"; boot c 13 6
wait_until 15 has_line "$LOG_FILE" "Another machine took this subscription over not long ago" ||
	fail "a second take-over within a day is not refused"
equal "rebind refused" "$(count "$C" refuse-hardware-limit)" 1
authority events --subscription "$C" > "$TOP/events"
says "$TOP/events" "another machine key: 1 of 3 rebinds used; \`subscription approve-hardware $C\` lets it through"
authority subscription approve-hardware "$C" > /dev/null
"$FCLI" commit > /dev/null 2>&1; licensed
halt c
told "reinstalled machine" "a counted rebind; the next within a day and the old key need approval"

# 6. A golden image, made after the agent's first start.
G=$(sell 14); disk image; boot image 14 7; licensed; key_image=$(public); renewed image; renewed image
keys=$key_image
for n in 21 22 23; do
	place $n
	eval "G$n=$(sell $n)"
	disk "g$n" image; boot "g$n" $n "8$n"; licensed
	equal "g$n: state" "$(json state)" valid
	keys="$keys $(public)"
done
equal "keys" "$(printf '%s\n' $keys | sort -u | wc -l)" 4
for n in 21 22 23; do
	renewed "g$n"
	eval "equal 'trouble of g$n' \"\$(trouble \"\$G$n\")\" ''"
	equal "g$n: rebinds" "$(json rebinds_used)" ""
done
renewed image
equal "trouble of the image's machine" "$(trouble "$G")" ""
told "golden image" "3 machines, 3 new keys, nobody disturbed"

# 7. The authority comes back from a backup.
stop_pid "$AUTHORITY_PID"; cp -a "$AUTHORITY_DIR" "$TOP/backup"; serve
for name in g21 g22 g23 image; do renewed $name; renewed $name; renewed $name; done
before=$(sequence)
stop_pid "$AUTHORITY_PID"; rm -rf "$AUTHORITY_DIR"; mv "$TOP/backup" "$AUTHORITY_DIR"; serve
for name in g21 g22 g23 image; do renewed $name; renewed $name; done
[ "$(sequence)" -gt "$before" ] || fail "the sequence fell with the database"
for id in $G21 $G22 $G23 $G; do equal "trouble of $id" "$(trouble "$id")" " 1 rollback "; done
authority events --subscription "$G" > "$TOP/events"
says "$TOP/events" "the database is older than the license"
told "authority from a backup" "the fleet goes on, one audited rollback each"
say "copies: every copy is named; no honest machine was stopped"

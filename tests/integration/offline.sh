#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: an offline license from the conditions of its issue to the day after
# its end, on the shipped programs: the vendor's four commands, what closes and
# opens the subscription, other hardware, the license that follows, the hard
# stop, and the way back online.
[ "$(id -u)" = 0 ] || { echo "not root: it stands in for files of /sys"; exit 77; }
if [ -z "$OFFLINE_INSIDE" ]; then
	unshare -m true 2>/dev/null ||
		{ echo "this kernel lets nobody make a mount namespace here"; exit 77; }
	OFFLINE_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/offline.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'offline: %s\n' "$*" >&2
	cat "$D/agent.err" "$D/err" >&2; tail -n 30 "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"; }
A="$FAKE $B/leaseline-authority"
authority() {
	$A "$@" --dir "$AUTHORITY_DIR" > "$D/admin" 2> "$D/err" ||
		fail "$*: $(cat "$D/err")"
}
set_sold() { authority subscription set "$SUBSCRIPTION" "$@"; }
# issue FILE [OPTION...]: hw_data.lic answered, to FILE.
issue() {
	to=$1; shift
	$A offline issue --dir "$AUTHORITY_DIR" "$@" "$D/hw_data.lic" \
		> "$to" 2> "$D/err"
}
refused() { # refused SENTENCE [OPTION...]
	sentence=$1; shift
	issue "$D/none" "$@"
	equal "exit code where '$sentence'" $? 1
	[ ! -s "$D/none" ] || fail "something was printed: $(cat "$D/none")"
	says "$D/err" "$sentence"
	conditions=$((conditions + 1))
}
# as_written COMMAND: a line of the vendor's article, as it stands there.
as_written() { (cd "$D" && PATH=$D/bin:$PATH sh -c "$1" 2> "$D/err"); }
in_file() { sed -n "s/^$1 //p" "$LICENSE_FILE"; }
asked() { # requests that the authority ever saw
	curl -fs -k "$AUTHORITY_URL/metrics" |
	    awk '/^authority_requests_total/ { n += $2 } END { print n + 0 }'
}

# The machine: files of the kernel that this test can change.
mkdir "$D/bin" "$D/memory" "$D/nothing"
cp /sys/devices/system/memory/block_size_bytes "$D/memory" 2>/dev/null ||
	echo 8000000 > "$D/memory/block_size_bytes"
block=$((0x$(cat "$D/memory/block_size_bytes") / 1048576))
memory() { # memory MIB
	for m in "$D"/memory/memory[0-9]*; do [ ! -d "$m" ] || rmdir "$m"; done
	for i in $(seq 1 $(($1 / block))); do mkdir "$D/memory/memory$i"; done
}
echo 0-7 > "$D/present"; : > "$D/empty"
memory 16384
mount --bind "$D/present" /sys/devices/system/cpu/present &&
    mount --bind "$D/memory" /sys/devices/system/memory ||
	{ echo "files of /sys cannot be stood in for here"; exit 77; }
# ten_minutes: the next look at the hardware.
ten_minutes() { set_clock "@$(($($FAKE date +%s) + 605))"; poke; sleep 0.3; poke; }

set_clock 2027-03-01T10:00:00Z
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
AUTHORITY_DIR=$D/authority
authority init
authority subscription add --customer "Example ISP" \
	--product "FastNetMon Advanced" --kind production --mbits 10000 \
	--billing monthly --term-end 2028-02-29 --external 127.0.0.1
SUBSCRIPTION=$(tail -n 1 "$D/admin")
start_authority || die "the authority does not start"
start_snmpd || die "snmpd does not start"
write_config
start_agent || die "the agent does not start"
wait_until 20 usable || fail "no license came"
wait_until 20 snmp_usable || fail "SNMP has no license"
cp "$FCLI" "$D/bin/fcli"
command -v sudo > /dev/null || { printf '#!/bin/sh\nexec "$@"\n' > "$D/bin/sudo"
	chmod +x "$D/bin/sudo"; say "offline: there is no sudo here: it stands for nothing"; }
cp "$LICENSE_FILE" "$D/online.lic"

# Each condition by itself, in the order in which a vendor would meet them.
as_written 'sudo fcli show license_hardware_data > hw_data.lic' || fail "no data"
grep -qx 'purpose offline' "$D/hw_data.lic" || fail "not an offline request"
conditions=0
refused "for subscriptions with annual billing only"
set_sold --billing annual
refused "it is for 10000 mbits, and offline licenses begin at 100000"
set_sold --mbits 100000
refused "\`subscription set $SUBSCRIPTION --checked yes\`"
set_sold --checked yes
authority subscription suspend "$SUBSCRIPTION"
refused "suspended; run \`subscription reinstate $SUBSCRIPTION\`"
authority subscription reinstate "$SUBSCRIPTION"
authority subscription cancel "$SUBSCRIPTION"
refused "cancelled; run \`subscription reinstate"
authority subscription reinstate "$SUBSCRIPTION"
set_sold --term-end 2027-02-28
refused "the paid term was over on 2027-02-28; run \`subscription extend"
set_sold --term-end 2028-02-29
set_sold --product Other
refused "the request is for FastNetMon Advanced, and the subscription for Other" \
	--subscription "$SUBSCRIPTION"
set_sold --product "FastNetMon Advanced"
refused "is after the end of the term, 2028-02-29" --not-before 2028-03-01
refused "is before today" --not-before 2027-02-28
refused "there is no subscription sub-none" --subscription sub-none
cp "$D/hw_data.lic" "$D/good"
sed 's/^logical-cpus 8/logical-cpus 9/' "$D/good" > "$D/hw_data.lic"
refused "it was changed after it was signed; let the customer send"
sed 's/$/\r/' "$D/good" > "$D/hw_data.lic"
refused "let the customer send the output of"
rm "$D/hw_data.lic"
refused "No such file or directory"
mount --bind "$D/nothing" /sys/devices/system/memory
mount --bind "$D/empty" /proc/meminfo
as_written 'sudo fcli show license_hardware_data > hw_data.lic'
refused "does not tell the amount of memory, which could not be read there"
umount /sys/devices/system/memory; umount /proc/meminfo
$A offline issue --dir "$AUTHORITY_DIR" > "$D/none" 2> "$D/err"
equal "exit code without a file" $? 2
say "offline: $conditions refusals, each with its sentence"
equal "licenses that were issued" "$($A offline list --dir "$AUTHORITY_DIR" | wc -l)" 0

# Issued: to a full disk first, then the very same document.
as_written 'sudo fcli show license_hardware_data > hw_data.lic' || fail "no data"
plain=$A
! strace -o /dev/null true 2>/dev/null ||
	A="strace -f -e trace=fsync,fdatasync,write -o $D/trace $A"
issue /dev/full
equal "exit code on a full disk" $? 1
A=$plain
if [ -e "$D/trace" ]; then
	awk '/sync\(/ { synced = 1 } /write\(1, "leaseline-license/ { exit !synced }' \
		"$D/trace" || fail "it is printed before it is on disk"
else
	say "offline: nothing may be traced here: the order of disk and output is not seen"
fi
says "$D/err" "run the same command again for the same license"
issue "$D/license.new" || fail "not issued: $(cat "$D/err")"
says "$D/err" "$SUBSCRIPTION: Example ISP, sequence"
says "$D/err" "8 CPUs, 16384 MiB"
issue "$D/again" && cmp -s "$D/license.new" "$D/again" || fail "not the same again"
equal "nonce" "$(grep ^nonce "$D/license.new")" "$(grep ^nonce "$D/hw_data.lic")"
issue "$D/json" --json
python3 - "$D/json" "$D/license.new" <<'END' || fail "--json: $(cat "$D/json")"
import json, sys
told = json.load(open(sys.argv[1]))
sys.exit(told["document"] != open(sys.argv[2]).read() or not told["repeated"])
END
equal "offline licenses" "$($A offline list --dir "$AUTHORITY_DIR" | grep -c ' valid ')" 1

# Who got hold of the mail gets nothing for it online.
curl -s -k -m 10 -o "$D/answer" --data-binary "@$D/hw_data.lic" \
	"$AUTHORITY_URL/v1/lease"
says "$D/answer" "reason malformed"
says "$D/answer" "The request is one for an offline license"

# Online requests are closed; the lease in hand runs on.
"$FCLI" set renew_license > "$D/renew" 2>&1 && fail "it was refreshed"
says "$D/renew" "An offline license was issued for this subscription"
see "closed to online requests" state=valid usable=1 refusal=offline_issued
says "$LOG_FILE" "License main is not refreshed: an offline license was issued \
for this subscription. An offline license was issued: put it at $LICENSE_FILE \
and run 'fcli commit'."

# In place, with the vendor's own commands.
cp "$D/license.new" "$LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out" || fail "commit: $(cat "$D/out" "$D/err")"
as_written 'sudo fcli show license' > "$D/out" || fail "not usable"
equal "the line" "$(cat "$D/out")" \
	"Production license for 100000 mbits valid until 2028-02-29"
equal "mode in SNMP" "$(snmp 1.3.1.7.1)" 2
see "the offline license" state=valid severity=ok mbits=100000 days=365 \
	term=365 action=365 warning=30 critical=7 expiry=2028-02-29

# Never replaced by itself, nor by an older online one, nor by a refusal.
before=$(asked)
set_clock 2027-03-06T10:00:00Z; poke; sleep 1; poke
cp "$D/online.lic" "$LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out" && fail "an older one is called good"
says "$D/err" "Not used: a newer license is in force; the license of before"
cmp -s "$LICENSE_FILE" "$D/license.new" || fail "an online license replaced it"
cmp -s "$LICENSE_FILE.rejected" "$D/online.lic" || fail "it is not kept aside"
rm "$LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out" || fail "commit: $(cat "$D/err")"
says "$D/out" "The offline license is in force until 2028-02-29"
cmp -s "$LICENSE_FILE" "$D/license.new" || fail "it was lost with its file"

# What a mail made of it, and the request: not used, and said so, each once.
sed 's/$/\r/' "$D/license.new" > "$LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out" && fail "carriage returns are taken"
says "$D/err" "Not used: it has carriage returns (was it changed in the mail?"
cp "$D/hw_data.lic" "$LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out" && fail "the request is taken"
says "$D/err" "Not used: it is the request (hw_data.lic), not the license"
cmp -s "$LICENSE_FILE" "$D/license.new" || fail "it was not put back"
as_written 'fcli show license_status' > "$D/out" || fail "not usable"
says "$D/out" "stored in $LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out" || fail "commit: $(cat "$D/err")"
as_written 'fcli show license_history' > "$D/out"
says "$D/out" "100000 mbits (before: 10000), offline (before: online)"
says "$D/out" "file-refused not used: it is the request"
says "$D/out" "put-back     the license in force was written to its file again"
say "offline: carriage returns, the request, an older one: each refused by commit"
"$FCLI" set renew_license > "$D/renew" 2>&1 && fail "it was refreshed"
says "$D/renew" "go back online with 'fcli set renew_license --online'"
equal "requests in five days" "$(asked)" "$before"
authority subscription suspend "$SUBSCRIPTION"
says "$D/admin" "its offline license stays as it was issued, to its end"
"$FCLI" set renew_license --online > "$D/renew" 2>&1 && fail "it went online"
says "$D/renew" "suspended"
authority subscription reinstate "$SUBSCRIPTION"
"$FCLI" set renew_license --online > "$D/renew" 2>&1 && fail "it went online"
says "$D/renew" "An offline license was issued"
stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"
wait_until 20 snmp_usable || fail "SNMP does not come back"
see "after five days and refusals" state=valid severity=ok expiry=2028-02-29

# Other hardware: at the second reading, ten minutes after the first.
other_hardware() { # other_hardware WHAT OLD-AND-NEW COMPONENT
	ten_minutes; see "$1, first look" state=valid usable=1 \
		severity=warning reason=hardware_mismatch
	ten_minutes; see "$1, second look" state=hardware_mismatch usable=0 \
		severity=critical reason=hardware_mismatch
	usable && fail "fcli says that it is usable"
	"$FCLI" show license_status > "$D/status"
	says "$D/status" "DIFFERENT: $2"
	says "$LOG_FILE" "License main is bound to other hardware: $2."
	"$FCLI" --json show license > "$D/json"
	says "$D/json" "\"binding_difference\": \"$2\""
	curl -fs "$METRICS_URL" > "$D/metrics"
	says "$D/metrics" "license_binding_match{license=\"main\",component=\"$3\"} 0"
}
ten_minutes
echo 0-15 > "$D/present"
other_hardware "twice the CPUs" "number of logical CPUs: 8 in the license, 16 here" logical_cpus
stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"
wait_until 20 snmp_knows 6 || fail "SNMP does not come back"
see "restarted" state=hardware_mismatch usable=0
echo 0-7 > "$D/present"
ten_minutes; see "the CPUs of before" state=valid usable=1 severity=ok
memory 16640
ten_minutes; ten_minutes; see "256 MiB more" state=valid usable=1
memory 32768
other_hardware "twice the memory" "amount of memory: 16384 MiB in the license, 32768 MiB here" memory
memory 16384
ten_minutes; see "the memory of before" state=valid usable=1 severity=ok


# Another machine gets none while this one has it.
other() {
	$FAKE "$B/tests/lease_client" make "$D/other.pem" \
		"product=FastNetMon Advanced" "$@" > "$D/hw_data.lic"
}
other memory-mib=65536
issue "$D/none"
equal "exit code for a machine that is not known" $? 2
says "$D/err" "name what was bought with --subscription ID"
refused "another machine (" --subscription "$SUBSCRIPTION"
says "$D/err" "8 CPUs, 16384 MiB) has an offline license of it until 2028-02-29"
other
refused "it is the request for an online license" --subscription "$SUBSCRIPTION"

# The end comes near; the license that follows answers the warnings.
set_clock 2028-01-30T23:59:50Z
freeze_clock 2028-01-30T23:59:59Z; poke
see "thirty days before" state=valid severity=ok action=30
freeze_clock 2028-01-31T00:00:00Z
see "a second later" state=expiring severity=warning reason=term_ending action=29
freeze_clock 2028-02-22T23:59:59Z
see "seven days before" severity=warning
freeze_clock 2028-02-23T00:00:00Z
see "a second later" severity=critical action=6
set_clock 2028-02-23T09:00:00Z; poke
authority subscription extend "$SUBSCRIPTION" --to 2028-08-31
set_sold --mbits 200000
as_written 'sudo fcli show license_hardware_data > hw_data.lic' || fail "no data"
issue "$D/gap" --not-before 2028-03-02 || fail "not issued: $(cat "$D/err")"
says "$D/err" "the license before it ends on 2028-02-29: between them none is valid"
issue "$D/following" --not-before 2028-03-01 || fail "not issued: $(cat "$D/err")"
grep -q "between them" "$D/err" && fail "a gap that is none"
cp "$D/following" "$LICENSE_FILE.next"
noticed() { curl -fs "$METRICS_URL" | grep -q "^license_successor_not_before"; }
set_clock 2028-02-23T09:01:00Z; poke
wait_until 5 noticed || fail "license.lic.next is not noticed"
see "what follows is there" state=valid severity=ok mbits=100000 days=6 action=190
freeze_clock 2028-02-29T23:59:59Z; poke
see "the last second" state=valid severity=ok mbits=100000 days=0
cmp -s "$LICENSE_FILE" "$D/license.new" || fail "it took over early"
freeze_clock 2028-03-01T00:00:00Z; poke
set_clock 2028-03-01T00:00:00Z
took_over() { poke; cmp -s "$LICENSE_FILE" "$D/following"; }
wait_until 5 took_over || fail "it did not take over"
see "taken over" state=valid usable=1 severity=ok mbits=200000 days=183
[ ! -e "$LICENSE_FILE.next" ] || fail "license.lic.next is still there"

# The end: a hard stop, whatever the vendor has on his side.
authority subscription extend "$SUBSCRIPTION" --to 2028-12-31
before=$(asked)
set_clock 2028-08-31T23:59:40Z; freeze_clock 2028-08-31T23:59:59Z
see "the last second of all" usable=1 days=0
freeze_clock 2028-09-01T00:00:00Z
see "the second after" state=expired usable=0 severity=critical reason=expired
"$FCLI" show license > "$D/out"
equal "exit code after the end" $? 1
"$FCLI" show license_status > "$D/status"
says "$D/status" "Ask the vendor for a new offline license"
set_clock 2028-09-03T10:00:00Z; poke; sleep 1; poke
stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"
wait_until 20 snmp_answers
usable && fail "a restart made it usable"
equal "requests after the end" "$(asked)" "$before"

# A new one, that warns instead of stopping.
set_sold --on-expiry warn
as_written 'sudo fcli show license_hardware_data > hw_data.lic' || fail "no data"
issue "$D/warns" || fail "not issued: $(cat "$D/err")"
cp "$D/warns" "$LICENSE_FILE"
as_written 'sudo fcli commit' > "$D/out"; poke
wait_until 20 snmp_knows 2 || fail "SNMP does not know of it"
see "a new one" state=valid usable=1 expiry=2028-12-31
set_clock 2029-01-01T00:00:01Z; poke; sleep 0.5; poke
see "after its end, on-expiry warn" state=expired usable=1 severity=critical
usable || fail "fcli says that it is not usable"

# Back online, on purpose: the vendor opens it, the operator asks for it.
authority subscription extend "$SUBSCRIPTION" --to 2029-12-31
authority offline release "$SUBSCRIPTION"
says "$D/admin" "$SUBSCRIPTION is open to online requests again"
poke; sleep 1; poke
grep -qx 'mode offline' "$LICENSE_FILE" || fail "it went online by itself"
# The certificate ended on the way, too: the authority makes the next one.
goes_online() { "$FCLI" set renew_license --online > "$D/renew" 2>&1; }
wait_until 20 goes_online || fail "not online: $(cat "$D/renew")"
grep -qx 'mode online' "$LICENSE_FILE" || fail "not an online license"
wait_until 20 snmp_knows 2 || fail "SNMP does not know of it"
see "online again" state=valid usable=1 severity=ok days=14
go_on
see "and refreshed by itself" state=valid usable=1 days=14
$A events --dir "$AUTHORITY_DIR" > "$D/events"
equal "offline-issue events" "$(grep -c ' offline-issue ' "$D/events")" 4
equal "offline-release events" "$(grep -c ' offline-release ' "$D/events")" 1
grep -E ' (fork|rollback|clone-found|refuse-clone) ' "$D/events" &&
	fail "an honest machine is suspected"
authority offline list
says "$D/admin" over
say "offline: $conditions refusals in all; online again, no event of suspicion"

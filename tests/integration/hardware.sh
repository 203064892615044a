#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: a machine that changes, on the shipped programs: the number of its CPUs
# while the agent runs and while it does not, what a change costs, what is free,
# the fourth in a week and its 72 hours, the approval; and that affinity, cgroups
# and CPUs off line are no change at all.
[ "$(id -u)" = 0 ] || { echo "not root: it stands in for files of /sys"; exit 77; }
if [ -z "$HARDWARE_INSIDE" ]; then
	unshare -m true 2>/dev/null ||
		{ echo "this kernel lets nobody make a mount namespace here"; exit 77; }
	HARDWARE_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/hardware.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
finish() {
	stop_all
	for group in $GROUPS_MADE; do rmdir "$group" 2>/dev/null; done
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'hardware: %s\n' "$*" >&2
	cat "$D/agent.err" >&2; tail -n 30 "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"; }
authority() {
	$FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" \
		> "$D/admin" 2>&1 || fail "$*: $(cat "$D/admin")"
}
events() { # events NAME: how many
	authority events
	awk -v name="$1" '$3 == name { n++ } END { print n + 0 }' "$D/admin"
}
in_file() { sed -n "s/^$1 //p" "$LICENSE_FILE"; }

# The machine: a file of the kernel that this test can change.
machine() { echo "0-$(($1 - 1))" > "$D/present"; }
: > "$D/empty"; echo 0 > "$D/one"
machine 8
mount --bind "$D/present" /sys/devices/system/cpu/present ||
	{ echo "files of /sys cannot be stood in for here"; exit 77; }
# ten_minutes: the next look at the hardware, by itself.
ten_minutes() { set_clock "@$(($($FAKE date +%s) + 605))"; poke; }
bound_to() { poke; [ "$(in_file bind-logical-cpus)" = "$1" ]; }
follows() { # follows CPUS: the license is bound to so many now, by itself
	wait_until 10 bound_to "$1" || fail "the license does not follow to $1 CPUs"
}
# rebinds WHEN USED: on every face, with the end of the window.
rebinds() {
	wait_until 5 rebinds_told "$2" || fail "$1: used are $(metric license_rebinds_used), not $2"
	until=$(metric license_rebind_window_end_timestamp_seconds)
	equal "$1: allowed" "$(metric license_rebinds_allowed)" 3
	for face in "39 $2" "40 3" "41 $until"; do
		[ -z "${face#* }" ] || equal "$1: SNMP column ${face% *}" \
			"$(snmp "1.3.1.${face% *}.1")" "${face#* }"
	done
	"$FCLI" --json show license > "$D/json"
	says "$D/json" "\"rebinds_used\": $2"
	says "$D/json" "\"rebinds_allowed\": 3"
	"$FCLI" show license_status > "$D/status"
	says "$D/status" "$2 of 3 used"
	[ -z "$until" ] || says "$D/status" "one is free again $(instant "$until")"
	say "hardware: $1: $2 of 3 used${until:+, one is free again $(instant "$until")}"
}
rebinds_told() { [ "$(metric license_rebinds_used)" = "$1" ]; }
restart_agent() {
	stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"
	wait_until 20 snmp_knows "$1" || fail "SNMP does not come back"
}
# grace WHEN: its end is the same on every face, and what it was at first.
grace() {
	poke
	end=$(metric license_grace_end_timestamp_seconds)
	FIRST=${FIRST:-$end}
	equal "$1: the end of the grace" "$end" "$FIRST"
	equal "$1: SNMP" "$(snmp 1.3.1.22.1)" "$end"
	"$FCLI" --json show license > "$D/json"
	says "$D/json" "\"grace_end\": \"$(instant "$end")\""
	"$FCLI" show license_status > "$D/status"
	says "$D/status" "$(instant "$end")"
}
# different WHEN OLD NEW: each face names the part, and how a person reads it.
different() {
	words="number of logical CPUs: $2 in the license, $3 here"
	"$FCLI" show license_status > "$D/status"
	says "$D/status" "DIFFERENT: $words"
	"$FCLI" --json show license > "$D/json"
	says "$D/json" "\"binding_difference\": \"$words\""
	curl -fs "$METRICS_URL" > "$D/metrics"
	says "$D/metrics" 'license_binding_match{license="main",component="logical_cpus"} 0'
	says "$D/metrics" 'license_binding_match{license="main",component="cpu_model"} 1'
	bits=$(snmpget -v2c -c public -t 2 -Oqvx "$SNMP_TARGET" "$BASE_OID.1.3.1.38.1")
	equal "$1: SNMP, what changed" "$(printf '%s' "$bits" | tr -d '" ')" 40
	snmp 1.3.1.44.1 > "$D/advice"
	says "$D/advice" "$words"
	says "$LOG_FILE" "License main is bound to other hardware: $words"
}

set_clock 2027-03-01T10:00:00Z
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
AUTHORITY_DIR=$D/authority
authority init
authority subscription add --customer "Example ISP" \
	--product "FastNetMon Advanced" --kind production --mbits 10000 \
	--billing annual --term-end 2028-02-29 --external 127.0.0.1
SUBSCRIPTION=$(tail -n 1 "$D/admin")
start_authority || die "the authority does not start"
start_snmpd || die "snmpd does not start"
write_config
start_agent || die "the agent does not start"
wait_until 20 usable || fail "no license came"
wait_until 20 snmp_usable || fail "SNMP has no license"
equal "CPUs of the license" "$(in_file bind-logical-cpus)" 8
rebinds "at first" 0

# What is a matter of scheduling is none of hardware.
told() { # told WHEN [PREFIX...]: the same numbers in a request made there
	when=$1; shift
	"$@" "$B/leaselined" -c "$CONFIG" --once show license_hardware_data \
		> "$D/request" || fail "$when: no request"
	grep -E '^(cpu-model|logical-cpus|memory-mib) ' "$D/request" > "$D/told"
	cmp -s "$D/first" "$D/told" || fail "$when: $(cat "$D/first" "$D/told")"
	seen="${seen:+$seen, }$when"
}
in_group() { # in_group DIRECTORY COMMAND...
	sh -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' "$@"
}
"$FCLI" show license_hardware_data > "$D/request" || fail "no request"
grep -E '^(cpu-model|logical-cpus|memory-mib) ' "$D/request" > "$D/first"
cores=$(($(nproc) - 1))
told "as it is"
equal "components" "$(wc -l < "$D/first")" 3
told "on one CPU" taskset -c 0
[ $cores = 0 ] || told "on another" taskset -c $cores
told "with little memory" sh -c 'ulimit -v 200000; exec "$0" "$@"'
group=/sys/fs/cgroup/cpuset/leaseline.$$
if mkdir "$group" 2>/dev/null && GROUPS_MADE="$GROUPS_MADE $group" &&
    echo 0 > "$group/cpuset.cpus" && echo 0 > "$group/cpuset.mems"; then
	told "in a cpuset" in_group "$group"
else
	say "hardware: no cpuset can be made here"
fi
group=/sys/fs/cgroup/memory/leaseline.$$
if mkdir "$group" 2>/dev/null && GROUPS_MADE="$GROUPS_MADE $group" &&
    echo 268435456 > "$group/memory.limit_in_bytes"; then
	told "with 256 MiB by its cgroup" in_group "$group"
else
	say "hardware: no memory cgroup can be made here"
fi
awk '/^processor/ { n++ } n < 2' /proc/cpuinfo > "$D/cpuinfo"
mount --bind "$D/one" /sys/devices/system/cpu/online &&
    mount --bind "$D/cpuinfo" /proc/cpuinfo || fail "no stand-in for CPUs"
told "with one CPU on line"
umount /sys/devices/system/cpu/online; umount /proc/cpuinfo
say "hardware: the same numbers $seen"
blocks=$(sed -n 's/^memory-mib //p' "$D/first")
mkdir "$D/nothing"
mount --bind "$D/nothing" /sys/devices/system/memory || fail "no stand-in for memory"
"$B/leaselined" -c "$CONFIG" --once show license_hardware_data > "$D/request"
umount /sys/devices/system/memory
total=$(sed -n 's/^memory-mib //p' "$D/request")
tolerance=$((blocks / 16 > 512 ? blocks / 16 : 512))
[ $((blocks - total)) -le $tolerance ] && [ "$total" -le "$blocks" ] ||
	fail "memory is $blocks MiB by its blocks, $total MiB without"
say "hardware: memory is $blocks MiB by its blocks, $total MiB without: $tolerance MiB are tolerated"

# Told by a person, found by itself while it runs, found when it starts.
machine 16
"$FCLI" commit > "$D/commit" 2>&1 || fail "commit: $(cat "$D/commit")"
equal "CPUs of the license" "$(in_file bind-logical-cpus)" 16
rebinds "commit" 1
equal "the end of the window, in days" "$(((until - $(epoch 2027-03-01T10:00:00Z)) / 86400))" 7
says "$LOG_FILE" "other hardware: number of logical CPUs: 8 in the license, 16 here"
machine 32
ten_minutes; follows 32
rebinds "by itself" 2
says "$LOG_FILE" "other hardware: number of logical CPUs: 16 in the license, 32 here"
see "after two" state=valid usable=1 severity=ok
stop_pid "$AGENT_PID"
machine 64
start_agent || fail "the agent does not start"
follows 64
wait_until 20 snmp_knows 2 || fail "SNMP does not come back"
rebinds "at start" 3
says "$LOG_FILE" "other hardware: number of logical CPUs: 32 in the license, 64 here"
see "after three" state=valid usable=1 severity=ok
equal "rebind events" "$(events rebind)" 3

# Back to what it was this week is free, however often.
for cpus in 32 64 16 8 64; do
	machine $cpus
	ten_minutes; follows $cpus
done
rebinds "back and forth" 3
equal "rebind events" "$(events rebind)" 3
equal "rebind-free events" "$(events rebind-free)" 5

# Unreadable is unknown: no change, no request, no word of other hardware.
attempts=$(attempts)
cat "$D/empty" > "$D/present"
ten_minutes; sleep 0.3; poke
see "unreadable" state=valid usable=1 severity=ok
equal "requests about nothing" "$(attempts)" "$attempts"
curl -fs "$METRICS_URL" | grep -q 'component="logical_cpus"' &&
	fail "what cannot be read is compared"
machine 64
ten_minutes; sleep 0.3
equal "requests" "$(attempts)" "$attempts"

# The fourth in a week.
machine 128
ten_minutes
refused() { [ "$(metric license_grace_end_timestamp_seconds)" ]; }
wait_until 10 refused || fail "the fourth is not refused"
at=$($FAKE date +%s)
see "the fourth" state=expiring usable=1 severity=critical reason=rebind_refused \
	refusal=hardware_limit
grace "the fourth"
[ $((FIRST - at - 72 * 3600)) -le 5 ] && [ $((at + 72 * 3600 - FIRST)) -le 5 ] ||
	fail "the grace ends at $(instant "$FIRST")"
equal "the expiry" "$(metric license_expiry_timestamp_seconds)" "$FIRST"
different "the fourth" 64 128
says "$D/status" "support will contact you"
says "$LOG_FILE" "refuses main: hardware_limit: The hardware was changed too often"
"$FCLI" show license_history > "$D/history"
says "$D/history" "number of logical CPUs"
equal "refuse-hardware-limit events" "$(events refuse-hardware-limit)" 1
says "$D/admin" "64 CPUs, to "
says "$D/admin" ", 128 CPUs"

# Back again: nothing ends any more, and at once.
machine 64
ten_minutes
restored() { [ -z "$(metric license_grace_end_timestamp_seconds)" ] && \
	[ "$(metric 'license_refresh_consecutive_failures')" = 0 ]; }
wait_until 10 restored || fail "going back does not end it"
see "back again" state=valid usable=1 severity=ok
says "$LOG_FILE" "License main fits the hardware again"

# Refused, and nobody does anything: 72 hours from the first refusal.
machine 128
ten_minutes
wait_until 10 refused || fail "it is not refused"
FIRST=
grace "refused again"
set_clock "@$((FIRST - 50 * 3600))"; poke
restart_agent 3
grace "restarted"
go_on
see "asked again" state=expiring usable=1 severity=critical refusal=hardware_limit
grace "asked again"
machine 256
ten_minutes; sleep 0.3
grace "changed once more"
see "changed once more" state=expiring usable=1 reason=rebind_refused
set_clock "@$((FIRST - 30 * 3600))"; poke
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
go_on
grace "the authority is away"
freeze_clock "$(instant $((FIRST)))"
see "its last second" usable=1 severity=critical reason=rebind_refused days=0
freeze_clock "$(instant $((FIRST + 1)))"
see "the second after" state=hardware_mismatch usable=0 severity=critical \
	reason=hardware_mismatch
usable > "$D/shown" && fail "fcli says that it is usable"
"$FCLI" show license > "$D/shown" 2>&1
says "$D/shown" "different: number of logical CPUs"
different "after the grace" 64 256
restart_agent 6
see "restarted after it" state=hardware_mismatch usable=0
set_clock "@$((FIRST + 2))"
start_authority || die "the authority does not start again"

# A person approves; one change, this one.
"$FCLI" commit > "$D/commit" 2>&1 && fail "it went through without approval"
says "$D/commit" "support will contact you"
authority subscription approve-hardware "$SUBSCRIPTION"
"$FCLI" commit > "$D/commit" 2>&1 || fail "commit: $(cat "$D/commit")"
see "approved" state=valid usable=1 severity=ok days=14
rebinds "approved" 4
equal "CPUs of the license" "$(in_file bind-logical-cpus)" 256
equal "approve-hardware events" "$(events approve-hardware)" 1

# A window later all is free again, also while the authority was away.
jump "@$((FIRST + 8 * 86400))"
wait_until 10 rebinds_told 0 || fail "the window does not end"
rebinds "a week later" 0
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
machine 12
ten_minutes; sleep 0.3
see "moved at night, nobody answers" state=valid usable=1
different "moved at night" 256 12
set_clock "@$((FIRST + 10 * 86400))"; poke
see "two days later" state=valid usable=1
start_authority || die "the authority does not start again"
"$FCLI" commit > "$D/commit" 2>&1 || fail "commit: $(cat "$D/commit")"
rebinds "and back" 1
see "and back" state=valid usable=1 severity=ok
authority events
grep -E ' (fork|rollback|clone-found|refuse-clone) ' "$D/admin" &&
	fail "an honest machine is suspected"
say "hardware: ok"

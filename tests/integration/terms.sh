#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: years of a subscription on the shipped programs, under faketime: a month
# to its last second, the payment that comes at 20:00 UTC on its last day, a
# late one, 14 days without the authority, what the vendor suspends, cancels and
# reinstates, 29 February. Nobody helps the agent but where it says commit.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/terms.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	printf 'terms: %s\n' "$*" >&2
	cat "$D/agent.err" "$D/line" >&2; tail -n 40 "$LOG_FILE" >&2
	exit 1
}
authority() {
	$FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" \
		> "$D/admin" 2>&1 || fail "$*: $(cat "$D/admin")"
}
refused_by_authority() { # refused_by_authority WORDS COMMAND...: exit 2 with the words
	words=$1; shift
	$FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" \
		> "$D/admin" 2>&1 && fail "$* was taken"
	grep -qF -e "$words" "$D/admin" || fail "$*: $(cat "$D/admin")"
}
restart_agent() {
	stop_pid "$AGENT_PID"
	start_agent || fail "the agent does not start"
	wait_until 20 snmp_knows "$1" || fail "SNMP does not come back"
}
# find_payment INSTANT HOURS DATE: paid then; the new term is there by itself.
find_payment() {
	rounds=0
	while [ "$(in_file term-end)" != "$3T23:59:59Z" ]; do
		[ $rounds -lt 12 ] || fail "the payment is not found"
		rounds=$((rounds + 1))
		go_on
	done
	took=$((NEXT - $(epoch "$1")))
	[ $took -le $(($2 * 3600 + 60)) ] || fail "found after $took s"
	say "terms: the payment was found by itself after $((took / 60)) min"
}
# find_state WHAT SINCE HOURS STATE: the agent finds by itself what happened.
find_state() {
	rounds=0
	while [ "$(the_state)" != "$4" ]; do
		[ $rounds -lt 12 ] || fail "$1 is not found"
		rounds=$((rounds + 1))
		go_on
	done
	took=$((NEXT - $(epoch "$2")))
	[ $took -le $(($3 * 3600 + 60)) ] || fail "$1: found after $took s"
	say "terms: $1 was found by itself after $((took / 60)) min"
}
the_state() {
	curl -fs -m 5 "$METRICS_URL" |
	    sed -n 's/^license_state{license="main",state="\([a-z_]*\)"} 1$/\1/p'
}
in_file() { sed -n "s/^$1 //p" "$LICENSE_FILE"; }
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }

# Bought on the 31st, to the last day of the next month.
set_clock 2027-01-31T10:00:00Z
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
AUTHORITY_DIR=$D/authority
authority init
authority subscription add --customer "Example ISP" \
	--product "FastNetMon Advanced" --kind production --mbits 10000 \
	--billing monthly --term-end 2027-02-28 --external 127.0.0.1
SUBSCRIPTION=$(tail -n 1 "$D/admin")
start_authority || die "the authority does not start"
start_snmpd || die "snmpd does not start"
write_config
start_agent || die "the agent does not start"
wait_until 20 usable || fail "no license came"
wait_until 20 snmp_usable || fail "SNMP has no license"

see "bought on 31 January" state=valid usable=1 severity=ok days=14 \
	lease=14 term=28 action=28 warning=5 critical=2 \
	lease_end=2027-02-14 term_end=2027-02-28
for day in 1 2 3; do
	# The window of a machine may be late on the day that it was activated.
	while go_on; [ "$(instant "$NEXT" | cut -c1-10)" = 2027-01-31 ]; do
		:
	done
	see "day $day" state=valid days=14 term=$((28 - day)) \
		"lease_end=2027-02-$((14 + day))"
done

# Three weeks on: no lease goes past the paid term.
jump 2027-02-22T12:00:00Z
see "six days before the end" state=valid lease_end=2027-02-28 days=6 term=6
freeze_clock 2027-02-23T23:59:59Z
see "five days, less nothing" state=valid severity=ok action=5
freeze_clock 2027-02-24T00:00:00Z
see "less than five days" state=expiring severity=warning reason=term_ending \
	action=4
jump 2027-02-26T20:00:00Z
freeze_clock 2027-02-27T00:00:00Z
see "less than two days" state=expiring severity=critical reason=term_ending \
	action=1

# The last 48 hours: every hour, until 20:00 on the last day.
count=0 widest=0 last=$(epoch 2027-02-26T23:59:59Z)
while go_on; [ "$NEXT" -lt "$(epoch 2027-02-28T19:00:00Z)" ]; do
	[ $((NEXT - last)) -le $widest ] || widest=$((NEXT - last))
	last=$NEXT count=$((count + 1))
done
say "terms: the last 48 hours: $count refreshes by 19:00 of the last day, at most $((widest / 60)) min apart"
[ $count -ge 42 ] && [ $widest -le 3700 ] || fail "not hourly"
set_clock 2027-02-28T20:00:00Z
authority subscription set "$SUBSCRIPTION" --mbits 20000
authority subscription extend "$SUBSCRIPTION" --to 2027-03-31
find_payment 2027-02-28T20:00:00Z 1 2027-03-31
see "paid at 20:00 of the last day" state=valid severity=ok mbits=20000 days=14 \
	term=31 lease_end=2027-03-14 term_end=2027-03-31
changed=$(grep -c "it is 20000 mbits now" "$LOG_FILE")
equal "lines about the new bandwidth" "$changed" 1
freeze_clock 2027-03-01T00:00:01Z
see "the next month" state=valid usable=1 days=13 term=30

# Nobody pays: usable to the last second of the term, then not.
jump 2027-03-31T22:30:00Z
freeze_clock 2027-03-31T23:59:59Z
see "the last second" state=expiring usable=1 severity=critical \
	reason=term_ending days=0 term=0 action=0
freeze_clock 2027-04-01T00:00:00Z
see "the second after" state=expired usable=0 severity=critical \
	reason=expired days=-1 term=-1
set_clock 2027-04-01T00:00:01Z
while [ "$(metric license_refresh_consecutive_failures)" -lt 8 ]; do
	go_on
done
see "a day later" state=expired usable=0 refusal=term_over
since=$(instant "$((NEXT + 60))")
set_clock "$since"
authority subscription extend "$SUBSCRIPTION" --to 2027-04-30
find_payment "$since" 6 2027-04-30
see "paid late" state=valid usable=1 severity=ok days=14 term_end=2027-04-30

# The same with commit, at once.
jump 2027-05-02T09:00:00Z
see "not paid again" state=expired usable=0 refusal=term_over
authority subscription extend "$SUBSCRIPTION" --to 2027-05-31
"$FCLI" commit > "$D/commit" 2>&1 || fail "commit: $(cat "$D/commit")"
see "paid, and commit" state=valid usable=1 severity=ok days=14 \
	term_end=2027-05-31

# What the vendor writes changes the thresholds by itself.
authority subscription set "$SUBSCRIPTION" --renews auto
go_on
see "renews auto" state=valid warning=2 critical=1
authority subscription set "$SUBSCRIPTION" --billing annual --renews manual
authority subscription extend "$SUBSCRIPTION" --to 2028-02-29
go_on
see "annual, to a leap day" state=valid warning=30 critical=7 \
	term_end=2028-02-29
for date in 2027-02-29 2027-02-31 2027-04-31 2100-02-29 2028-2-29; do
	refused_by_authority "$date" subscription extend "$SUBSCRIPTION" \
		--to $date
done
refused_by_authority "2028-02-29 already" subscription extend "$SUBSCRIPTION" \
	--to 2028-02-29

# 14 days without the authority: issued on 4 May at the latest.
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
lease_end=$(epoch "$(in_file lease-end)")
ok=$(metric license_refresh_last_success_timestamp_seconds)
set_clock "@$((ok + 36 * 3600 - 60))"
see "36 hours, less a minute" state=valid severity=ok
set_clock "@$((ok + 36 * 3600 + 60))"
see "36 hours and a minute" state=valid usable=1 severity=warning \
	reason=refresh_overdue result=connect
freeze_clock "$(instant $((lease_end - 10 * 86400 + 1)))"
see "ten days left" state=expiring severity=warning reason=lease_ending \
	days=9 action=9
freeze_clock "$(instant $((lease_end - 5 * 86400 + 1)))"
see "five days left" state=expiring severity=critical reason=lease_ending \
	days=4 action=4
restart_agent 3
freeze_clock "$(instant "$lease_end")"
see "the lease's last second" state=expiring usable=1 days=0
freeze_clock "$(instant $((lease_end + 1)))"
see "the 15th day" state=expired usable=0 severity=critical reason=expired \
	days=-1
equal "the lease on disk" "$(epoch "$(in_file lease-end)")" "$lease_end"
restart_agent 4
see "the same after a restart" state=expired usable=0
since=$(instant $((lease_end + 7200)))
set_clock "$since"
start_authority || die "the authority does not start again"
find_state "the authority" "$since" 6 valid
see "14 days again" state=valid usable=1 severity=ok days=14 \
	term_end=2028-02-29

# Suspended: found by the daily refresh, holds over a restart, ends by itself.
authority subscription suspend "$SUBSCRIPTION"
go_on
see "suspended" state=suspended usable=0 severity=critical reason=suspended \
	refusal=suspended
restart_agent 7
see "suspended, after a restart" state=suspended usable=0 refusal=suspended
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
go_on
restart_agent 7
see "suspended, nobody answers" state=suspended usable=0
start_authority || die "the authority does not start again"
authority subscription reinstate "$SUBSCRIPTION"
since=$(instant "$NEXT")
find_state "the reinstatement" "$since" 6 valid
see "reinstated by itself" state=valid usable=1 severity=ok days=14

# Cancelled at the end of the paid term: it runs to it, and no further.
authority subscription set "$SUBSCRIPTION" --term-end \
	"$(date -u -d "@$((NEXT + 10 * 86400))" +%F)"
authority subscription cancel "$SUBSCRIPTION"
go_on
end=$(epoch "$(in_file term-end)")
see "cancelled, paid until then" state=expiring usable=1 reason=term_ending
jump "@$((end - 3600))"
freeze_clock "$(instant "$end")"
see "cancelled, its last second" usable=1 days=0
freeze_clock "$(instant $((end + 1)))"
see "cancelled, over" state=expired usable=0
jump "@$((end + 8 * 3600))"
see "cancelled, refused" state=expired usable=0 refusal=term_over

# Bought again, then cancelled at once, and back with commit.
authority subscription reinstate "$SUBSCRIPTION"
authority subscription extend "$SUBSCRIPTION" --to 2028-02-29
"$FCLI" commit > "$D/commit" 2>&1 || fail "commit: $(cat "$D/commit")"
see "bought again" state=valid usable=1 days=14
authority subscription cancel "$SUBSCRIPTION" --now
go_on
see "cancelled at once" state=cancelled usable=0 severity=critical \
	reason=cancelled refusal=cancelled
restart_agent 8
see "cancelled, after a restart" state=cancelled usable=0
authority subscription reinstate "$SUBSCRIPTION"
"$FCLI" commit > "$D/commit" 2>&1 || fail "commit: $(cat "$D/commit")"
see "reinstated with commit" state=valid usable=1 severity=ok days=14
equal "restarts not counted as clock steps" \
	"$(grep -c "not believed" "$LOG_FILE")" 0

# 29 February is a day like any other.
jump 2028-02-28T23:30:00Z
freeze_clock 2028-02-29T23:59:59Z
see "29 February" state=expiring usable=1 days=0
freeze_clock 2028-03-01T00:00:00Z
see "1 March" state=expired usable=0 days=-1
say "terms: ok"

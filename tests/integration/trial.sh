#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: trials by policy and coupons, on the shipped programs: an address gets
# one trial and never another, it ends on time and what is bought takes over by
# itself; a coupon is good once, for one machine, however often that shows it.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/trial.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
CLIENT=$B/tests/lease_client
[ -x "$CLIENT" ] || CLIENT=$B/lease_client
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'trial: %s\n' "$*" >&2
	cat "$D/agent.err" "$D/err" >&2; tail -n 20 "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"; }
A="$FAKE $B/leaseline-authority"
authority() {
	$A "$@" --dir "$AUTHORITY_DIR" > "$D/admin" 2> "$D/err" ||
		fail "$*: $(cat "$D/err")"
}
wrong() { # wrong SENTENCE COMMAND...: exit 2
	sentence=$1; shift
	$A "$@" --dir "$AUTHORITY_DIR" > "$D/admin" 2> "$D/err"
	equal "exit code of $*" $? 2
	says "$D/err" "$sentence"
}
# ask KEY [NAME=VALUE...]: what a machine of this key is answered.
ask() {
	key=$1; shift
	$FAKE "$CLIENT" make "$D/$key.pem" "$@" \
		"product=FastNetMon Advanced" > "$D/$key.request"
	again "$key"
}
again() { # again KEY: the same bytes once more
	status=$(curl -s -k ${FROM:+--interface $FROM} -o "$D/$1.answer" -w '%{http_code}' -m 10 \
		--data-binary "@$D/$1.request" "$AUTHORITY_URL/v1/lease")
	$FAKE "$CLIENT" read "$AUTHORITY_DIR/root.pub" "$D/$1.request" \
		"$D/$1.answer" "$status" > "$D/$1.read"
	cut -d' ' -f1-3 "$D/$1.read"
}
add() { # add [OPTION...]: its id in $ADDED, a coupon in $COUPON
	authority subscription add --customer "Example ISP" --kind production \
		--product "FastNetMon Advanced" --mbits 10000 \
		--billing annual --term-end 2028-03-31 "$@"
	ADDED=$(tail -n 1 "$D/admin")
	COUPON=$(sed -n 's/^coupon //p' "$D/admin")
}
in_file() { sed -n "s/^$1 //p" "$LICENSE_FILE"; }

set_clock 2027-03-01T10:00:00Z
AGENT_PREFIX=$FAKE AUTHORITY_PREFIX=$FAKE
AUTHORITY_DIR=$D/authority
authority init
start_authority || die "the authority does not start"
write_config

# Off by default; told apart from nothing.
equal "without a policy" "$(ask first)" "refusal unknown_machine 0"
says "$D/first.answer" "No subscription is assigned to this machine, seen at 127.0.0.1"
authority policy show
equal "policies" "$(cat "$D/admin")" ""
wrong "--product is needed" policy trial --days 30 --mbits 500
wrong "--days and --mbits are both needed" policy trial --product X --days 3
wrong "--days 0 is not good" policy trial --product X --days 0 --mbits 5
authority policy trial --product "FastNetMon Advanced" --days 30 --mbits 500
authority policy show
says "$D/admin" "FastNetMon Advanced  30    500"

# A fresh agent gets one, seen at its next request by a running authority.
start_agent || die "the agent does not start"
wait_until 20 usable || fail "no trial came"
equal "the line" "$("$FCLI" show license)" \
	"Trial license for 500 mbits valid until 2027-03-15"
equal "kind" "$(in_file kind)" trial
equal "billing" "$(in_file billing)" ""
equal "the end" "$(in_file term-end)" 2027-03-31T23:59:59Z
see "a trial" state=valid severity=ok mbits=500 days=14 term=30 action=30 \
	warning=7 critical=2
TRIAL=$(in_file license-id)
authority events --subscription "$TRIAL"
says "$D/admin" "500 mbits of FastNetMon Advanced until 2027-03-31"

# Another machine behind this address: no trial, with or without a coupon.
equal "a second machine" "$(ask second internal-address=10.0.0.2)" \
	"refusal unknown_machine 0"
says "$D/second.answer" "The trial of this address was used before"
equal "a made-up coupon" "$(ask second coupon=none)" "refusal no_subscription 0"
says "$D/second.answer" "There is no subscription for this product and coupon here"
equal "another product" "$(ask second product=Other)" "refusal no_subscription 0"
equal "trials" "$($A subscription list --dir "$AUTHORITY_DIR" | grep -c trial)" 1

# To its last second; then neither a restart nor a new key makes it live again.
jump 2027-03-24T10:00:00Z
freeze_clock 2027-03-24T23:59:59Z
see "seven days before" state=valid severity=ok action=7
freeze_clock 2027-03-25T00:00:00Z
see "a second later" state=expiring severity=warning reason=term_ending action=6
jump 2027-03-31T20:00:00Z
freeze_clock 2027-03-31T23:59:59Z
see "the last second" usable=1 severity=critical days=0
freeze_clock 2027-04-01T00:00:00Z
see "the second after" state=expired usable=0 reason=expired
set_clock 2027-04-01T00:00:01Z
"$FCLI" commit > "$D/out" 2>&1 && fail "a trial after its end"
says "$D/out" "The trial is over; please contact sales"
see "asked after its end" state=expired refusal=term_over
# Reinstalled: no memory, a new key, at the same address.
stop_pid "$AGENT_PID"
mkdir "$D/kept"; mv "$D/state" "$LICENSE_FILE" "$D/kept"; mkdir "$D/state"
start_agent || die "the agent does not start"
refused_for() { curl -fs "$METRICS_URL" | grep -q "last_refusal{.*\"$1\"} 1"; }
wait_until 10 refused_for term_over || fail "reinstalled: not refused"
usable && fail "reinstalled: a trial again"
stop_pid "$AGENT_PID"; rm -r "$D/state"; mv "$D/kept/state" "$D"
cp "$D/kept/license.lic" "$LICENSE_FILE"
start_agent || die "the agent does not start"
equal "trials" "$($A subscription list --dir "$AUTHORITY_DIR" | grep -c trial)" 1

# Bought: found by the slow pace; suspended or elsewhere it would not be.
add --external 192.0.2.7
add --external 127.0.0.1
BOUGHT=$ADDED
rounds=0
while [ "$(in_file license-id)" != "$BOUGHT" ]; do
	[ $rounds -lt 12 ] || fail "what was bought is not found"
	rounds=$((rounds + 1))
	go_on
done
see "bought" state=valid usable=1 severity=ok mbits=10000 days=14 refusal=none
say "trial: bought: found by itself $(((NEXT - $(epoch 2027-04-01T00:00:00Z)) / 3600)) h after the end"
equal "kind" "$(in_file kind)" production
authority machine list --subscription "$BOUGHT"
equal "machines of it" "$(grep -c ' live ' "$D/admin")" 1
authority machine list --subscription "$TRIAL"
equal "machines of the trial" "$(grep -c ' live ' "$D/admin")" 0
go_on
see "and extended" state=valid refusal=none

# A trial that runs gives way at once when a person commits.
authority subscription set "$BOUGHT" --term-end 2027-04-01
set_clock 2027-04-03T10:00:00Z
add --external 127.0.0.1
"$FCLI" commit > "$D/out" 2>&1 || fail "commit: $(cat "$D/out")"
equal "after commit" "$(in_file license-id)" "$ADDED"

# Another address has its own; reinstalled there, it is the same one.
FROM=127.0.0.2
equal "another address" "$(ask third internal-address=10.0.2.1)" \
	"license 1 2027-04-17T23:59:59Z"
set_clock 2027-04-28T10:00:00Z
equal "reinstalled" "$(ask fourth internal-address=10.0.2.1)" \
	"license 2 2027-05-03T23:59:59Z"
equal "the same trial" "$(grep ^license-id "$D/fourth.answer")" \
	"$(grep ^license-id "$D/third.answer")"
equal "the old key" "$(ask third internal-address=10.0.2.1 sequence=1)" \
	"refusal unknown_machine 0"
set_clock 2027-04-03T10:00:00Z
FROM=

# Off again: an address that had none gets none.
authority policy trial --product "FastNetMon Advanced" --off
$A policy trial --product "FastNetMon Advanced" --off \
	--dir "$AUTHORITY_DIR" > "$D/admin" 2> "$D/err"
equal "exit code of switching off twice" $? 1
FROM=127.0.0.3
equal "an address that had none" "$(ask fifth)" "refusal unknown_machine 0"
FROM=

# Coupons. The answer may be lost, the request be another: the same machine.
add --coupon
one=$COUPON
equal "a coupon" "$(ask alpha "coupon=$one" internal-address=10.0.1.1)" \
	"license 1 2027-04-17T23:59:59Z"
cp "$D/alpha.answer" "$D/alpha.first"
equal "the same bytes" "$(again alpha)" "license 1 2027-04-17T23:59:59Z"
cmp -s "$D/alpha.first" "$D/alpha.answer" || fail "another answer"
equal "the same machine" "$(ask alpha "coupon=$one" sequence=1 \
	internal-address=10.0.1.1)" "license 2 2027-04-17T23:59:59Z"
equal "another machine" "$(ask beta "coupon=$one" internal-address=10.0.1.2)" \
	"refusal coupon_used 0"
says "$D/beta.answer" "The coupon was used before, at another address"
equal "a wrong digit" "$(ask beta "coupon=${one%?}~")" \
	"refusal no_subscription 0"
authority subscription show "$ADDED"
says "$D/admin" "127.0.0.1/32"
says "$D/admin" "10.0.1.1"
equal "coupon" "$(awk '$1 == "coupon" { print $2 }' "$D/admin")" used
$A events --dir "$AUTHORITY_DIR" --subscription "$ADDED" > "$D/events"
equal "coupon-used events" "$(grep -c ' coupon-used ' "$D/events")" 1

# In the configuration of an agent whose subscription is over.
authority subscription set "$(in_file license-id)" --term-end 2027-04-02
add --coupon
"$FCLI" commit > "$D/out" 2>&1 && fail "a license without a subscription"
printf 'coupon = %s\n' "$COUPON" >> "$CONFIG"
"$FCLI" commit > "$D/out" 2>&1 || fail "with a coupon: $(cat "$D/out")"
equal "by coupon" "$(in_file license-id)" "$ADDED"
"$FCLI" commit > "$D/out" 2>&1 || fail "shown again: $(cat "$D/out")"
see "by a coupon" state=valid severity=ok refusal=none

# One that is not known ends nothing, and is not swallowed.
sed -i 's/^coupon = .*/coupon = aaaa-bbbb-cccc-dddd/' "$CONFIG"
"$FCLI" commit > "$D/out" 2>&1 || fail "a wrong coupon: $(cat "$D/out")"
says "$D/out" "but the coupon in the configuration was NOT used"
says "$LOG_FILE" "The coupon of main was not used"
grep -q '^optional-coupon unused$' "$LICENSE_FILE" || fail "no line of it"
"$FCLI" show license_status > "$D/out" || fail "not usable"
says "$D/out" "What to do:    The coupon in the configuration was not used"
$A events --dir "$AUTHORITY_DIR" --subscription "$ADDED" > "$D/events"
grep -q ' coupon-unknown ' "$D/events" || fail "no event of it"
see "by a wrong coupon" state=valid severity=ok refusal=none
kept=$ADDED
add --coupon
sed -i "s/^coupon = .*/coupon = $COUPON/" "$CONFIG"
"$FCLI" commit > "$D/out" 2>&1 || fail "another's coupon: $(cat "$D/out")"
says "$D/out" "was NOT used"
equal "the one in force" "$(in_file license-id)" "$kept"
$A events --dir "$AUTHORITY_DIR" --subscription "$kept" > "$D/events"
grep -q " coupon-unused .*that of $ADDED" "$D/events" || fail "no event of it"
sed -i '/^coupon = /d' "$CONFIG"
"$FCLI" commit > "$D/out" 2>&1 || fail "without: $(cat "$D/out")"
grep -q 'NOT used' "$D/out" && fail "without one it is still said"
grep -q '^optional-' "$LICENSE_FILE" && fail "without one the line is there"
say "trial: a coupon that is unknown, or not needed: said on both sides"
$A events --dir "$AUTHORITY_DIR" > "$D/events"
grep -E ' (rollback|fork|clone-found|refuse-clone) ' "$D/events" &&
	fail "an honest machine is suspected"
say "trial: a coupon: once, and again for the same machine"

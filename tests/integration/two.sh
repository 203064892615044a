#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: one agent, two licenses of different products, one machine key: both
# are usable and refreshed, and what happens to one leaves the other alone.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/two.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
SNMP_ENABLED=no
OTHER="Other Product"

fail() {
	printf 'two: %s\n' "$*" >&2
	cat "$D/agent.err" >&2; tail -n 30 "$LOG_FILE" >&2
	"$B/leaseline-authority" events --dir "$AUTHORITY_DIR" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR"; }
sequence() { sed -n 's/^sequence //p' "$1"; }
is_usable() { "$FCLI" show license "$1"; }
metric() { # metric NAME LICENSE
	curl -fs -m 5 "$METRICS_URL" |
		sed -n "s/^$1{license=\"$2\"} //p"
}
# events SUBSCRIPTION WORD: how many
events() { authority events --subscription "$1" | grep -c " $2 "; }

init_authority && SUBSCRIPTION=$(add_subscription) &&
    SECOND=$(authority subscription add --customer "Example ISP" \
	--product "$OTHER" --kind production --mbits 20000 \
	--billing annual --term-end "$(date -u -d '+200 days' +%F)" \
	--external 127.0.0.1 | tail -n 1) && [ -n "$SECOND" ] ||
    die "the authority cannot be set up"
start_authority || die "the authority does not start"
write_config
OTHER_FILE=$D/other.lic
cat >> "$CONFIG" <<-EOT

[license other]
source = authority
product = $OTHER
license-file = $OTHER_FILE
authority-url = $AUTHORITY_URL
authority-root = $AUTHORITY_DIR/root.pub
authority-ca = $AUTHORITY_DIR/ca.crt
EOT
start_agent || die "the agent does not start"

wait_until 20 is_usable main || fail "main is not usable"
wait_until 20 is_usable other || fail "other is not usable"
"$FCLI" --all show license > "$D/all" || fail "--all: $(cat "$D/all")"
equal "lines of --all" "$(wc -l < "$D/all")" 2
equal "product of main" "$(sed -n 's/^product //p' "$LICENSE_FILE")" \
	"FastNetMon Advanced"
equal "product of other" "$(sed -n 's/^product //p' "$OTHER_FILE")" "$OTHER"
equal "license of main" "$(sed -n 's/^license-id //p' "$LICENSE_FILE")" \
	"$SUBSCRIPTION"
equal "license of other" "$(sed -n 's/^license-id //p' "$OTHER_FILE")" "$SECOND"
for name in main other; do
	equal "$name in metrics" "$(metric license_usable $name)" 1
done
[ "$(metric license_term_end_timestamp_seconds main)" -gt \
	"$(metric license_term_end_timestamp_seconds other)" ] ||
	fail "the terms are mixed up in metrics"

# Each goes on in its own chain, in turn.
for round in 1 2 3; do
	for name in other main other; do
		file=$LICENSE_FILE
		[ $name = main ] || file=$OTHER_FILE
		before=$(sequence "$file")
		"$FCLI" set renew_license $name > "$D/renew" 2>&1 ||
			fail "renew $name: $(cat "$D/renew")"
		equal "sequence of $name" "$(sequence "$file")" \
			"$((before + 1))"
	done
done
equal "keys" "$(authority machine list --json | python3 -c 'import json, sys
print(len({m["machine_key"] for m in json.load(sys.stdin)["machines"]}))')" 1
equal "machines" "$(authority machine list | grep -c live)" 2

# Suspended: this one alone.
authority subscription suspend "$SECOND" > "$D/suspend" ||
	fail "$(cat "$D/suspend")"
"$FCLI" set renew_license other > "$D/renew" 2>&1 &&
	fail "a suspended license was renewed: $(cat "$D/renew")"
is_usable other > "$D/line" && fail "suspended, but $(cat "$D/line")"
"$FCLI" --all show license > "$D/all" && fail "--all hides it: $(cat "$D/all")"
equal "other in metrics" "$(metric license_usable other)" 0
"$FCLI" set renew_license main > "$D/renew" 2>&1 ||
	fail "main beside a suspended one: $(cat "$D/renew")"
is_usable main > "$D/line" || fail "$(cat "$D/line")"
equal "main in metrics" "$(metric license_usable main)" 1

authority subscription reinstate "$SECOND" > "$D/suspend" ||
	fail "$(cat "$D/suspend")"
"$FCLI" set renew_license other > "$D/renew" 2>&1 ||
	fail "reinstated: $(cat "$D/renew")"
is_usable other > "$D/line" || fail "reinstated, but $(cat "$D/line")"

for id in $SUBSCRIPTION $SECOND; do
	equal "activations of $id" "$(events "$id" activate)" 1
	[ "$(events "$id" extend)" -ge 4 ] || fail "$id was not extended"
	for word in fork rollback replay take-over rebind refuse-clone; do
		equal "$word of $id" "$(events "$id" $word)" 0
	done
done
echo "two: ok"

# SPDX-License-Identifier: ISC
# Time as a file, for tests of the shipped programs: whoever was started with
# $FAKE sees it, all of them the same, and it can be moved while they run.
# Elapsed time moves along, as on a machine that slept, unless a program was
# started with $STEPPED: then only the wall clock does, as when somebody sets
# it. Sourced after lib.sh and make_directory.

CLOCK=$D/clock
fake_library=$(dpkg -L libfaketime | grep 'MT\.so\.1$')
FAKE="env TZ=UTC LD_PRELOAD=$fake_library FAKETIME_TIMESTAMP_FILE=$CLOCK FAKETIME_NO_CACHE=1"
STEPPED="$FAKE FAKETIME_DONT_FAKE_MONOTONIC=1"

epoch() { date -u -d "$1" +%s; }
instant() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

write_clock() { printf '%s\n' "$1" > "$CLOCK.new" && mv "$CLOCK.new" "$CLOCK"; }

# set_clock INSTANT|@EPOCH: it is that now, and time goes on.
set_clock() { write_clock "$(printf '%+d' $(($(epoch "$1") - $(date +%s))))"; }

# freeze_clock INSTANT: it is that until the next set_clock.
freeze_clock() { write_clock "$(date -u -d "$1" '+%F %T')"; }

# poke: the agent looks at its clock; otherwise it sleeps as long as it meant to.
poke() { "$FCLI" show license > "$D/line" 2>&1; }

metric() { # metric NAME: of license main, or of the agent
	curl -fs -m 5 "$METRICS_URL" |
		sed -n "s/^$1\({license=\"main\"}\)\{0,1\} //p"
}

# read_faces: 1 when one does not answer, $face says which.
read_faces() {
	poke
	face="/metrics or fcli"
	curl -fs -m 5 "$METRICS_URL" > "$D/metrics" &&
	    "$FCLI" --json show license > "$D/json"
	[ -s "$D/json" ] || return 1
	face=SNMP
	oids=$(for i in $(seq 7 29); do say "$BASE_OID.1.2.$i.0"; done)
	[ "$SNMP_ENABLED" = no ] || snmpget -v2c -c "$SNMP_COMMUNITY" -t 2 \
		-r 1 -Oqv "$SNMP_TARGET" $oids > "$D/scalars"
}

# see WHEN NAME=VALUE...: all faces agree, and on these values; the words
# before the first "=" are the report's, see faces.py. They are read one after
# the other and a refresh may end between two: what is not so is read again.
see() {
	situation=$1; shift
	looks=5
	while :; do
		read_faces || fail "$situation: $face does not answer"
		python3 "$ROOT/tests/integration/faces.py" "$D/metrics" \
			"$D/json" "$D/scalars" "$@" > "$D/faces" 2>&1 && break
		looks=$((looks - 1))
		[ $looks -gt 0 ] || fail "$situation: $(cat "$D/faces")"
		sleep 1
	done
	printf '%s: %s: %s\n' "$(basename "$0" .sh)" "$situation" \
		"$(cat "$D/faces")"
}

attempts() { metric license_refresh_attempts_total; }
tried() { [ "$(attempts)" -gt "$1" ]; }

# jump INSTANT: time goes there, past a refresh that is due by then.
jump() {
	tried_before=$(attempts)
	set_clock "$1"
	poke
	wait_until 10 tried "$tried_before" || fail "nothing was tried at $1"
}

# go_on: to the next refresh that the agent has planned. $NEXT: when that was.
go_on() {
	NEXT=$(metric license_refresh_next_attempt_timestamp_seconds)
	[ -n "$NEXT" ] || fail "no refresh is planned"
	jump "@$((NEXT + 1))"
}

snmp_knows() { [ "$(snmp 1.2.9.0)" = "$1" ]; }

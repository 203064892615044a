#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: source = fastnetmon while things change and go wrong at once: a look is
# under way when the configuration changes, when a person asks, when fcli never
# ends; the same name had an authority before; a hundred that hang; no agent.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/vendor_change.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
SNMP_ENABLED=no APIS=
finish() {
	rm -f "$D"/api*/hang
	for pid in $APIS; do stop_pid "$pid"; done
	stop_all; [ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { say "vendor_change: $*"; }
fail() {
	printf 'vendor_change: %s\n' "$*" >&2
	tail -n 15 "$D/agent.err" "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
value() { # value METRIC LICENSE
	curl -fs -m 5 "$METRICS_URL" | sed -n "s/^$1{license=\"$2\"} //p"
}
is() { [ "$(value "$1" "$2")" = "$3" ]; }

# api NAME: another FastNetMon. $url_NAME
api() {
	mkdir -p "$D/api$1"; : > "$D/api$1/requests"
	python3 "$ROOT/tests/integration/fastnetmon_api.py" "$D/api$1" \
		> "$D/api$1/out" 2>&1 &
	APIS="$APIS $!"
	wait_until 10 test -s "$D/api$1/port" || die "the API does not start"
	eval "url_$1=http://127.0.0.1:$(cat "$D/api$1/port")"
}
says() { # says NAME DAYS: until when its license is
	date=$(date -u -d "+$2 days" +%F)
	say "{\"expiration_date\": \"$date\", \"licensed_bandwidth\": 10000}" \
		> "$D/api$1/license.json"
}
hang() { : > "$D/api$1/requests"; touch "$D/api$1/hang"; }
asked() { [ "$(grep -c . "$D/api$1/requests")" -ge "${2:-1}" ]; }
section() { # section NAME LINE...: one more license
	printf '\n[license %s]\nsource = fastnetmon\n' "$1" >> "$CONFIG"; shift
	for line in "$@"; do say "$line" >> "$CONFIG"; done
}
bare() { sed -i '/^\[license /,$d' "$CONFIG"; }
both() { # both LINES: license main of the first API, license b of ${LINES}
	bare; section main "api-url = $url_a" "$WORD"
	section b "$@"
}
reload() { kill -HUP "$AGENT_PID"; }
waits() { "$FCLI" "$@" > "$D/said" 2>&1; say $? > "$D/code"; }
# told CODE SENTENCE: to who waited in the background.
told() {
	wait "$WAITER"
	equal "exit code of '$(cat "$D/said")'" "$(cat "$D/code")" "$1"
	has_line "$D/said" "$2" || fail "'$(cat "$D/said")', not '$2'"
}

# Somebody waits for a look that hangs, and its section changes, or goes.
under_way() {
	hang b
	waits commit b & WAITER=$!
	wait_until 10 asked b || fail "b is not asked"
	both "api-url = $url_c" "$WORD"
	reload
	told 0 "valid until $(date -u -d '+9 days' +%F)"
	hang c
	waits commit b & WAITER=$!
	wait_until 10 asked c || fail "c is not asked"
	bare; section main "api-url = $url_a" "$WORD"
	reload
	told 1 "The configuration of the license was changed"
	rm "$D/apib/hang" "$D/apic/hang"
	"$FCLI" commit > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	# A better password, while one that is wrong is being tried.
	say wrong > "$D/wrong"; chmod 0600 "$D/wrong"
	hang c
	both "api-url = $url_c" "api-password-file = $D/wrong"
	reload
	wait_until 10 asked c || fail "c is not asked again"
	both "api-url = $url_c" "$WORD"
	waits commit b & WAITER=$!
	wait_until 10 asked c 2 || fail "the new password is not tried"
	rm "$D/apic/hang"
	told 0 "valid until"
	ok "a look that hangs: the new address is asked at once, a section that" \
		"goes tells who waits, a new password is the next one's"
}

# Who asks for a renewal while a look is under way gets a renewal.
while_looking() {
	both "api-url = $url_c" "$WORD" "renew = yes"
	"$FCLI" commit b > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	hang c
	("$FCLI" commit b > "$D/commit" 2>&1; :) & committed=$!
	wait_until 10 asked c || fail "c is not asked"
	waits set renew_license b & WAITER=$!
	wait_until 10 test "$(ss -xH src "$S/control.sock" | wc -l)" -ge 2
	rm "$D/apic/hang"
	told 1 "FastNetMon did not renew it: FastNetMon says: renewal"
	wait $committed
	equal "PUT" "$(grep -c PUT "$D/apic/requests")" 1
	cp "$D/apia/license.json" "$D/apic/renewed"
	waits set renew_license b & WAITER=$!
	told 0 "FastNetMon was asked to renew it"
	ok "a renewal asked for during a look is one; a refused one says so," \
		"exit code 1"
}

of_agent() { ps -o stat=,args= --ppid "$AGENT_PID"; }
no_child() { [ -z "$(of_agent)" ]; }
# It prints without end, minds no SIGTERM, and has a child like itself.
endless_fcli() {
	cat > "$D/endless" <<-'EOT'
	#!/bin/sh
	trap '' TERM
	(while :; do sleep 1; done) &
	while :; do printf '%01000d' 0; done 2> /dev/null
	EOT
	chmod +x "$D/endless"
	bare; section main "fcli-path = $D/endless"; reload
	wait_until 10 full || fail "fcli does not run: $(of_agent)"
	size=$(stat -Lc %s /proc/"$AGENT_PID"/fd/* | sort -n | tail -n 1)
	bare; section main "api-url = $url_a" "$WORD"; reload
	wait_until 20 no_child || fail "it goes on: $(of_agent)"
	! pgrep -f "$D/endless" > /dev/null || fail "what it started goes on"
	is license_usable main 1 || fail "no license of the API"
	ok "an fcli without end: $size bytes of it are kept; gone with its child," \
		"and no zombie, after a reload"
}
full() {
	for fd in /proc/"$AGENT_PID"/fd/*; do
		case $(readlink "$fd") in /memfd:fcli*)
			grep -q '^pos:.65536$' "/proc/$AGENT_PID/fdinfo/${fd##*/}" &&
				return 0 ;;
		esac
	done
	return 1
}

high_water() { sed -n 's/^high-water //p' "$D/state/.clock.state"; }
# What an authority gave is as it was, when the name had another source.
and_back() {
	init_authority && add_subscription > "$D/sold" || die "no authority"
	start_authority || die "the authority does not start"
	write_config
	cp "$CONFIG" "$D/ours.conf"
	start_agent || die "the agent does not start"
	wait_until 20 usable || fail "no license of the authority"
	cp "$LICENSE_FILE" "$D/before.lic"
	# Not asked yet: nothing that the authority answered is said of it.
	hang a
	bare; section main "api-url = $url_a" "$WORD"
	reload
	wait_until 10 asked a || fail "a is not asked"
	"$FCLI" show license_status > "$D/status" 2>&1
	has_line "$D/status" "FastNetMon is asked for its license" ||
		fail "$(cat "$D/status")"
	rm "$D/apia/hang"
	"$FCLI" commit > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	equal "source" "$("$FCLI" --json show license |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["source"])')" fastnetmon
	stop_pid "$AGENT_PID"; mark=$(high_water)
	[ -n "$mark" ] || fail "no memory of the time: $(ls -a "$D/state")"
	start_agent || die "no start"
	equal "usable after a restart" "$(value license_usable main)" 1
	cmp "$LICENSE_FILE" "$D/before.lic" || fail "license.lic was touched"
	equal "the authority's memory of the time" "$(high_water)" "$mark"
	# Nor is anything that FastNetMon said told of the authority.
	stop_pid "$AGENT_PID"
	sed "s,https://127.0.0.1:[0-9]*,https://127.0.0.1:9," "$D/ours.conf" \
		> "$CONFIG"
	start_agent || die "no start"
	usable > "$D/said" || fail "the license of before is not in force"
	cmp "$LICENSE_FILE" "$D/before.lic" || fail "license.lic was touched"
	cp "$D/ours.conf" "$CONFIG"
	"$FCLI" commit > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	equal "sequence" "$(sed -n 's/^sequence //p' "$LICENSE_FILE")" \
		$(($(sed -n 's/^sequence //p' "$D/before.lic") + 1))
	ok "from an authority to FastNetMon and back: the chain goes on"
}

# A hundred that hang keep no other license from its refresh.
hundred() {
	hang c
	for n in $(seq 100); do
		printf '[license v%s]\nsource = fastnetmon\npoll-interval-s = 10\n' $n
		say "api-url = $url_c"; say "$WORD"
	done > "$D/hundred"
	# The one that has an authority is the last.
	bare; cat "$D/hundred" >> "$CONFIG"
	sed -n '/^\[license/,$p' "$D/ours.conf" >> "$CONFIG"
	reload
	wait_until 20 asked c 16 || fail "they are not asked"
	for n in 1 2 3 4 5; do
		"$FCLI" set renew_license main > "$D/said" 2>&1 ||
			fail "main is not refreshed: $(cat "$D/said")"
	done
	equal "looks at once" "$(ss -tnH dst "127.0.0.1:${url_c##*:}" | wc -l)" 16
	rm "$D/apic/hang"
	wait_until 60 all_usable || fail "$(curl -fs "$METRICS_URL" | grep -c '^license_usable.* 1$') usable"
	for n in 1 50 100; do
		[ "$(value license_data_age_seconds v$n)" -le 120 ] ||
			fail "the age of v$n"
	done
	ok "100 that hang: 16 are asked at once, another's refresh goes on;" \
		"then all are known"
}
all_usable() { [ "$(curl -fs "$METRICS_URL" | grep -c '^license_usable.* 1$')" = 101 ]; }

# The clock of the machine is set; FastNetMon's word stays what it is.
state() {
	equal "$1: state" "$("$FCLI" --json show license | python3 -c \
		'import json, sys; print(json.load(sys.stdin)["state"])')" "$2"
	is license_usable main 1 || fail "$1: not usable"
}
steps() {
	stop_pid "$AGENT_PID"
	bare; section main "api-url = $url_a" "$WORD"
	write_clock +0
	AGENT_PREFIX=$STEPPED
	start_agent || die "the agent does not start"
	AGENT_PREFIX=
	wait_until 10 is license_usable main 1 || fail "main is not known"
	write_clock -172800; poke
	state "two days back" clock_untrusted
	"$FCLI" commit > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	[ "$(value license_data_age_seconds main)" -le 60 ] || fail "its age"
	write_clock +34560000; poke
	state "400 days ahead" clock_untrusted
	"$FCLI" commit > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	[ "$(value license_data_age_seconds main)" -le 60 ] || fail "its age"
	write_clock +0; poke
	state "right again" valid
	# What an authority heals with a signed time, a restart does here.
	write_clock -172800; poke
	state "two days back again" clock_untrusted
	stop_pid "$AGENT_PID"
	AGENT_PREFIX=$STEPPED
	start_agent || die "the agent does not start"
	AGENT_PREFIX=
	state "after a restart" valid
	write_clock +0
	ok "a clock set two days back, or 400 ahead, ends nothing; a memory of" \
		"the time that is wrong lasts to the next start"
}

# With no agent, the files say what it last knew.
no_agent() {
	bare; section main "api-url = $url_a" "$WORD"
	"$FCLI" commit > "$D/said" 2>&1 || fail "$(cat "$D/said")"
	line=$("$FCLI" show license)
	stop_pid "$AGENT_PID"; AGENT_PID=
	: > "$D/apia/requests"
	equal "show license" "$("$FCLI" show license 2> "$D/err")" "$line"
	"$FCLI" show license_status > "$D/status" 2>&1
	has_line "$D/status" "systemctl start leaselined" ||
		fail "$(cat "$D/status")"
	! asked a || fail "FastNetMon was asked without an agent"
	"$B/leaselined" -n -c "$CONFIG" > "$D/n" 2>&1 || fail "$(cat "$D/n")"
	! grep -rqF "s3cret" "$D/n" "$D/status" "$LOG_FILE" "$D/state" ||
		fail "the password is in sight"
	ok "no agent: $line"
}

for name in a b c; do api $name; done
(umask 077; say "s3cret word" > "$D/password")
WORD="api-password-file = $D/password"
says a 13; says b 12; says c 9
AUTHORITY_URL=https://127.0.0.1:9 AUTHORITY_DIR=$D
write_config
both "api-url = $url_b" "$WORD"
start_agent || die "the agent does not start"
wait_until 10 is license_usable b 1 || fail "b is not known"
under_way; while_looking; endless_fcli
stop_pid "$AGENT_PID"; rm -rf "$D/state"; mkdir -m 700 "$D/state"
and_back; hundred; steps; no_agent

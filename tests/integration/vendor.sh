#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: source = fastnetmon, the license that FastNetMon keeps itself: read
# over a web API as FastNetMon documents it (fastnetmon_api.py; the product
# itself cannot be had here) and by a program in place of its fcli. Its date
# that moves, stands still, comes to its end; an API that refuses, hangs,
# lies; a restart meanwhile; the request to renew. All faces agree throughout.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/vendor.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
V=$D/vendor API_PID=
finish() {
	rm -f "$V/hang"
	stop_pid "$API_PID"; stop_all; [ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { say "vendor: $*"; }
fail() {
	printf 'vendor: %s\n' "$*" >&2
	tail -n 15 "$D/agent.err" "$LOG_FILE" "$V/requests" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }

# says DATE [MBITS]: FastNetMon's license from now on.
object() {
	say "{\"address_ipv4\": \"192.168.1.100\", \"total_memory_size\": 7973,
	\"logical_cpus_number\": $(nproc), \"expiration_date\": \"$1\",
	\"licensed_bandwidth\": ${2:-10000}, \"issuer_type\": \"automatic\"}"
}
put() { cat > "$V/$1.new" && mv "$V/$1.new" "$V/$1"; }
says() { object "$@" | put license.json; }
day() { date -u -d "$1" +%F; }

start_api() {
	rm -f "$V/port"
	python3 "$ROOT/tests/integration/fastnetmon_api.py" "$V" \
		> "$V/out" 2>&1 &
	API_PID=$!
	wait_until 10 test -s "$V/port" || die "the API does not start"
}

write_section() { # write_section LINES: of license main, in place of ours
	sed -i '/^\[license main\]/,$d' "$CONFIG"
	say "[license main]
source = fastnetmon
$1" >> "$CONFIG"
}
restart_agent() {
	stop_pid "$AGENT_PID"
	start_agent || die "the agent does not start"
	wait_until 20 up || fail "SNMP does not come back"
}
up() { [ "$(metric leaseline_agentx_up)" = 1 ]; }
# look: now, whatever the plan; what it says in $D/line.
look() { "$FCLI" commit > "$D/line" 2>&1; }
# at INSTANT: time goes there, and it is looked at.
at() { set_clock "$1"; look; }
said() { has_line "$D/line" "$1" || fail "'$(cat "$D/line")', not '$1'"; }
logged() { grep -cF "$1" "$LOG_FILE"; }

healthy() {
	says 2026-12-09
	start_agent || die "the agent does not start"
	wait_until 20 snmp_usable || fail "no license"
	equal "show license" "$("$FCLI" show license)" \
		"Production license for 10000 mbits valid until 2026-12-09"
	see "on the first day" state=valid severity=ok usable=1 \
		result=ok
	equal "SNMP: source" "$(snmp 1.3.1.8.1)" 3
	[ "$(snmp 1.3.1.43.1)" -le 60 ] || fail "age $(snmp 1.3.1.43.1)"
	for n in 1 2 3; do
		says "$(day "2026-12-09 + $n days")"
		at "2026-11-25T12:00:00Z + $n days" || fail "$(cat "$D/line")"
	done
	said "FastNetMon's license is valid until 2026-12-12"
	equal "notifications" "$(metric 'leaseline_notifications_total{notification="RefreshFailing"}')" 0
	see "three days later" state=valid severity=ok
	code=0; "$FCLI" check license > "$D/line" || code=$?
	equal "check license" "$code" 0
	ok "extended every day: $(cat "$D/line" | cut -d';' -f1)"
}

# The password: what does not fit is told, and cannot be read by everybody.
password() {
	say wrong > "$V/password"
	! look || fail "a wrong password is taken"
	said "refused the password"
	see "a wrong password" state=valid result=auth severity=ok
	"$FCLI" doctor --snmp-target "$SNMP_TARGET" > "$D/line" 2>&1 &&
		fail "the doctor finds nothing"
	said "FastNetMon does not tell its license: the FastNetMon API refused the password"
	said "Check api-user and api-password-file"
	at "2026-11-28T14:00:00Z"
	see "two hours later" state=valid severity=warning reason=data_stale
	"$FCLI" show license_status > "$D/line"
	said "Check api-user and api-password-file"
	say "s3cret word" > "$V/password"; chmod 0644 "$V/password"
	! look || fail "a password that everybody may read is taken"
	said "everybody may read it"
	! "$B/leaselined" -n -c "$CONFIG" > "$D/line" 2>&1 || fail "-n takes it"
	said "api-password-file"
	chmod 0600 "$V/password"
	look || fail "$(cat "$D/line")"
	"$FCLI" doctor --snmp-target "$SNMP_TARGET" > "$D/line" 2>&1 ||
		fail "the doctor: $(cat "$D/line")"
	said "FastNetMon tells its license"
	see "the right one" severity=ok result=ok
	! grep -rqF "s3cret" "$LOG_FILE" "$D/state" "$D/metrics" "$D/json" ||
		fail "the password is in sight"
	ok "401 is auth, two hours of it a warning; a readable password is refused"
}

# ANSWER SENTENCE: an answer that tells no license, told in a sentence.
refused() {
	printf '%s' "$1" | put license.json
	! look || fail "$1 is taken: $(cat "$D/line")"
	said "$2"
	equal "after $1" "$("$FCLI" show license)" \
		"Production license for 10000 mbits valid until 2026-12-12"
	count=$((count + 1))
}
hostile() {
	count=0
	refused 'raw <html>hello</html>' "no JSON object"
	refused 'raw {"success":true,"object":{}}' "no licensed_bandwidth"
	refused 'raw {"licensed_bandwidth":10000,"expiration_date":"never"}' \
		"no expiration_date"
	refused "$(printf 'error \033[31mno license\nfor you')" \
		'FastNetMon says: \x1B[31mno license\x0Afor you'
	refused "raw $(head -c 50000 /dev/zero | tr '\0' '[')" "no JSON object"
	refused "raw {\"x\":\"$(head -c 200000 /dev/zero | tr '\0' a)\"}" \
		"longer than 64 KiB"
	says 2026-12-12
	echo 500 > "$V/status"
	! look || fail "status 500 is taken"
	said "HTTP status 500"; rm "$V/status"
	! grep -q "$(printf '\033')" "$LOG_FILE" || fail "an escape in the log"
	touch "$V/hang"
	begin=$(date +%s)
	("$FCLI" commit > "$D/hung" 2>&1; :) &
	scrape=$(curl -fs -m 2 -o /dev/null -w '%{time_total}' "$METRICS_URL") ||
		fail "a scrape waits for a hung API"
	wait $!
	grep -q "in time" "$D/hung" || fail "$(cat "$D/hung")"
	took=$(($(date +%s) - begin))
	[ "$took" -le 45 ] || fail "a hung API is waited for $took s"
	rm "$V/hang"
	look || fail "$(cat "$D/line")"
	ok "$count lies and status 500 refused; hung: given up after $took s," \
		"a scrape takes $scrape s meanwhile"
}

stands_still() {
	at "2026-11-29T23:00:00Z"
	see "the date stands for a day and a half" severity=ok
	at "2026-11-30T01:00:00Z" && fail "a date that stands is taken"
	said "its date does not move"
	see "and for longer" state=valid severity=warning \
		reason=refresh_overdue result=stale
	equal "PUT without renew" "$(grep -c PUT "$V/requests")" 0
	! "$FCLI" set renew_license > "$D/line" 2>&1 || fail "renewed"
	said "or set renew = yes"
	# Allowed now: by itself, then by a person.
	write_section "$API_LINES
renew = yes"
	restart_agent
	see "after a restart" state=valid result=stale
	wait_until 10 tried 0 || fail "nothing is looked at"
	equal "PUT by itself" "$(grep -c PUT "$V/requests")" 1
	has_line "$LOG_FILE" 'did not renew its license: FastNetMon says: renewal \x1B[31mis off' ||
		fail "no word of a refused renewal"
	at "2026-11-30T05:00:00Z" && fail "still stands"
	equal "PUT four hours later" "$(grep -c PUT "$V/requests")" 1
	at "2026-11-30T08:00:00Z" && fail "still stands"
	equal "PUT seven hours later" "$(grep -c PUT "$V/requests")" 2
	object 2026-12-14 | put renewed
	"$FCLI" set renew_license > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	said "valid until 2026-12-14; FastNetMon was asked to renew it"
	see "renewed" state=valid severity=ok
	rm "$V/renewed"
	ok "a date that stands: stale after 36 h, renewed by request where allowed"
}

# The API is gone over a restart, and to the end.
to_the_end() {
	stop_pid "$API_PID"; API_PID=
	restart_agent
	equal "with no API" "$("$FCLI" show license)" \
		"Production license for 10000 mbits valid until 2026-12-14"
	at "2026-12-06T12:00:00Z"
	see "six days later" state=expiring severity=critical \
		result=connect
	at "2026-12-14T23:59:00Z"; see "the last minute" usable=1
	at "2026-12-15T00:00:01Z"
	see "over" state=expired usable=0 severity=critical
	says 2026-12-29
	start_api
	sed -i "s,^api-url = .*,api-url = http://127.0.0.1:$(cat "$V/port")," \
		"$CONFIG"
	look || fail "$(cat "$D/line")"
	see "back" state=valid severity=ok usable=1
	says 1970-01-01 0
	! look || fail "no license is taken for one"
	said "FastNetMon is not licensed"
	see "not licensed" state=missing severity=critical usable=0
	says 2027-12-14
	look || fail "$(cat "$D/line")"
	see "a year" state=valid severity=ok
	at "2027-11-20T12:00:00Z"
	see "its last month" state=expiring severity=warning reason=term_ending
	equal "a calendar's day" "$("$FCLI" show license_calendar |
		grep -c 'DTSTART;VALUE=DATE:20271214')" 1
	ok "without the API to the end and back; not licensed; a fixed term"
}

sleeps() { ps -o args= --ppid "$AGENT_PID" | grep -q '^sleep 600'; }
# A program in place of FastNetMon's fcli.
by_fcli() {
	cat > "$V/fcli" <<-EOF
	#!/bin/sh
	[ ! -e '$V/slow' ] || exec sleep 600
	[ ! -e '$V/broken' ] || { echo 'Please run this tool with root rights'; exit 1; }
	exec python3 '$ROOT/tests/integration/fastnetmon_api.py' '$V' --fcli "\$@"
	EOF
	chmod +x "$V/fcli"
	write_section "fcli-path = $V/fcli
renew = yes
timezone = -05:00"
	stop_pid "$API_PID"; API_PID=
	says 2027-12-01
	at "2027-11-20T13:00:00Z" || fail "$(cat "$D/line")"
	has_line "$V/requests" "fcli show license JSON_MODE=on" ||
		fail "fcli was not asked"
	# The day of another zone ends later, and is still that day.
	see "by fcli" state=valid action_deadline=2027-12-02
	equal "show license" "$("$FCLI" show license)" \
		"Production license for 10000 mbits valid until 2027-12-01"
	object 2027-12-02 | put renewed
	"$FCLI" set renew_license > "$D/line" 2>&1 || fail "$(cat "$D/line")"
	said "valid until 2027-12-02"
	touch "$V/broken"
	! look || fail "a failed fcli is taken"
	said "exit code 1: Please run this tool with root rights"
	rm "$V/broken"
	touch "$V/slow"
	look & waiting=$!
	wait_until 10 sleeps || fail "fcli is not run"
	set_clock "$(date -u -d "@$(($($FAKE date +%s) + 30))" +%FT%TZ)"
	"$FCLI" show license > "$D/poke"
	! wait $waiting || fail "an fcli that does not end is taken"
	said "fcli did not end in time"
	! sleeps || fail "it goes on"
	rm "$V/slow"
	look || fail "$(cat "$D/line")"
	equal "hardware data" "$("$FCLI" show license_hardware_data 2>&1)" \
		"This license is FastNetMon's own: run its 'fcli show license_hardware_data'"
	[ ! -e "$LICENSE_FILE" ] || fail "a license file was made"
	ok "by fcli: read, renewed, a refusal told, ended when late; no file of FastNetMon touched"
}

mkdir -p "$V"; : > "$V/requests"; chmod 0700 "$D/state"
(umask 077; say "s3cret word" > "$V/password")
AGENT_PREFIX=$FAKE
set_clock 2026-11-25T12:00:00Z
start_api
start_snmpd || die "snmpd does not start"
write_config
API_LINES="api-url = http://127.0.0.1:$(cat "$V/port")
api-password-file = $V/password"
write_section "$API_LINES"
healthy; password; hostile; stands_still; to_the_end; by_fcli

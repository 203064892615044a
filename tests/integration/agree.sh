#!/bin/sh
# Goal: one license, four faces, one story. For each situation the same facts
# are read through snmpd, Prometheus, fcli and the license file, and compared
# with what they must be.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/agree.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

metric() { # metric NAME[{LABELS}]: its value, empty when there is none
	grep -F "$1 " "$D/metrics" | sed -n 's/.* //p' | head -n 1
}
the_state() { sed -n 's/^license_state{license="main",state="\([a-z_]*\)"} 1$/\1/p' "$D/metrics"; }
the_reason() { sed -n 's/^license_severity_reason{license="main",reason="\([a-z_]*\)"} 1$/\1/p' "$D/metrics"; }

fail() {
	printf 'agree: %s: %s\n' "$situation" "$*" >&2
	cat "$D/metrics" "$D/status" >&2; tail -n 30 "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }

# Names and numbers of names.md, for the comparison of SNMP with the others.
state_number() {
	case $1 in missing) echo 1;; valid) echo 2;; expiring) echo 3;;
	expired) echo 4;; invalid) echo 5;; hardware_mismatch) echo 6;;
	suspended) echo 7;; esac
}

# agree SITUATION STATE USABLE REASON EXIT FIRST-WORDS-OF-FCLI
agree() {
	situation=$1
	curl -fs -m 5 "$METRICS_URL" > "$D/metrics" || fail "no metrics"
	promtool check metrics < "$D/metrics" > "$D/promtool" 2>&1 ||
		fail "promtool: $(cat "$D/promtool")"
	[ ! -s "$D/promtool" ] || fail "promtool: $(cat "$D/promtool")"
	"$FCLI" show license > "$D/line" 2>&1; code=$?
	"$FCLI" --json show license > "$D/json" 2>&1
	"$FCLI" show license_status > "$D/status" 2>&1

	equal "state in metrics" "$(the_state)" "$2"
	equal "usable in metrics" "$(metric 'license_usable{license="main"}')" "$3"
	equal "reason in metrics" "$(the_reason)" "$4"
	equal "exit of fcli" "$code" "$5"
	case $(cat "$D/line") in "$6"*) ;; *) fail "fcli says '$(cat "$D/line")'";; esac
	equal "state in JSON" "$(json state)" "$2"
	equal "state in SNMP" "$(snmp 1.2.9.0)" "$(state_number "$2")"
	equal "state in the table" "$(snmp 1.3.1.9.1)" "$(state_number "$2")"
	equal "usable in SNMP" "$(snmp 1.2.10.0)" "$((2 - $3))"

	for pair in expiry:13 lease_end:16 term_end:19 action_deadline:22; do
		name=license_${pair%:*}_timestamp_seconds
		value=$(metric "$name{license=\"main\"}")
		equal "${pair%:*} in SNMP" "$(snmp "1.2.${pair#*:}.0")" "${value:-0}"
	done
	expiry=$(metric 'license_expiry_timestamp_seconds{license="main"}')
	if [ -n "$expiry" ]; then
		days=$(snmp 1.2.11.0)
		now=$("$FCLI" --json show license | jsonfield now)
		equal "days in SNMP" "$days" "$(floor_days "$expiry" "$now")"
		equal "date in JSON" "$(json expiration_date)" \
			"$(date -u -d "@$expiry" +%F)"
		equal "bandwidth in SNMP" "$(snmp 1.2.23.0)" 10000
		equal "bandwidth in metrics" "$(metric \
		    'license_bandwidth_limit_bytes_per_second{license="main"}')" \
			1250000000
	fi
	printf 'agree: %-28s %s\n' "$situation" "$(cat "$D/line")"
}

jsonfield() { python3 -c 'import json,sys; v=json.load(sys.stdin).get(sys.argv[1]); print("" if v is None else v)' "$1"; }
json() { jsonfield "$1" < "$D/json"; }
floor_days() { python3 -c 'import sys,datetime
e=int(sys.argv[1]); n=sys.argv[2]
n=int(datetime.datetime.strptime(n,"%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())
print((e-n)//86400)' "$1" "$2"; }
in_file() { sed -n "s/^$1 //p" "$LICENSE_FILE"; }

restart_agent() { # restart_agent [LATER]
	stop_pid "$AGENT_PID"
	AGENT_PREFIX=$(later "$1")
	start_agent || fail "the agent does not start"
	wait_until 20 snmp_up || fail "SNMP does not come back"
}
snmp_up() { [ -n "$(snmp 1.1.1.0 | grep -v 'No Such')" ]; }
authority_admin() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" > "$D/admin" 2>&1 || fail "$(cat "$D/admin")"; }

AGENT_PREFIX=$(later)
start_all
wait_until 30 usable || { situation=start; fail "no license came"; }
wait_until 20 snmp_usable || { situation=start; fail "SNMP has no license"; }

agree "fresh" valid 1 none 0 "Production license for 10000 mbits valid until "
equal "days of a fresh lease" "$(snmp 1.2.11.0)" 14
equal "result in SNMP" "$(snmp 1.2.25.0)" 2
equal "file: lease-end" "$(in_file lease-end)" "$(json lease_end)"
equal "file: sequence" "$(in_file sequence)" "$(json sequence)"
walk=$(snmpwalk -v2c -c public -Oqn "$SNMP_TARGET" "$BASE_OID.1.3" | wc -l)
[ "$walk" -ge 30 ] || fail "the table has $walk cells"

before=$(in_file sequence)
"$FCLI" set renew_license > "$D/renew" || fail "renew: $(cat "$D/renew")"
[ "$(in_file sequence)" -gt "$before" ] || fail "the sequence did not rise"
tail -n 5 "$LOG_FILE" | sed 's/^.*\[INFO\] //' > "$D/five"
printf '%s\n' "Start automatic license refresh process" \
	"External IP address of this server: 127.0.0.1" \
	"We have license for: 14 days" \
	"Correctly received and checked license" \
	"We store license on disk" | diff - "$D/five" ||
	fail "not the article's five lines"

authority_admin subscription suspend "$SUBSCRIPTION"
"$FCLI" set renew_license > "$D/renew" 2>&1 && fail "renewed while suspended"
agree "suspended" suspended 0 suspended 1 "License suspended"
restart_agent ""
agree "suspended, after a restart" suspended 0 suspended 1 "License suspended"
authority_admin subscription reinstate "$SUBSCRIPTION"
"$FCLI" commit > "$D/renew" 2>&1 || fail "commit: $(cat "$D/renew")"
agree "reinstated" valid 1 none 0 "Production license for 10000 mbits valid until "

# The authority is gone, time passes.
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
restart_agent 2d
agree "failing" valid 1 refresh_overdue 0 "Production license for 10000 mbits valid until "
lease_end=$(date -u -d "$(in_file lease-end)" +%s)
restart_agent $((lease_end - 10 * 86400 - 30 - $(date +%s)))
agree "not yet expiring" valid 1 refresh_overdue 0 "Production license for 10000 mbits valid until "
restart_agent $((lease_end - 10 * 86400 + 30 - $(date +%s)))
agree "expiring" expiring 1 lease_ending 0 "Production license for 10000 mbits valid until "
restart_agent 15d
agree "expired" expired 0 expired 1 "Production license for 10000 mbits expired on "
AUTHORITY_PREFIX=$(later 15d)
start_authority || fail "no authority"
"$FCLI" set renew_license > "$D/renew" 2>&1 || fail "not healed: $(cat "$D/renew")"
agree "healed by the next answer" valid 1 none 0 "Production license for 10000 mbits valid until "
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=

# From here on without an authority, and in a fresh state directory.
stop_pid "$AGENT_PID"
cp "$LICENSE_FILE" "$D/good.lic"
rm -rf "$D/state"; mkdir -m 700 "$D/state"
restart_agent 15d
agree "another machine's key" hardware_mismatch 0 hardware_mismatch 1 "Production license for 10000 mbits belongs to other hardware"
stop_pid "$AGENT_PID"
rm -rf "$D/state" "$LICENSE_FILE"; mkdir -m 700 "$D/state"
restart_agent ""
agree "no license" missing 0 missing 1 "No license"
stop_pid "$AGENT_PID"
printf 'a stranger was here\n' > "$LICENSE_FILE"
restart_agent ""
agree "a stranger's file" missing 0 missing 1 "No license"
[ "$(cat "$LICENSE_FILE")" = "a stranger was here" ] || fail "the stranger's file was touched"
grep -q "another program's file" "$LOG_FILE" || fail "the log does not name the stranger's file"
say "agree: all faces tell the same story"

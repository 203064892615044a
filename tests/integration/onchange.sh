#!/bin/sh
# Goal: the operator's command is run once at each edge of usable, with the
# words and the environment that the manual names and nothing of the agent's
# own; one that hangs, fails or is not there harms nobody and is seen on every
# face; a restart neither repeats nor loses an edge; a license that may be used
# past its end is never told to be unusable.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/onchange.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'onchange: %s\n' "$*" >&2
	cat "$D/runs" "$LOG_FILE" >&2
	exit 1
}
metric() { curl -fs "$METRICS_URL" | sed -n "s/^$1{license=\"main\"} //p"; }
exit_code_is() { [ "$(metric license_on_change_last_exit_code)" = "$1" ]; }
runs_are() { [ "$(grep -c . "$D/runs")" -eq "$1" ]; }
# It has run when the agent saw its end; one that it did not see is due again.
ended() { [ "$(grep -c 'The on-change command of main ran' "$LOG_FILE")" -eq "$1" ]; }
ran() {
	wait_until 10 runs_are "$1" && [ "$(sed -n "$1p" "$D/runs")" = "$2" ] &&
	    wait_until 5 ended "$1"
}
authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" > "$D/authority.out" 2>&1; }
renew() { "$FCLI" set renew_license > "$D/renew" 2>&1; }

# What it is given, then what it must not have been given.
: > "$D/runs"
cat > "$D/hook" <<END
#!/bin/sh
echo "\$*" >> '$D/runs'
env | sort > '$D/environment'
{ pwd; grep -E '^Sig(Blk|Ign)' /proc/self/status; ls -l /proc/self/fd; } > '$D/process'
printf 'all is well\nan \033[31m evil line\n' >&2
END
chmod +x "$D/hook"
SOURCE_LINES="on-change = $D/hook 'two words' \"\\\"\"
on-change-timeout-s = 1"
init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
write_config
MIBS=leaks WATCHDOG_USEC=1; export MIBS WATCHDOG_USEC
start_agent || die "the agent does not start"

ran 1 'two words " main usable valid ok' || fail "not run at the first license"
wait_until 5 exit_code_is 0 || fail "no exit code"
for want in LEASELINE_LICENSE=main LEASELINE_USABLE=usable LEASELINE_STATE=valid \
    LEASELINE_SEVERITY=ok LEASELINE_REASON=none PATH=/usr/local/sbin; do
	grep -q "^$want" "$D/environment" || fail "no $want: $(cat "$D/environment")"
done
grep -qE '^LEASELINE_EXPIRY=2[0-9-]*T23:59:59Z$' "$D/environment" || fail "no expiry"
grep -vE '^(PATH|LANG|HOME|PWD|OLDPWD|SHLVL|_|LEASELINE_[A-Z_]*)=' "$D/environment" &&
	fail "the environment has something of ours"
[ "$(head -n 1 "$D/process")" = / ] || fail "not run in /"
# Two above the standard ones are the C library's own; it may not touch them.
[ "$(grep -cE '^Sig(Blk:.0{16}|Ign:.0{7}[01][08]0{7})$' "$D/process")" -eq 2 ] ||
	fail "signals: $(cat "$D/process")"
# ls has the directory open itself.
[ "$(grep -c ' -> ' "$D/process")" -le 4 ] || fail "descriptors: $(cat "$D/process")"
wait_until 5 grep -q 'on-change of main: an \\x1B\[31m evil line' "$LOG_FILE" ||
	fail "its output is not in the log"
say "onchange: run with its words at the first license, and with nothing of ours"

authority subscription suspend "$SUBSCRIPTION" || fail "not suspended"
renew && fail "a renewal while suspended"
ran 2 'two words " main unusable suspended critical' || fail "not run at the suspension"
stop_pid "$AGENT_PID"
start_agent || fail "no restart"
authority subscription reinstate "$SUBSCRIPTION" || fail "not reinstated"
sleep 1
runs_are 2 || fail "the restart repeated an edge"
"$FCLI" commit > "$D/commit" || fail "commit: $(cat "$D/commit")"
ran 3 'two words " main usable valid ok' || fail "not run after the commit"
"$FCLI" commit > "$D/commit" || fail "commit: $(cat "$D/commit")"
ran 4 'two words " main usable valid ok' || fail "a commit without an edge did not run it"
renew || fail "no renewal"
sleep 1
runs_are 4 || fail "run without an edge"
say "onchange: suspended, reinstated, committed: each run once; a restart repeats none"

# A hang: the group is ended, the one that ignores SIGTERM too.
cat > "$D/hang" <<END
#!/bin/sh
trap '' TERM
sh -c "trap '' TERM; echo \\\$\\\$ > '$D/grandchild'; while :; do sleep 1; done" &
while :; do sleep 1; done
END
chmod +x "$D/hang"
set_command() {
	sed -i "s|^on-change = .*|on-change = $1|" "$CONFIG"
	"$FCLI" commit > "$D/commit" 2>&1
}
set_command "$D/hang" || fail "commit: $(cat "$D/commit")"
start=$(date +%s)
wait_until 15 exit_code_is 257 || fail "a command that hangs is not seen"
took=$(($(date +%s) - start))
# Dead is dead, also where nobody has waited for it yet.
dead() { ! grep -q '^State:.*[^ZX] (' "/proc/$1/status"; }
wait_until 2 dead "$(cat "$D/grandchild")" || fail "its child lives on"
"$FCLI" show license_status | grep -q "^On change: .*257" || fail "not in the status"
"$FCLI" --json show license | grep -q '"on_change_exit": 257' || fail "not in JSON"
"$FCLI" show license > /dev/null || fail "it harmed the license"
set_command /nonexistent/program || fail "commit: $(cat "$D/commit")"
wait_until 5 exit_code_is 256 || fail "a missing program is not seen"
set_command "/bin/sh -c 'kill -KILL \$\$'" || fail "commit: $(cat "$D/commit")"
wait_until 5 exit_code_is 137 || fail "a signal is not seen"
set_command "/bin/sh -c 'exit 7'" || fail "commit: $(cat "$D/commit")"
wait_until 5 exit_code_is 7 || fail "an exit code is not seen"
set_command "relative" && fail "a relative path is taken"
grep -q "leaseline.conf:[0-9]*: .*on-change: 'relative' is not the absolute path" "$D/commit" ||
	fail "no reason: $(cat "$D/commit")"
say "onchange: a hang is over after $took s; 257, 256, 137, 7 on the faces"

# All of it is on record, with and without the agent.
on_record() {
	"$FCLI" show license_history > "$D/history" 2> /dev/null &&
	grep -q 'refresh      ok: valid until .*, 10000 mbits, address 127.0.0.1; took' "$D/history" &&
	grep -q 'refresh      refused: suspended: The subscription is suspended' "$D/history" &&
	grep -q 'state        suspended: .*NOT usable$' "$D/history" &&
	grep -q 'command      on-change, told unusable: ran well$' "$D/history" &&
	grep -q 'command      on-change, told usable: did not end in time' "$D/history"
}
on_record || fail "history: $(cat "$D/history")"
"$FCLI" --json show license_history --all > "$D/history.json" || fail "no history in JSON"
python3 - "$D/history.json" <<'END' || fail "history: $(cat "$D/history.json")"
import json, sys
history = json.load(open(sys.argv[1]))["licenses"][0]["history"]
assert [e["exit_code"] for e in history if e["event"] == "command"][:4] == [7, 137, 256, 257]
assert any(e.get("refusal") == "suspended" for e in history)
assert any(e.get("state") == "suspended" and not e["usable"] for e in history)
END

# The lease ends while the agent is down; a run that failed is due again too.
set_command "$D/hook" || fail "commit: $(cat "$D/commit")"
ran 5 'main usable valid ok' || fail "not run again"
stop_pid "$AGENT_PID"; stop_pid "$AUTHORITY_PID"
on_record || fail "history from the files: $(cat "$D/history")"
AGENT_PREFIX=$(later 16d)
start_agent || fail "no start 16 days later"
ran 6 'main unusable expired critical' || fail "an edge was lost while the agent was down"
stop_pid "$AGENT_PID"
start_agent || fail "no second start"
sleep 2
runs_are 6 || fail "it was told twice"
say "onchange: an end while the agent was down is told at its start, once"

# The same, for a license that may be used past its end.
stop_pid "$AGENT_PID"
AGENT_PREFIX=
rm -rf "$D/state" "$LICENSE_FILE"
mkdir -m 700 "$D/state"
start_authority || fail "no authority"
authority subscription set "$SUBSCRIPTION" --on-expiry warn || fail "set: $(cat "$D/authority.out")"
start_agent || fail "no start"
ran 7 'main usable valid ok' || fail "no new license"
grep -q "^on-expiry warn" "$LICENSE_FILE" || fail "not in the license"
stop_pid "$AGENT_PID"; stop_pid "$AUTHORITY_PID"
AGENT_PREFIX=$(later 16d)
start_agent || fail "no start 16 days later"
failed_once() { "$FCLI" show license_status | grep -q "^Failures: *1"; }
wait_until 10 failed_once || fail "it did not ask: $("$FCLI" show license_status)"
[ "$(metric license_usable)" = 1 ] || fail "not usable"
curl -fs "$METRICS_URL" | grep -q '^license_severity{.*severity="critical"} 1' || fail "not critical"
curl -fs "$METRICS_URL" | grep -q '^license_state{.*state="expired"} 1' || fail "not expired"
"$FCLI" show license > "$D/shown" || fail "fcli says no"
grep -q "may still be used" "$D/shown" || fail "$(cat "$D/shown")"
sleep 1
runs_are 7 || fail "told to be unusable"
say "onchange: $(cat "$D/shown"): critical, usable, nobody was told to stop"

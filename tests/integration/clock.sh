#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the clock rule on the shipped programs: a clock set back a week, set
# forward, stopped, set while the agent is stopped like a paused machine, and
# across boots: forward, with a day of uptime, in 1970. The authority has the
# right time. A boot is a boot id and an uptime of its own: that needs root.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/clock.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	printf 'clock: %s\n' "$*" >&2
	cat "$D/agent.err" "$D/line" >&2; tail -n 40 "$LOG_FILE" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
trust() {
	curl -fs -m 5 "$METRICS_URL" |
	    sed -n 's/^leaseline_clock_trust{trust="\([a-z_]*\)"} 1$/\1/p'
}
steps() { metric leaseline_clock_steps_total; }
stop_authority() { stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=; }
# Plain http on loopback: what TLS makes of a wrong date is another test's.
HTTP_PORT=0
start_plain() {
	AUTHORITY_OPTIONS="--listen http://127.0.0.1:$HTTP_PORT"
	start_authority || die "the authority does not start"
	AUTHORITY_URL=$(grep '^http:' "$D/authority.port")
	HTTP_PORT=${AUTHORITY_URL##*:}
}
start_in_time() { start_agent || fail "the agent does not start"; wait_until 20 snmp_up || fail "SNMP does not come back"; }
snmp_up() { [ -n "$(snmp 1.1.1.0 | grep -v 'No Such')" ]; }
refreshed_since() { [ "$(metric license_refresh_last_success_timestamp_seconds)" -gt "$1" ]; }
days() { metric license_remaining_seconds; }

# boot ID UPTIME-S: how the agent is started from now on. 0: this boot.
boot() {
	if [ "$1" = 0 ]; then
		AGENT_PREFIX="$(elapsed "$2") $STEPPED"
	else
		printf '%08d-0000-4000-8000-000000000000\n' "$1" > "$D/boot.$1"
		AGENT_PREFIX="$(elapsed "$2") $D/inside $D/boot.$1 $STEPPED"
	fi
}
elapsed() { say "unshare -m -T --boottime $(($1 - $(cut -d. -f1 /proc/uptime)))"; }
cat > "$D/inside" <<'EOT'
#!/bin/sh
mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"
EOT
chmod +x "$D/inside"

write_clock +0
AGENT_PREFIX=$STEPPED
init_authority && SUBSCRIPTION=$(add_subscription) ||
	die "the authority cannot be set up"
start_plain
start_snmpd || die "snmpd does not start"
write_config
start_agent || die "the agent does not start"
wait_until 30 usable || fail "no license came"
wait_until 20 snmp_usable || fail "SNMP has no license"
see "right" state=valid usable=1 severity=ok days=14
equal "trust" "$(trust)" trusted

# Back a week, and nobody to ask.
stop_authority
write_clock -604800
see "back a week" state=clock_untrusted usable=1 severity=warning \
	reason=clock_untrusted days=14
equal "trust" "$(trust)" stepped_back
equal "steps" "$(steps)" 1
stop_pid "$AGENT_PID"
start_in_time
see "back a week, after a restart" state=clock_untrusted usable=1 days=14
equal "trust" "$(trust)" stepped_back
start_plain
"$FCLI" set renew_license > "$D/renew" 2>&1 || fail "renew: $(cat "$D/renew")"
see "back a week, refreshed" state=clock_untrusted usable=1 days=14
write_clock +0
see "set right" state=valid usable=1 severity=ok days=14
equal "trust" "$(trust)" trusted
for line in "The clock of this machine is not believed" \
    "The clock of this machine is believed again"; do
	grep -q "$line" "$LOG_FILE" || fail "the log does not say: $line"
done

# A little is tolerated.
write_clock -3500
see "58 minutes back" state=valid days=14
equal "trust" "$(trust)" trusted
write_clock +3500
see "58 minutes ahead" state=valid days=14
write_clock +0

# A month ahead in one boot is not believed.
stop_authority
before=$(days)
write_clock +2592000
see "ahead a month" state=clock_untrusted usable=1 severity=warning
equal "trust" "$(trust)" stepped_forward
after=$(days)
[ $((before - after)) -lt 3600 ] || fail "the month counts: $before s were left, $after s now"
stop_pid "$AGENT_PID"
start_in_time
see "ahead a month, after a restart" state=clock_untrusted usable=1
write_clock +0
see "set right again" state=valid usable=1

# A paused machine: its clock is set ahead when it goes on; the answer heals.
start_plain
kill -STOP "$AGENT_PID"
write_clock +10800
kill -CONT "$AGENT_PID"
poke
wait_until 10 refreshed_since "$(($(date +%s) - 2))" ||
	fail "nothing was asked after the pause"
equal "trust after the pause" "$(trust)" stepped_forward
write_clock +0
see "after the pause" state=valid usable=1
say "clock: steps in one boot: ok"

unshare -m -T --boottime 1 true 2>/dev/null || {
	say "clock: boots were not tried: that needs root"
	exit 0
}

# Stopped: two hours pass and the clock stands still.
stop_authority
stop_pid "$AGENT_PID"
boot 0 $(($(cut -d. -f1 /proc/uptime) + 7200))
start_in_time
see "stopped for two hours" state=clock_untrusted usable=1 reason=clock_untrusted
equal "trust" "$(trust)" stepped_back
write_clock +7200
see "set right, too" state=valid usable=1

# A month ahead across boots is believed, but poisons nothing.
stop_pid "$AGENT_PID"
write_clock +2592000
boot 1 60
start_in_time
see "a boot a month ahead" state=expired usable=0
equal "trust" "$(trust)" unverified
stop_pid "$AGENT_PID"
write_clock +7200 # it is that late, as far as anyone can know
boot 2 60
start_in_time
see "the next boot, right" state=valid usable=1 days=14
equal "trust" "$(trust)" unverified

# The same with a day of uptime: the mark is raised; an answer heals it.
stop_pid "$AGENT_PID"
write_clock +2592000
boot 3 90000
start_in_time
see "a month ahead for a day" state=expired usable=0
stop_pid "$AGENT_PID"
write_clock +7200
boot 4 60
start_in_time
see "the next boot, right, but not believed" state=expired usable=0
equal "trust" "$(trust)" stepped_back
start_plain
write_clock +0
"$FCLI" commit > "$D/renew" 2>&1 || fail "commit: $(cat "$D/renew")"
see "healed by an answer" state=valid usable=1 severity=ok days=14
equal "trust" "$(trust)" trusted

# A dead battery: a boot in 1970, and nobody to ask; then somebody.
stop_authority
stop_pid "$AGENT_PID"
write_clock "-$(($(date +%s) - 60))"
boot 5 60
start_in_time
see "1970" state=clock_untrusted usable=1 severity=warning \
	reason=clock_untrusted
equal "trust" "$(trust)" stepped_back
start_plain
"$FCLI" set renew_license > "$D/renew" 2>&1 || fail "1970: $(cat "$D/renew")"
see "1970, refreshed" state=clock_untrusted usable=1 days=14
write_clock +0
see "1970, then set right" state=valid usable=1 severity=ok days=14
equal "trust" "$(trust)" trusted
say "clock: ok"

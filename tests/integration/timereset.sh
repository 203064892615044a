#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: a machine without a connection was up for a day with a clock years
# ahead. Its license is good, and it is not usable, until the vendor's file is
# there: asked for, made, put in place as the manual has it; and only once.
[ "$(id -u)" = 0 ] || { echo "not root: it needs a boot of its own"; exit 77; }
unshare -m -T --boottime 1 true 2>/dev/null ||
	{ echo "this kernel lets nobody make a time namespace here"; exit 77; }
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/timereset.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	printf 'timereset: %s\n' "$*" >&2
	tail -n 30 "$LOG_FILE" >&2; cat "$D/err" >&2
	exit 1
}
the_state() {
	curl -fs -m 5 "$METRICS_URL" |
	    sed -n 's/^license_state{license="main",state="\([a-z_]*\)"} 1$/\1/p'
}
is() { [ "$(the_state)" = "$1" ]; }
gone_file() { [ ! -e "$1" ]; }
offline() {
	"$B/leaseline-authority" offline "$@" --dir "$AUTHORITY_DIR" \
		2> "$D/err"
}
# boot NUMBER UPTIME-S: the agent starts in a boot of its own.
cat > "$D/inside" <<'EOT'
#!/bin/sh
mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"
EOT
chmod +x "$D/inside"
boot() {
	stop_pid "$AGENT_PID"
	printf '%08d-0000-4000-8000-000000000000\n' "$1" > "$D/boot.$1"
	AGENT_PREFIX="unshare -m -T --boottime $(($2 - $(cut -d. -f1 /proc/uptime))) $D/inside $D/boot.$1 $STEPPED"
	start_agent || fail "the agent does not start"
}

# An offline license, and the authority is out of reach from then on.
SNMP_ENABLED=no
write_clock +0
AGENT_PREFIX=$STEPPED
init_authority && SUBSCRIPTION=$(add_subscription) ||
	die "the authority cannot be set up"
"$B/leaseline-authority" subscription set --dir "$AUTHORITY_DIR" \
	"$SUBSCRIPTION" --mbits 100000 --checked yes > /dev/null 2> "$D/err"
start_authority || die "the authority does not start"
write_config
boot 1 60
wait_until 20 usable || fail "no license came"
"$FCLI" show license_hardware_data > "$D/hw_data.lic"
grep -q '^memory-mib' "$D/hw_data.lic" ||
	{ echo "the memory of this machine is not known"; exit 77; }
sleep 1
offline issue "$D/hw_data.lic" > "$D/off.lic" || fail "offline issue"
stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
cp "$D/off.lic" "$LICENSE_FILE.new" && mv "$LICENSE_FILE.new" "$LICENSE_FILE"
wait_until 10 is valid || fail "the offline license is $(the_state)"

# 2031, for more than a day; then somebody sets the clock.
write_clock "+$((5 * 365))d"
boot 2 100000
is expired || fail "in 2031 it is $(the_state)"
write_clock +0
boot 3 60
is expired || fail "with a poisoned mark it is $(the_state)"
usable > "$D/line" && fail "it is usable with a poisoned mark"
say "timereset: poisoned: $(cat "$D/line")"

# By mail: the request, the vendor's answer, the file beside the license.
"$FCLI" show license_hardware_data > "$D/hw_data.lic"
offline time-reset "$D/hw_data.lic" > "$D/reset.lic" || fail "time-reset"
grep -q "its clock said 203" "$D/err" || fail "the vendor is not told: $(cat "$D/err")"
sed 's/^machine-key .*/machine-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/' \
	"$D/hw_data.lic" > "$D/changed.lic"
offline time-reset "$D/changed.lic" > "$D/none" && fail "a changed request is answered"
[ ! -s "$D/none" ] || fail "something was printed"
sed 's/^issued 2/issued 3/' "$D/reset.lic" > "$LICENSE_FILE.time-reset"
touch -d '1 minute ago' "$LICENSE_FILE.time-reset"
wait_until 10 test -e "$LICENSE_FILE.time-reset.rejected" ||
	fail "a changed reset is not put aside"
is expired || fail "a changed reset was taken"
cp "$D/reset.lic" "$LICENSE_FILE.time-reset"
wait_until 10 is valid || fail "after the reset it is $(the_state)"
gone_file "$LICENSE_FILE.time-reset" || fail "the reset is still there"
cmp -s "$D/off.lic" "$LICENSE_FILE" || fail "the license file was changed"
say "timereset: healed: $(usable)"
boot 4 60
is valid || fail "after a reboot it is $(the_state)"

# Once: half a year later the same file turns no clock back.
write_clock +180d
boot 5 100000
is valid || fail "half a year later it is $(the_state)"
write_clock +0
boot 6 60
is clock_untrusted || fail "set back half a year it is $(the_state)"
cp "$D/reset.lic" "$LICENSE_FILE.new" && mv "$LICENSE_FILE.new" "$LICENSE_FILE"
wait_until 10 test -e "$LICENSE_FILE.rejected" || fail "the old reset is not put aside"
is clock_untrusted || fail "the old reset was taken: $(the_state)"
cmp -s "$D/off.lic" "$LICENSE_FILE" || fail "the license is not back at its path"
"$B/leaseline-authority" events --dir "$AUTHORITY_DIR" |
	grep -q ' time-reset ' || fail "there is no event"
say "timereset: ok"

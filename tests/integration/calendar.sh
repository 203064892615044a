#!/bin/sh
# Goal: the calendar of fcli is one to a parser that we did not write, and a
# license that was renewed moves its event.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/calendar.XXXXXX")"
trap 'stop_all; rm -rf "$D"' EXIT
SNMP_ENABLED=no
init_authority && SUBSCRIPTION=$(add_subscription) || die "no authority"
start_authority && write_config && start_agent || die "no agent"

# read_calendar: UID, day, reminders, as python3-icalendar reads them.
read_calendar() {
	/usr/bin/python3 -c '
import sys, icalendar
calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
for event in calendar.walk("VEVENT"):
    if event.errors:
        sys.exit(str(event.errors))
    print(event["UID"], event["DTSTART"].dt,
          *(-a["TRIGGER"].dt.days for a in event.walk("VALARM")))'
}

"$FCLI" show license_calendar > "$D/none.ics" 2> "$D/none.err" ||
	grep -q "no license" "$D/none.err" || die "what is wrong is not said"
wait_until 10 usable || die "no license"
"$FCLI" show license_calendar > "$D/one.ics" || die "no calendar"
term=$(date -u -d '+300 days' +%F)
[ "$(read_calendar < "$D/one.ics")" = \
    "$SUBSCRIPTION@leaseline $term 60 30 7 1" ] ||
	die "read as: $(read_calendar < "$D/one.ics")"
say "calendar: python3-icalendar reads: $(read_calendar < "$D/one.ics")"

later_term=$(date -u -d '+700 days' +%F)
"$B/leaseline-authority" subscription extend --dir "$AUTHORITY_DIR" \
	"$SUBSCRIPTION" --to "$later_term" > /dev/null || die "not extended"
"$FCLI" set renew_license > /dev/null || die "not renewed"
"$FCLI" show license_calendar > "$D/two.ics" || die "no calendar"
[ "$(read_calendar < "$D/two.ics")" = \
    "$SUBSCRIPTION@leaseline $later_term 60 30 7 1" ] ||
	die "read as: $(read_calendar < "$D/two.ics")"
say "calendar: after the renewal:     $(read_calendar < "$D/two.ics")"

# The same, without an agent.
stop_pid "$AGENT_PID"
"$FCLI" show license_calendar 2> /dev/null | read_calendar |
	grep -qF "$SUBSCRIPTION@leaseline $later_term" || die "one-shot"

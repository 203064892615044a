#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the page in headless Chromium, on a phone, a desk and a wall, light
# and dark, in the states that matter and with twenty licenses; and an agent's
# own, under its Content-Security-Policy. Screenshots stay in build/screens.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/browser.XXXXXX")"
SNMP_ENABLED=no
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'page_browser: %s\n' "$*" >&2; exit 1; }

G=$ROOT/tests/golden
page() { # page NAME INPUT...
	name=$1; shift
	"$B/tests/golden-run" --page "$@" > "$D/$name.html" ||
		fail "no page $name"
}
inputs() { for name; do printf '%s/%s.in ' "$G" "$name"; done; }

page valid "$G/valid.in"
sed '/^license /a has-bandwidth yes\nincoming 862500000\noutgoing 312500000\npeak 1105000000' \
	"$G/valid.in" > "$D/used.in"
page bandwidth "$D/used.in"
page expiring "$G/trial.in"
page failing "$G/failing.in"
page expired "$G/expired.in"
page suspended "$G/suspended.in"
page missing "$G/missing-first.in"
page two "$G/two-licenses.in"
page twenty $(inputs valid trial failing suspended expired offline-mismatch \
	rebind-refused missing-first valid cancelled invalid valid \
	not-yet-valid offline-successor valid valid valid valid valid valid)
screens=$O/screens
mkdir -p "$screens"
start_all
wait_until 30 usable || fail "no license"
HOME=$D /usr/bin/python3 "$ROOT/tests/integration/page_browser.py" "$screens" \
	"${METRICS_URL%/metrics}/" "$D"/*.html > "$D/said" 2>&1 ||
	fail "$(tail -n 5 "$D/said")"
cat "$D/said"

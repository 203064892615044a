#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the page at / is well-formed HTML that loads nothing, /status.json is
# what its schema says, /license.ics is what fcli shows: of the real agent, in
# its usual state, suspended, and with a license that says harmful things.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/page.XXXXXX")"
SNMP_ENABLED=no
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'page: %s\n' "$*" >&2; tail -n 20 "$LOG_FILE" >&2; exit 1; }

look() { # look WHEN WORDS: they are on the page, too
	base=${METRICS_URL%/metrics}
	"$FCLI" show license_calendar --all > "$D/ics" 2>/dev/null
	/usr/bin/python3 "$ROOT/tests/integration/page.py" "$base" \
		"$ROOT/exporter/status.schema.json" "$D/ics" > "$D/said" 2>&1 ||
		fail "$1: $(cat "$D/said")"
	curl -fs -m 5 "$base/" > "$D/page"
	grep -qF "$2" "$D/page" || fail "$1: the page does not say '$2'"
	say "page: $1: $(cut -d: -f2- "$D/said")"
}

start_all
wait_until 30 usable || fail "no license"
look "valid" "all well"
"$B/leaseline-authority" subscription set "$SUBSCRIPTION" --edition \
	'<img src=x onerror=alert(1)>&"' --dir "$AUTHORITY_DIR" > "$D/set" 2>&1 ||
	fail "$(cat "$D/set")"
"$FCLI" set renew_license > "$D/renew" 2>&1 || fail "$(cat "$D/renew")"
look "harmful words" '&lt;img src=x onerror=alert(1)&gt;&amp;&quot;'
"$B/leaseline-authority" subscription suspend "$SUBSCRIPTION" \
	--dir "$AUTHORITY_DIR" > "$D/set" 2>&1 || fail "$(cat "$D/set")"
"$FCLI" set renew_license > "$D/renew" 2>&1
look "suspended" "Not usable"

# A page is asked for as /metrics is: packed, HEAD, and nothing else.
base=${METRICS_URL%/metrics}
for path in / /status.json /license.ics; do
	plain=$(curl -fs -m 5 -o /dev/null -w '%{size_download}' "$base$path")
	packed=$(curl -fs -m 5 -o /dev/null -H 'Accept-Encoding: gzip' \
		-w '%{size_download}' "$base$path")
	[ "$packed" -lt "$plain" ] || fail "$path is not packed: $packed"
	code=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -X POST "$base$path")
	[ "$code" = 405 ] || fail "POST $path: $code"
	say "page: $path: $plain B, $packed B packed"
done
say "page: ok"

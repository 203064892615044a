#!/bin/sh
# Goal: every answer and every file that was changed, cut short, replayed, of
# another purpose or signed by another key is refused with its own reason, and
# the good license stays in force.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/tamper.XXXXXX")"
MIDDLE_PID= OTHER_PID=
finish() {
	stop_pid "$MIDDLE_PID"; stop_pid "$OTHER_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() { printf 'tamper: %s\n' "$*" >&2; tail -n 12 "$LOG_FILE" >&2; exit 1; }
result() { curl -fs "$METRICS_URL" | sed -n 's/^license_refresh_last_result{license="main",result="\([a-z_]*\)"} 1$/\1/p'; }
sequence() { sed -n 's/^sequence //p' "$LICENSE_FILE"; }
mode() { printf '%s\n' "$*" > "$D/mode"; }

# answer MODE... RESULT WORDS-OF-THE-LOG: a refresh through the middle.
answer() {
	mode "$1"; held=$(cat "$LICENSE_FILE")
	"$FCLI" set renew_license > "$D/said" 2>&1 && fail "$1: accepted"
	[ "$(result)" = "$2" ] || fail "$1: the result is $(result), not $2"
	grep -qF -- "$3" "$D/said" || fail "$1: '$(cat "$D/said")' does not say '$3'"
	[ "$(cat "$LICENSE_FILE")" = "$held" ] || fail "$1: the license file changed"
	"$FCLI" show license >/dev/null || fail "$1: not usable any more"
	printf 'tamper: answer %-22s %-14s %s\n' "$1" "$2" "$3"
}

# file WHAT REASON: what stands in $D/bad, dropped in place of the license.
file() {
	held=$(cat "$LICENSE_FILE")
	cp "$D/bad" "$D/bad.new"; mv "$D/bad.new" "$LICENSE_FILE"
	wait_until 10 restored ||
		fail "file $1: the good license is not back"
	cmp -s "$D/bad" "$LICENSE_FILE.rejected" || fail "file $1: not kept as .rejected"
	grep -F "is not used" "$LOG_FILE" | tail -n 1 | grep -qF -- "$2" ||
		fail "file $1: the log does not say '$2'"
	"$FCLI" show license >/dev/null || fail "file $1: not usable any more"
	printf 'tamper: file   %-22s %s\n' "$1" "$2"
}
restored() { [ "$(cat "$LICENSE_FILE")" = "$held" ]; }

plain() { sed -n 's/^http:/http:/p' "$1" | tail -n 1; }

init_authority && SUBSCRIPTION=$(add_subscription) || die "no authority"
"$B/leaseline-authority" serve --dir "$AUTHORITY_DIR" --listen http://127.0.0.1:0 \
	--port-file "$D/authority.port" 2> "$D/authority.log" &
AUTHORITY_PID=$!
"$B/leaseline-authority" init --dir "$D/other" > /dev/null 2>&1 || die "no other authority"
"$B/leaseline-authority" subscription add --dir "$D/other" --customer Other \
	--product "FastNetMon Advanced" --kind production --mbits 99999 --billing annual \
	--term-end "$(date -u -d '+300 days' +%F)" --external 127.0.0.1 > /dev/null
"$B/leaseline-authority" serve --dir "$D/other" --listen http://127.0.0.1:0 \
	--port-file "$D/other.port" 2> "$D/other.log" &
OTHER_PID=$!
wait_until 10 test -s "$D/authority.port" && wait_until 10 test -s "$D/other.port" ||
	die "an authority does not start"
mode pass
python3 "$ROOT/tests/integration/hostile.py" "$D/mode" "$(plain "$D/authority.port")" \
	"$(plain "$D/other.port")" > "$D/middle.port" &
MIDDLE_PID=$!
wait_until 10 test -s "$D/middle.port" || die "no middle"
AUTHORITY_URL=http://127.0.0.1:$(cat "$D/middle.port")
write_config
start_agent || die "the agent does not start"
wait_until 30 usable || fail "no license came"
old=$(cat "$LICENSE_FILE")
"$FCLI" set renew_license > /dev/null || fail "no refresh"

answer "flip bandwidth-mbits" bad_signature "its signature is wrong"
answer "flip sequence" bad_signature "its signature is wrong"
answer "flip signer-proof" unknown_key "not certified by a trusted root"
answer "flip leaseline-license" malformed "it is of a version"
answer cut malformed "it is cut short"
answer append malformed "it is cut short or has something after"
answer replay replayed "it answers another request"
answer echo malformed "another purpose"
answer other unknown_key "not certified by a trusted root"
answer portal malformed "does not begin with leaseline-"
answer "status 403" malformed "does not begin with leaseline-"
answer "status 503" http "status 503"
answer redirect http "status 302"
answer endless malformed ""
before=$(sequence)
mode pass
"$FCLI" set renew_license > "$D/said" || fail "the honest answer is refused: $(cat "$D/said")"
[ "$(sequence)" -gt "$before" ] || fail "the sequence did not rise"

good=$(cat "$LICENSE_FILE")
printf '%s\n' "$good" | sed 's/^bandwidth-mbits .*/bandwidth-mbits 99999/' > "$D/bad"
file "changed" "its signature is wrong"
printf '%s' "$good" | head -c 400 > "$D/bad"
file "cut short" "it is cut short"
printf '%s\n' "$old" > "$D/bad"
file "an older one" "a newer license is in force"
"$FCLI" show license_hardware_data > "$D/bad"
file "of another purpose" "it is the request"
cp "$ROOT/tests/vectors/good/$(ls "$ROOT/tests/vectors/good" | grep license | head -n 1)" "$D/bad"
file "of another root" "not certified by a trusted root"
say "tamper: everything forged was refused with its reason; the license stayed"

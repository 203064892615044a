#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: TLS and time. A machine that starts in 1970 heals by a refresh over
# HTTPS, and so does one whose mark is years ahead; a certificate that is over
# stays refused, whatever the clock says. A running authority takes another
# certificate without refusing a connection.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/tls.XXXXXX")"
. "$(dirname "$0")/fakeclock.sh"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	printf 'tls: %s\n' "$*" >&2
	tail -n 30 "$LOG_FILE" >&2; tail -n 10 "$D/authority.log" >&2
	exit 1
}
trust() {
	curl -fs -m 5 "$METRICS_URL" |
	    sed -n 's/^leaseline_clock_trust{trust="\([a-z_]*\)"} 1$/\1/p'
}
trusts() { [ "$(trust)" = "$1" ] || fail "the clock is $(trust) where $1 was expected"; }
sequence() { sed -n 's/^sequence //p' "$LICENSE_FILE"; }
again() { stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"; }
renews() { # renews WHEN
	before=$(sequence)
	"$FCLI" set renew_license > "$D/renew" 2>&1 ||
		fail "$1: $(cat "$D/renew")"
	[ "$(sequence)" -gt "${before:-0}" ] || fail "$1: nothing new came"
	say "tls: $1: $(cat "$D/renew")"
}
refused() { # refused WHEN: by TLS, and the lease stays
	before=$(sequence)
	! "$FCLI" set renew_license > "$D/renew" 2>&1 ||
		fail "$1: an answer was taken"
	grep -qi certificate "$D/renew" || fail "$1: $(cat "$D/renew")"
	[ "$(sequence)" = "$before" ] || fail "$1: the license changed"
	usable > /dev/null || fail "$1: the lease is not usable"
	say "tls: $1: $(cat "$D/renew")"
}

healed() { "$FCLI" set renew_license && usable && [ "$(trust)" = trusted ]; }

# certify FROM DAYS: a server certificate by the authority's CA, made at FROM.
certify() {
	printf 'subjectAltName=IP:127.0.0.1\n' > "$D/san"
	openssl req -new -key "$AUTHORITY_DIR/server.key" -subj /CN=test \
		-out "$D/server.req" 2>/dev/null
	env LD_PRELOAD="$fake_library" FAKETIME="$1" openssl x509 -req \
		-in "$D/server.req" -CA "$AUTHORITY_DIR/ca.crt" \
		-CAkey "$D/ca.key" -CAcreateserial -CAserial "$D/serial" \
		-days "$2" -extfile "$D/san" -out "$D/server.new" \
		2> "$D/openssl" || fail "openssl: $(cat "$D/openssl")"
	mv "$D/server.new" "$AUTHORITY_DIR/server.crt"
}
taken() { [ "$(grep -c 'certificate was read again' "$D/authority.log")" -gt "$1" ]; }
swap() { # swap FROM DAYS: a running authority has it
	lines=$(grep -c 'certificate was read again' "$D/authority.log")
	certify "$@"
	kill -HUP "$AUTHORITY_PID"
	wait_until 5 taken "$lines" || fail "the certificate is not taken"
}

SNMP_ENABLED=no
write_clock +0
AGENT_PREFIX=$STEPPED
init_authority && SUBSCRIPTION=$(add_subscription) ||
	die "the authority cannot be set up"
start_authority || die "the authority does not start"
# From here on nobody but the test makes certificates.
mv "$AUTHORITY_DIR/ca.key" "$D/ca.key"
write_config
start_agent || die "the agent does not start"
wait_until 30 usable || fail "no license came"
trusts trusted

write_clock "-$(($(date +%s) - 3600))"
again
trusts stepped_back
renews "in 1970"

swap "-60d" 30
refused "in 1970, a certificate that is over"
write_clock +0
again
refused "in time, a certificate that is over"

# While it is swapped, every connection is served.
swap "-1d" 90
( i=0
  while [ $i -lt 40 ]; do
	curl -fs -m 5 --cacert "$AUTHORITY_DIR/ca.crt" "$AUTHORITY_URL/healthz" \
		> /dev/null 2>&1 || echo "$i" >> "$D/lost"
	i=$((i + 1))
  done; echo "$i" > "$D/asked" ) &
asking=$!
for try in 1 2 3; do swap "-1d" "9$try"; done
wait "$asking"
[ ! -e "$D/lost" ] || fail "$(wc -l < "$D/lost") connections were lost"
renews "a good one again"

# Half of a pair is not taken, and what serves goes on.
cp "$AUTHORITY_DIR/server.key" "$D/server.key"
openssl ecparam -name prime256v1 -genkey -noout \
	-out "$AUTHORITY_DIR/server.key" 2>/dev/null
kill -HUP "$AUTHORITY_PID"
wait_until 5 has_line "$D/authority.log" "certificate is not taken" ||
	fail "a key that does not fit is not noticed"
renews "with half of a pair there"
cp "$D/server.key" "$AUTHORITY_DIR/server.key"

# A mark years ahead: the machine was up for a day with a wrong clock.
if unshare -m -T --boottime 1 true 2>/dev/null; then
	stop_pid "$AGENT_PID"
	rm -rf "$D/state" "$LICENSE_FILE"; mkdir -m 700 "$D/state"
	write_clock +1900d
	AGENT_PREFIX="unshare -m -T --boottime 100000 $STEPPED"
	start_agent || fail "the agent does not start"
	"$FCLI" set renew_license > "$D/renew" 2>&1 &&
		fail "renewed in the future"
	stop_pid "$AGENT_PID"
	grep -q "^high-water 203" "$D/state/.clock.state" ||
		fail "the mark is not ahead"
	write_clock +0
	AGENT_PREFIX=$STEPPED
	start_agent || fail "the agent does not start"
	# An answer to a request of before proves no time; the next does.
	wait_until 10 healed || fail "a mark five years ahead is not healed"
	say "tls: a mark five years ahead: $(usable)"
else
	say "tls: a mark that is ahead was not tried: that needs root"
fi
say "tls: ok, $(cat "$D/asked") connections while certificates were swapped"

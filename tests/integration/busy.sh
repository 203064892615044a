#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: an authority that may grant one lease a second, and a crowd: a signed
# busy with a time to come back, the lease in hand untouched, and then success;
# a person goes before the crowd; one machine that hammers gets 429 alone.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/busy.XXXXXX")"
CROWD_PIDS=
finish() {
	for pid in $CROWD_PIDS; do stop_pid "$pid"; done
	stop_all; [ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
SNMP_ENABLED=no
CLIENT=$B/tests/lease_client
CROWD=24 IDLE=8 # the last of the crowd have a lease before it is crowded

fail() {
	printf 'busy: %s\n' "$*" >&2
	cat "$D/agent.err" "$D/authority.log" >&2; tail -n 30 "$LOG_FILE" >&2
	exit 1
}
authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR"; }
# post REQUEST ANSWER [HEADERS]: the status
post() {
	curl -s -m 10 -o "$2" -D "${3:-/dev/null}" -w '%{http_code}' \
		-H 'Content-Type: text/plain' --data-binary "@$1" "$HTTP/v1/lease"
}
metric() { # metric URL NAME{LABELS}
	curl -fs -m 5 "$1" | sed -n "s/^$2 //p"
}
agent_metric() { metric "$METRICS_URL" "$1{license=\"main\"}"; }
sequence() { sed -n 's/^sequence //p' "$LICENSE_FILE"; }

# crowd COMMAND FROM TO: eight workers that go through these machines.
crowd() {
	for worker in 0 1 2 3 4 5 6 7; do
		while :; do
			for i in $(seq $(($2 + worker)) 8 "$3"); do
				"$1" "$i"
				sleep 0.05
			done
		done > /dev/null 2>&1 &
		CROWD_PIDS="$CROWD_PIDS $!"
	done
}
disperse() {
	for pid in $CROWD_PIDS; do stop_pid "$pid"; done
	CROWD_PIDS=
}
again() { post "$D/crowd/$1" "$D/crowd/$1.answer" "$D/crowd/$1.head"; }
anew() { # with the sequence that it holds
	grep -q '^reason' "$D/crowd/$1.answer" ||
		sed -n 's/^sequence //p' "$D/crowd/$1.answer" > "$D/crowd/$1.held"
	"$CLIENT" make "$D/crowd/$1.pem" "product=Crowd $1" \
		"sequence=$(cat "$D/crowd/$1.held")" > "$D/crowd/$1" &&
		again "$1"
}

init_authority && SUBSCRIPTION=$(add_subscription) &&
    [ -n "$SUBSCRIPTION" ] || die "the authority cannot be set up"
mkdir "$D/crowd"
for i in $(seq $CROWD); do
	authority subscription add --customer Crowd --product "Crowd $i" \
		--kind trial --mbits 1 --external 127.0.0.1 \
		--term-end "$(date -u -d '+30 days' +%F)" > /dev/null &&
	"$CLIENT" make "$D/crowd/$i.pem" "product=Crowd $i" \
		> "$D/crowd/$i" || die "the crowd cannot be made"
done
serve() { # serve [OPTION...]
	AUTHORITY_OPTIONS="--listen http://127.0.0.1:0 $*"
	start_authority || die "the authority does not start"
	HTTP=$(sed -n 's|^\(http://.*\)|\1|p' "$D/authority.port")
}
serve
write_config
start_agent || die "the agent does not start"
wait_until 10 usable || fail "there is no license"
for i in $(seq $((CROWD - IDLE + 1)) $CROWD); do
	[ "$(again "$i")" = 200 ] ||
		fail "machine $i of the crowd: $(cat "$D/crowd/$i.answer")"
done
stop_pid "$AUTHORITY_PID"
serve --grants-per-second 1
cp "$LICENSE_FILE" "$D/before"

# All the crowd wants its first lease: nobody goes before it, and it is long.
began=$(date +%s)
crowd again 1 $((CROWD - IDLE))
sleep 1
tries=0
until "$FCLI" set renew_license 2>&1 | tee "$D/said" |
    grep -q "asked to come back\|busy"; do
	tries=$((tries + 1))
	[ $tries -lt 20 ] || fail "never busy: $(cat "$D/said")"
done
now=$(date +%s)
next=$(agent_metric license_refresh_next_attempt_timestamp_seconds)
[ "$next" -ge $((now + 50)) ] && [ "$next" -le $((now + 21600)) ] ||
	fail "the next attempt is in $((next - now)) s"
usable || fail "busy made the license unusable"
[ "$(agent_metric license_refresh_consecutive_failures)" = 0 ] ||
	fail "busy is counted as a failure"
[ "$(metric "$METRICS_URL" \
    'license_refresh_last_refusal{license="main",reason="busy"}')" = 1 ] ||
	fail "the last refusal is not busy"
if [ $tries -eq 0 ]; then
	cmp -s "$LICENSE_FILE" "$D/before" || fail "busy changed the license"
fi
held=$(sequence)

# What the crowd is told is signed, takes no sequence, and says when.
for i in $(seq 50); do
	busy=$D/crowd/$(((i - 1) % (CROWD - IDLE) + 1))
	post "$busy" "$D/told" "$D/head" > /dev/null
	grep -q '^reason busy' "$D/told" && break
done
[ "$("$CLIENT" read "$AUTHORITY_DIR/root.pub" "$busy" "$D/told" 403)" = \
    "refusal busy 0" ] || fail "busy is not signed: $(cat "$D/told")"
header=$(tr -d '\r' < "$D/head" | sed -n 's/^Retry-After: //p')
disperse
took=$(($(date +%s) - began))
[ "$header" = "$(sed -n 's/^retry-after-s //p' "$D/told")" ] &&
    [ "$header" -ge 60 ] && [ "$header" -le 21600 ] ||
	fail "Retry-After '$header' is not what is signed"
granted=$(metric "$HTTP/metrics" 'authority_requests_total{result="license"}')
told=$(metric "$HTTP/metrics" 'authority_requests_total{result="busy"}')
[ "$granted" -le $((took + 2)) ] ||
	fail "$granted leases in $took s at one a second"
[ "$(metric "$HTTP/metrics" authority_grant_limit_per_second)" = 1 ] ||
	fail "the limit is not in the metrics"
echo "busy: $granted leases in $took s, $told times busy, come back in" \
	"$header s; the agent's next attempt in $((next - now)) s"

# The crowd is gone.
wait_until 10 "$FCLI" set renew_license || fail "no success afterwards"
[ "$(sequence)" -gt "$held" ] || fail "no new license"

# Machines that would gain nothing take every second; a person still goes first.
crowd anew $((CROWD - IDLE + 1)) $CROWD
sleep 1
for i in 1 2 3; do
	"$FCLI" set renew_license > "$D/said" 2>&1 ||
		fail "a person was refused: $(cat "$D/said")"
done
disperse
more=$(metric "$HTTP/metrics" 'authority_requests_total{result="busy"}')
[ "$more" -gt $((told + 20)) ] ||
	fail "the crowd was not there: $((more - told)) times busy"
echo "busy: 3 of 3 of a person's refreshes granted beside" \
	"$((more - told)) refused ones of a crowd"

# One machine hammers: it alone is not heard.
one=$CROWD
urls=; for i in $(seq 400); do urls="$urls $HTTP/v1/lease"; done
curl -s -o /dev/null -m 20 -w '%{http_code} %header{retry-after}\n' \
	-H 'Content-Type: text/plain' --data-binary "@$D/crowd/$one" $urls \
	> "$D/codes" || fail "the hammer missed"
heard=$(grep -c '^[24]0[03] ' "$D/codes"); limited=$(grep -c '^429 [1-9]' "$D/codes")
[ $((heard + limited)) = 400 ] && [ "$heard" -le 302 ] ||
	fail "$heard heard, $limited not: $(sort "$D/codes" | uniq -c)"
[ "$(metric "$HTTP/metrics" \
    'authority_requests_total{result="limited"}')" -ge "$limited" ] ||
	fail "the metrics do not count what was limited"
"$FCLI" set renew_license > "$D/said" 2>&1 ||
	fail "the hammer hit another: $(cat "$D/said")"
echo "busy: of 400 requests of one machine $heard were heard, $limited got" \
	"429; another machine was served"

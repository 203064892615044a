#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the real authority over HTTP and HTTPS: licenses and refusals that an
# agent accepts, the same bytes the same answer, nothing lost by kill -9, and
# administration beside a running service.
#
# Expects: B, the directory of the programs (lease_client below tests/).

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-$ROOT/build/gcc}
A=$B/leaseline-authority
CLIENT=$B/tests/lease_client
[ -x "$A" ] && [ -x "$CLIENT" ] || {
	echo "authority.sh: skipped: build it with make integration-authority"
	exit 77
}
D=$(mktemp -d) || exit 1
PID=
failures=0

end() {
	code=$?
	[ -z "$PID" ] || { kill -KILL "$PID"; wait "$PID"; } 2>/dev/null
	rm -rf "$D"
	exit $code
}
trap end EXIT
trap 'exit 1' INT TERM

die() { echo "authority.sh: $*" >&2; cat "$D/log" >&2; exit 1; }

# expect WHAT WANTED GOT
expect() {
	[ "$2" = "$3" ] && return 0
	echo "authority.sh: $1: expected '$2', got '$3'" >&2
	failures=$((failures + 1))
}

wait_until() {
	tenths=$(($1 * 10)); shift
	while ! "$@" >/dev/null 2>&1; do
		tenths=$((tenths - 1))
		[ $tenths -gt 0 ] || return 1
		sleep 0.1
	done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

start() {
	rm -f "$D/ports"
	"$A" serve --dir "$D/a" --listen http://127.0.0.1:0 \
		--listen 127.0.0.1:0 --port-file "$D/ports" >>"$D/log" 2>&1 &
	PID=$!
	wait_until 10 test -s "$D/ports" || die "it does not start"
	HTTP=$(sed -n 's|^\(http://.*\)|\1|p' "$D/ports")
	HTTPS=$(sed -n 's|^\(https://.*\)|\1|p' "$D/ports")
}

# post URL REQUEST ANSWER: the status.
post() {
	curl -s -o "$3" -w '%{http_code}' --cacert "$D/a/ca.crt" \
		-H 'Content-Type: text/plain' --data-binary "@$2" \
		--max-time 10 "$1/v1/lease"
}

# ask URL [NAME=VALUE ...]: "STATUS what an agent reads".
ask() {
	url=$1; shift
	"$CLIENT" make "$D/${KEY:-machine}.pem" "$@" >"$D/request"
	again "$url"
}

# again URL: the same bytes once more.
again() {
	status=$(post "$1" "$D/request" "$D/answer")
	echo "$status $("$CLIENT" read "$D/a/root.pub" "$D/request" \
		"$D/answer" "$status")"
}

today=$(date -u +%F)
lease_end=$(date -u -d "$today + 14 days" +%FT23:59:59Z)

umask 022
"$A" init --dir "$D/a" --name authority.example >"$D/init" ||
	die "init failed"
grep -q root.pem "$D/init" || die "init does not tell about root.pem"
"$A" init --dir "$D/a" 2>/dev/null
expect "init refuses to overwrite" 1 $?
expect "directory" 700 "$(stat -c %a "$D/a")"
for f in root.pem signer.pem ca.key server.key authority.db; do
	expect "mode of $f" 600 "$(stat -c %a "$D/a/$f")"
done
for f in root.pub ca.crt; do
	expect "mode of $f" 644 "$(stat -c %a "$D/a/$f")"
done

add() {
	"$A" subscription add --dir "$D/a" --customer Example \
		--product "$1" --kind production --mbits 10000 \
		--billing annual --term-end "$(date -u -d '+300 days' +%F)" \
		"$2" ${3:+"$3"}
}
ID=$(add FastNetMon --external=127.0.0.1 | tail -n 1)
start

expect "healthz" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$HTTP/healthz")"
expect "readyz" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$HTTP/readyz")"
expect "revoked" 404 \
	"$(curl -s -o /dev/null -w '%{http_code}' "$HTTP/v1/revoked")"
expect "without the CA" 60 "$(curl -s -o /dev/null "$HTTPS/healthz"; echo $?)"

expect "first, over HTTP" "200 license 1 $lease_end" "$(ask "$HTTP")"
expect "next, over HTTPS" "200 license 2 $lease_end" \
	"$(ask "$HTTPS" sequence=1)"
cp "$D/answer" "$D/first"
expect "the same bytes" "200 license 2 $lease_end" "$(again "$HTTP")"
cmp -s "$D/first" "$D/answer" || expect "the same answer" same other

expect "another product" "403 refusal no_subscription 0" \
	"$(ask "$HTTP" sequence=2 product=Other)"
expect "another version" "403" \
	"$(ask "$HTTP" version=2 | cut -d' ' -f1)"
grep -q "^reason unsupported-version$" "$D/answer" ||
	expect "reason" unsupported-version other
printf 'hello\n' >"$D/junk"
expect "not a request" 400 "$(post "$HTTP" "$D/junk" "$D/answer")"
head -c 20000 /dev/zero >"$D/junk"
expect "too large" 413 "$(post "$HTTP" "$D/junk" "$D/answer")"
sed 's/^logical-cpus 8/logical-cpus 9/' "$D/request" >"$D/junk"
expect "changed after it was signed" 400 \
	"$(post "$HTTP" "$D/junk" "$D/answer")"

# What was answered is in the database, whatever happens to the process.
expect "before the kill" "200 license 3 $lease_end" "$(ask "$HTTPS" sequence=2)"
kill -KILL "$PID"; wait "$PID" 2>/dev/null
start
expect "the same bytes after it" "200 license 3 $lease_end" "$(again "$HTTP")"
expect "after the kill" "200 license 4 $lease_end" "$(ask "$HTTPS" sequence=3)"

# Administration beside the service, two at once.
"$A" subscription set "$ID" --dir "$D/a" --mbits 20000 >"$D/out1" &
one=$!
"$A" subscription extend "$ID" --dir "$D/a" \
	--to "$(date -u -d '+400 days' +%F)" >"$D/out2" &
two=$!
wait "$one"; expect "one of two commands" 0 $?
wait "$two"; expect "the other" 0 $?
expect "both are seen" "200 license 5 $lease_end" "$(ask "$HTTP" sequence=4)"
grep -q '^bandwidth-mbits 20000$' "$D/answer" || expect bandwidth 20000 other
grep -q "^term-end $(date -u -d '+400 days' +%F)T23:59:59Z$" "$D/answer" ||
	expect "term end" new old

"$A" subscription suspend "$ID" --dir "$D/a" >/dev/null
expect "suspended, the same bytes" "403 refusal suspended 6" "$(again "$HTTP")"
"$A" subscription suspend "$ID" --dir "$D/a" >/dev/null 2>&1
expect "suspended already" 1 $?
"$A" subscription reinstate "$ID" --dir "$D/a" >/dev/null
expect "reinstated" "200 license 7 $lease_end" "$(ask "$HTTP" sequence=6)"

# A coupon: printed once, used once, from wherever its machine is.
coupon=$(add FastCoupon --coupon | sed -n 's/^coupon //p')
KEY=other
expect "a wrong coupon" "403 refusal no_subscription 0" \
	"$(ask "$HTTP" product=FastCoupon coupon=nothing)"
expect "a coupon" "200 license 1 $lease_end" \
	"$(ask "$HTTP" product=FastCoupon "coupon=$coupon")"
grep -q "$coupon" "$D/a/authority.db" "$D/a/authority.db-wal" "$D/log" &&
	expect "the coupon is kept" hashed plain
KEY=machine

curl -s "$HTTP/metrics" >"$D/metrics"
for line in 'authority_requests_total{result="license"} 4' \
	'authority_requests_total{result="suspended"} 1' \
	'authority_database_up 1'; do
	grep -qF "$line" "$D/metrics" || expect "metrics" "$line" \
		"$(grep "${line%% *}" "$D/metrics")"
done
if command -v promtool >/dev/null; then
	expect "promtool" "" "$(promtool check metrics <"$D/metrics" 2>&1)"
fi

# One machine key, two products at one address: each its own chain.
# chain PRODUCT SEQUENCE: the next of its chain; its bytes are kept.
chain() {
	if [ "$2" = 0 ]; then
		ask "$HTTP" "product=$1"
	else
		ask "$HTTP" "product=$1" "sequence=$2"
	fi
	cp "$D/request" "$D/request.$1"; cp "$D/answer" "$D/answer.$1"
}
# replayed PRODUCT: the same bytes again are answered as they were.
replayed() {
	post "$HTTP" "$D/request.$1" "$D/answer" >/dev/null
	cmp -s "$D/answer" "$D/answer.$1" ||
		expect "$1, the same bytes" "its own answer" another
}
KEY=both
ONE=$(add FastOne --external=127.0.0.1 | tail -n 1)
TWO=$(add FastTwo --external=127.0.0.1 | tail -n 1)
two=0
for one in 0 1 2 3 4 5 6 7 8 9 10 11; do
	expect "first product" "200 license $((one + 1)) $lease_end" \
		"$(chain FastOne $one)"
	if [ $((one % 3)) -eq 0 ]; then
		expect "second product" "200 license $((two + 1)) $lease_end" \
			"$(chain FastTwo $two)"
		two=$((two + 1))
	fi
	replayed FastOne
	replayed FastTwo
done
expect "a third product" "403 refusal no_subscription 0" \
	"$(ask "$HTTP" product=FastThree)"
key=$("$A" machine list --subscription "$ONE" --dir "$D/a" |
	sed -n 's/^\([^ ]*=\) .*/\1/p')
"$A" machine show "$key" --dir "$D/a" >"$D/shown"
for line in "product FastOne" "product FastTwo" "subscription $ONE" \
	"subscription $TWO" "sequence 12" "sequence 4"; do
	tr -s ' ' <"$D/shown" | grep -qxF "$line" ||
		expect "machine show" "$line" "$(cat "$D/shown")"
done
expect "machine show --json" "FastOne FastTwo" \
	"$("$A" machine show "$key" --json --dir "$D/a" | python3 -c 'import \
json, sys; print(*[m["product"] for m in json.load(sys.stdin)["machines"]])')"
# A restored snapshot of one is no matter of the other.
expect "a fork of one" "200 license 13 $lease_end" "$(chain FastOne 9)"
expect "the other branch" "200 license 14 $lease_end" "$(chain FastOne 12)"
expect "both of them" "403 refusal clone 0" "$(chain FastOne 13)"
expect "the other product" "200 license 5 $lease_end" "$(chain FastTwo 4)"
"$A" machine clear-clone "$key" --dir "$D/a" >"$D/shown"
expect "both are shown" 2 "$(grep -c '^state  *live' "$D/shown")"
expect "it is cleared" "200 license 15 $lease_end" "$(chain FastOne 13)"
"$A" events --dir "$D/a" --subscription "$ONE" >"$D/one"
"$A" events --dir "$D/a" --subscription "$TWO" >"$D/two"
for word in fork:3 refuse-clone:1 clear-clone:1; do
	expect "$word of one" "${word#*:}" "$(grep -c " ${word%:*} " "$D/one")"
done
grep -E ' (fork|rollback|replay|take-over|rebind|[a-z-]*clone) ' "$D/two" &&
	expect "events of the other" "activate and extend" more
KEY=machine

for word in add activate extend set extend-term suspend refuse-suspended \
	reinstate coupon-used; do
	"$A" events --dir "$D/a" | grep -q " $word " ||
		expect "events" "$word" none
done
expect "machines" 4 "$("$A" machine list --dir "$D/a" | grep -c live)"
"$A" subscription list --json --dir "$D/a" |
	grep -q '^{"subscriptions":\[{"id":' || expect json object other

kill -TERM "$PID"
wait_until 2 gone "$PID" || expect "it stops within 2 s" yes no
wait "$PID"; expect "exit code after SIGTERM" 0 $?
PID=
grep -iE 'error|private|BEGIN' "$D/log" && expect "log" clean other

# A listener that is not on loopback may not be without TLS.
"$A" serve --dir "$D/a" --listen http://192.0.2.1:1 2>/dev/null
expect "plain HTTP elsewhere" 1 $?

[ $failures -eq 0 ] || { cat "$D/log" >&2; exit 1; }
echo "authority.sh: ok"

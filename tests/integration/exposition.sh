#!/bin/sh
# Goal: the metrics page as others read it: promtool, a real Prometheus through
# a proxy that logs what it asked for and got, python's OpenMetrics parser, and
# curl with every wish; then SCRAPES of them, of which no memory is left over
# (10^6 in check-all).
. "$(dirname "$0")/lib.sh"
SCRAPES=${SCRAPES:-50000}
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/exposition.XXXXXX")"
PROXY_PID= PROMETHEUS_PID=
finish() {
	stop_pid "$PROMETHEUS_PID"; stop_pid "$PROXY_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'exposition: %s\n' "$*" >&2
	tail -n 5 "$D"/*.err "$LOG_FILE" >&2
	exit 1
}
PY="/usr/bin/python3 $ROOT/tests/integration/exposition.py"
OPEN=application/openmetrics-text
PROMETHEUS_3="$OPEN;version=1.0.0;escaping=allow-utf-8;q=0.5,$OPEN;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
TEXT_TYPE="text/plain; version=0.0.4; charset=utf-8"
OPEN_TYPE="$OPEN; version=1.0.0; charset=utf-8"
ask() { curl -s -m 10 -D "$D/head" -o "$D/body" "$@"; }
# header NAME: its value in the last answer
header() { tr -d '\r' < "$D/head" | sed -n "s/^$1: //p"; }
# expect WHAT TYPE CODING CURL-ARGUMENTS...
expect() {
	what=$1 type=$2 coding=$3; shift 3
	ask "$@" "$METRICS_URL" || fail "$what: no answer"
	[ "$(header Content-Type)" = "$type" ] || fail "$what: $(header Content-Type)"
	[ "$(header Content-Encoding)" = "$coding" ] ||
		fail "$what: coding '$(header Content-Encoding)'"
	[ "$(header Vary)" = "Accept, Accept-Encoding" ] || fail "$what: Vary"
	[ "$coding" = gzip ] || return 0
	gzip -dc < "$D/body" > "$D/plain" || fail "$what: not gzip"
	[ "$(wc -c < "$D/body")" -lt "$(($(wc -c < "$D/plain") / 3))" ] ||
		fail "$what: hardly packed"
}

start_all
wait_until 30 usable && wait_until 20 snmp_usable || fail "no license"

expect "curl" "$TEXT_TYPE" "" ; cp "$D/body" "$D/text"
expect "Prometheus 3" "$OPEN_TYPE; escaping=underscores" gzip -H "Accept: $PROMETHEUS_3" \
	-H 'Accept-Encoding: gzip'
cp "$D/plain" "$D/open"
expect "Prometheus 2" "$OPEN_TYPE" gzip -H 'Accept-Encoding: gzip' \
	-H "Accept: $OPEN;version=1.0.0,$OPEN;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
expect "OpenMetrics 0.0.1" "$TEXT_TYPE" "" -H "Accept: $OPEN;version=0.0.1"
expect "a browser" "$TEXT_TYPE" gzip --compressed -H 'Accept: text/html,*/*;q=0.8' --raw
expect "nothing of ours" "$TEXT_TYPE" "" -H 'Accept: image/png'
expect "gzip refused" "$TEXT_TYPE" "" -H 'Accept-Encoding: gzip;q=0, *'
expect "no Accept" "$TEXT_TYPE" "" -H 'Accept:'
ask "$METRICS_URL?a=b&collect[]=c" -g && grep -q '^license_usable' "$D/body" || fail "a query"
ask -X POST -d x "$METRICS_URL"
[ "$(head -c 12 "$D/head")" = "HTTP/1.1 405" ] && [ "$(header Allow)" = "GET, HEAD" ] ||
	fail "POST: $(cat "$D/head")"
ask -I -H 'Accept-Encoding: gzip' "$METRICS_URL"
[ "$(header Content-Encoding)" = gzip ] && [ "$(header Content-Length)" -gt 500 ] ||
	fail "HEAD: $(cat "$D/head")"
say "exposition: $(wc -c < "$D/text") bytes of text, $(wc -c < "$D/open") of OpenMetrics," \
	"$(header Content-Length) packed"

# Who never says no proves nothing.
sed 's/_total{/{/;s/_total$//' "$D/text" | promtool check metrics > "$D/promtool" 2>&1 &&
	fail "promtool takes counters without their ending"
promtool check metrics < "$D/text" > "$D/promtool" 2>&1 && [ ! -s "$D/promtool" ] ||
	fail "promtool: $(cat "$D/promtool")"
$PY parse "$D/text" "$D/open" > "$D/parsed" 2> "$D/parse.err" || fail "OpenMetrics"
sed '$d' "$D/open" > "$D/cut"
$PY parse "$D/text" "$D/cut" > "$D/parse.err" 2>&1 && fail "the parser misses no end"
(grep -v EOF "$D/open"; grep '^process' "$D/open"; echo '# EOF') > "$D/cut"
$PY parse "$D/text" "$D/cut" > "$D/parse.err" 2>&1 && fail "the parser takes a series twice"
say "exposition: promtool silent; python's OpenMetrics parser: $(cat "$D/parsed")"

$PY proxy "$METRICS_URL" "$D/asked" > "$D/proxy.port" 2> "$D/proxy.err" &
PROXY_PID=$!
wait_until 10 test -s "$D/proxy.port" || fail "no proxy"
cat > "$D/prometheus.yml" <<END
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: leaseline
    static_configs: [{targets: ['127.0.0.1:$(cat "$D/proxy.port")']}]
END
API=127.0.0.1:$(free_udp_port)
prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/tsdb" \
	--web.listen-address="$API" --log.level=debug > "$D/prometheus.err" 2>&1 &
PROMETHEUS_PID=$!
# value EXPRESSION: of a query, one sample
value() {
	curl -fsG -m 5 "http://$API/api/v1/query" --data-urlencode "query=$1" | python3 -c '
import json, sys
print(*[r["value"][1] for r in json.load(sys.stdin)["data"]["result"]])'
}
is() { [ "$(value "$1")" = "$2" ]; }
wait_until 60 is 'license_usable{license="main"}' 1 || fail "Prometheus has no license_usable"
is up 1 || fail "up is $(value up)"
is 'license_state == 1' 1 || fail "the state set is not one"
is 'license_refresh_attempts_total >= bool 1' 1 || fail "a counter is lost"
# Only OpenMetrics has units.
curl -fs -m 5 "http://$API/api/v1/metadata?metric=license_expiry_timestamp_seconds" |
	grep -q '"unit":"seconds"' || fail "Prometheus knows no unit"
series=$(value scrape_samples_scraped)
[ "$series" = "$(grep -vc '^#' "$D/open")" ] || fail "Prometheus has $series series"
asked="| $OPEN_TYPE | gzip"
grep -q "^Prometheus/2.*$asked$" "$D/asked" || fail "negotiated: $(tail -n 1 "$D/asked")"
say "exposition: $(sed -n '1s/ .*//p' "$D/asked") was answered $OPEN_TYPE, gzip; $series series, up"
stop_pid "$PROMETHEUS_PID"; stop_pid "$PROXY_PID"

# scrape COUNT CURL-ARGUMENTS...: one after another over one connection
scrape() {
	count=$1; shift
	[ "$(curl -s -o /dev/null -w '%{http_code} %{size_header}\n' "$@" \
		"$METRICS_URL?[1-$count]" | grep -c '^200 [1-9]')" = "$count" ] ||
		fail "a scrape failed"
}
private_bytes() { awk '/^RssAnon/ {print $2 * 1024}' "/proc/$AGENT_PID/status"; }
all_kinds() {
	scrape $(($1 / 5)) & first=$!
	scrape $(($1 / 5)) -H 'Accept-Encoding: gzip' & second=$!
	scrape $(($1 / 5)) -H "Accept: $OPEN" || return 1
	scrape $(($1 / 10)) -H "Accept: $PROMETHEUS_3" -H 'Accept-Encoding: gzip' || return 1
	"$FCLI" set renew_license > "$D/renew" 2>&1 || fail "a refresh amid scrapes: $(cat "$D/renew")"
	scrape $(($1 / 5)) -I || return 1
	scrape $(($1 / 10)) -H 'Connection: close' || return 1
	wait $first && wait $second
}
all_kinds 2000 || fail "scrapes"
before=$(private_bytes)
begun=$(date +%s)
all_kinds "$SCRAPES" || fail "scrapes"
grown=$(($(private_bytes) - before))
say "exposition: $SCRAPES scrapes in $(($(date +%s) - begun)) s: $grown bytes more," \
	"$(awk "BEGIN {printf \"%.2f\", $grown / $SCRAPES}") a scrape"
[ $grown -lt 1048576 ] || fail "memory grows with scrapes"

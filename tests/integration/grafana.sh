#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the Grafana dashboards are what generate.py makes, keep the rules of
# Grafana's linter, name only metrics that exist, and each of their queries has
# data in a real Prometheus that reads a real fleet in all states. No Grafana
# draws them here; with the argument npm, its libraries judge them, too: they are
# where NODE_PATH says.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/grafana.XXXXXX")"
. "$(dirname "$0")/fleet.sh"
PAGES=$ROOT/dashboards/grafana
PROMETHEUS_PID=
finish() {
	stop_pid "$PROMETHEUS_PID"; stop_fleet
	[ -n "$KEEP" ] || rm -rf "$FLEET_TOP"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() { printf 'grafana: %s\n' "$*" >&2; exit 1; }
check() { python3 -B "$ROOT/tests/integration/grafana.py" "$@" || exit 1; }

files="$PAGES/authority.json $PAGES/fleet.json $PAGES/license.json"
mkdir "$D/made"
python3 "$PAGES/generate.py" "$D/made"
for file in $files; do
	cmp "$file" "$D/made/$(basename "$file")" || fail "run: make grafana"
done
check lint $files
# Histograms have their parts' names, Prometheus has up, promtool the rest.
check names $files > "$D/names"
while read -r name; do
	[ "$name" = up ] || grep -q "\"${name%_bucket}\"" "$ROOT/exporter/families.c" \
	    "$ROOT/license/authority/tally.c" ||
		grep -q "\"$(printf %s "$name" | sed 's/_\(sum\|count\)$//')\"" \
		    "$ROOT/license/authority/tally.c" || fail "$name is no metric of ours"
done < "$D/names"
say "grafana: $(wc -l < "$D/names") metrics, all of them ours"

start_fleet
D=$FLEET_TOP

# No job is called as in our examples; agents are of two. What others watch,
# and what of it is down, is not ours.
targets() { # targets NAME...
	for name; do
		eval "at=\$url_$name"
		at=${at#http://}
		printf '%s"%s"' "$comma" "${at%%/*}"
		comma=,
	done
	comma=
}
PROMETHEUS=127.0.0.1:$(free_udp_port)
cat > "$D/prometheus.yml" <<END
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: edge
    static_configs: [{targets: [$(targets ${FLEET%% soon*})]}]
  - job_name: core
    static_configs: [{targets: [$(targets soon ${FLEET##* soon})]}]
  - job_name: vendor
    scheme: https
    tls_config: {ca_file: $AUTHORITY_DIR/ca.crt}
    static_configs: [{targets: ["127.0.0.1:$AUTHORITY_PORT"]}]
  - job_name: others
    static_configs: [{targets: ["$PROMETHEUS", "127.0.0.1:9"]}]
END
prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/data" \
	--web.listen-address="$PROMETHEUS" > "$D/prometheus.log" 2>&1 &
PROMETHEUS_PID=$!
up() { curl -fs -m 5 --data-urlencode "query=$1" "http://$PROMETHEUS/api/v1/query" |
	grep -q "\"$2\"\]"; }
count=$(($(printf '%s\n' $FLEET | wc -l) + 2))
wait_until 60 up 'sum(up)' "$count" ||
	{ tail -n 5 "$D/prometheus.log" >&2; fail "$count are not scraped"; }
say "grafana: one authority and $((count - 2)) agents, in states" \
	"$(for name in $FLEET; do turn "$name"; curl -fs -m 5 "$METRICS_URL" |
	sed -n 's/^license_state{.*state="\([a-z_]*\)"} 1$/\1/p'; done |
	sort | uniq -c | sort -rn | awk '{ printf "%s%d %s", s, $1, $2; s = ", " }')"

# One goes away while it is looked at; others refresh, and fail to.
halt gone
FLEET=$(printf '%s' "$FLEET" | sed 's/ gone//')
wait_until 30 up 'sum(1 - up)' 2 || fail "an agent that is gone is not seen"
keep_busy() {
	while :; do
		for name in annual1 annual2 watched suspended unanswered; do renew $name; done
		sleep 1
	done
}
keep_busy &
busy=$!
run() { FLEET_GRACE=$FLEET_GRACE python3 -B "$ROOT/tests/integration/grafana.py" run \
	"http://$PROMETHEUS" "$@"; }
run "$FLEET_TOP" $files
code=$?
kill "$busy"; wait "$busy" 2> /dev/null
[ $code = 0 ] || fail "a query of a dashboard"

# A query that finds nothing is noticed.
mkdir "$FLEET_TOP/broken"
sed 's/license_usable{/license_usabel{/' "$PAGES/fleet.json" > "$FLEET_TOP/broken/fleet.json"
! WAIT_S=0 run "$FLEET_TOP/broken" "$FLEET_TOP/broken/fleet.json" > /dev/null 2>&1 ||
	fail "a query without data is not noticed"

# What a person reads at the top, against what the fleet is.
D=$FLEET_TOP
shows() { # shows TITLE NUMBER
	shown=$(check stat "$D" "$PAGES/fleet.json" "$1")
	[ "$shown" = "$2" ] || fail "$1: $shown where $2 was expected"
	told="$told${told:+, }$1: $2"
}
tally() { # tally LINE: in how many agents it is
	for name in $FLEET; do turn "$name"; curl -fs -m 5 "$METRICS_URL"; done | grep -cF "$1"
}
told=
shows Licenses "$((count - 3))"
shows "Need a person now" "$(tally '_severity{license="main",severity="critical"} 1')"
shows "Need a person soon" "$(tally '_severity{license="main",severity="warning"} 1')"
shows "Not usable" "$(tally 'license_usable{license="main"} 0')"
shows "Agents down" 1
say "grafana: $told"

[ "$1" = npm ] || exit 0
mkdir "$D/types"
node "$ROOT/tests/integration/grafana_npm.js" types "$D/types" $files &&
	node "$ROOT/tests/integration/grafana_npm.js" tables "$D" $files || exit 1

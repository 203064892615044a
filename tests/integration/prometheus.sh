# SPDX-License-Identifier: ISC
# A real Prometheus with the shipped rules and a real Alertmanager with the
# shipped example, on free loopback ports, over what start_all started. Sourced
# after lib.sh. Offers: PROMETHEUS_URL PROMETHEUS_PID ALERTMANAGER_URL
# ALERTMANAGER_PID. EVERY: how often it scrapes and evaluates (5s);
# PROMETHEUS_OPTIONS.
PROMETHEUS_PID= ALERTMANAGER_PID=
DASHBOARDS=$ROOT/dashboards

# The example, but for addresses and pace; and the authority's job in use.
write_prometheus_config() {
	sed -e "s/127.0.0.1:9093/${ALERTMANAGER_URL#http://}/" \
	    -e "s,127.0.0.1:10014,$(say "$METRICS_URL" | cut -d / -f 3)," \
	    -e "s/_interval: .*/_interval: ${EVERY:-5s}/" \
	    -e '/# - job_name/,$ s/^  # /  /' \
	    -e "s,/var/lib/leaseline-authority/ca.crt,$AUTHORITY_DIR/ca.crt," \
	    -e "s,127.0.0.1:8443,${AUTHORITY_URL#*://}," \
	    "$DASHBOARDS/prometheus/prometheus.example.yml" > "$D/prometheus.yml"
}

answers() { curl -fs -m 2 -o /dev/null "$1/-/ready"; }

# start_alertmanager SED-ARGUMENTS...: what to change in the example.
start_alertmanager() {
	sed "$@" "$DASHBOARDS/alertmanager/alertmanager.example.yml" \
		> "$D/alertmanager.yml"
	ALERTMANAGER_URL=http://127.0.0.1:$(free_udp_port)
	prometheus-alertmanager --config.file="$D/alertmanager.yml" \
		--storage.path="$D/alertmanager" --cluster.listen-address= \
		--web.listen-address="${ALERTMANAGER_URL#http://}" \
		> "$D/alertmanager.log" 2>&1 &
	ALERTMANAGER_PID=$!
	wait_until 60 answers "$ALERTMANAGER_URL" ||
		{ cat "$D/alertmanager.log" >&2; return 1; }
}

# start_prometheus: with $D/leaseline.rules.yml, the shipped ones if not there.
start_prometheus() {
	[ -f "$D/leaseline.rules.yml" ] ||
		cp "$DASHBOARDS/prometheus/leaseline.rules.yml" "$D"
	write_prometheus_config
	PROMETHEUS_URL=http://127.0.0.1:$(free_udp_port)
	prometheus --config.file="$D/prometheus.yml" \
		--storage.tsdb.path="$D/prometheus" $PROMETHEUS_OPTIONS \
		--web.listen-address="${PROMETHEUS_URL#http://}" \
		> "$D/prometheus.log" 2>&1 &
	PROMETHEUS_PID=$!
	wait_until 60 answers "$PROMETHEUS_URL" ||
		{ cat "$D/prometheus.log" >&2; return 1; }
}

# value EXPRESSION: of a query, the values of its samples
value() {
	curl -fsG -m 5 "$PROMETHEUS_URL/api/v1/query" \
		--data-urlencode "query=$1" | python3 -c '
import json, sys
print(*[r["value"][1] for r in json.load(sys.stdin)["data"]["result"]])'
}
is_up() { [ "$(value "sum(up)")" = 2 ]; }

stop_prometheus() {
	stop_pid "$PROMETHEUS_PID"; stop_pid "$ALERTMANAGER_PID"
	PROMETHEUS_PID= ALERTMANAGER_PID=
}

#!/bin/sh
# What a scrape of /metrics costs, beside nginx that serves the same bytes as a
# static file, node_exporter and snmp_exporter: requests a second and p99 at 1,
# 16 and 64 connections; gzip and TLS; while snmpd is stopped and the authority
# hangs; and LICENSES in one agent. In turn, ROUNDS times; medians, and ratios
# within a round. Printed, never judged. B is the directory of the programs.
. "$(dirname "$0")/../integration/lib.sh"
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-1}
LICENSES=${LICENSES:-2000}
CONNECTIONS="1 16 64"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")"
NGINX_PID= NODE_PID= EXPORTER_PID=
finish() {
	kill -CONT "$SNMPD_PID" "$AUTHORITY_PID" 2>/dev/null
	stop_pid "$NGINX_PID"; stop_pid "$NODE_PID"; stop_pid "$EXPORTER_PID"
	stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM

# load FILE CONNECTIONS URL [WRK-ARGUMENTS...]: "requests/s p99-us" in FILE
load() {
	file=$1 connections=$2 url=$3; shift 3
	wrk -t1 -c"$connections" -d"$SECONDS_EACH"s --latency "$@" "$url" > "$D/wrk" ||
		die "wrk fails at $url"
	grep -qE 'Non-2xx|Socket errors' "$D/wrk" && die "$url: $(cat "$D/wrk")"
	awk '/^ *99%/ {
		unit = $2; sub(/[0-9.]+/, "", unit)
		p99 = $2 * (unit == "us" ? 1 : unit == "ms" ? 1000 : 1000000) }
	/^Requests\/sec/ {rate = $2}
	END {print rate, p99}' "$D/wrk" >> "$D/$file"
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
column() { awk -v n="$2" '{print $n}' "$D/$1" | median; }
# ratio FILE FILE COLUMN: the median of the ratios, round by round
ratio() {
	paste "$D/$1" "$D/$2" | awk -v n="$3" '{print $n / $(NF / 2 + n)}' |
		median | awk '{printf "%.2f", $1}'
}
tell() { # tell NAME FILE OURS
	printf '  %-34s %7.0f/s  p99 %6.0f us' "$1" "$(column "$2" 1)" "$(column "$2" 2)"
	[ "$2" = "$3" ] && echo "  1x" || echo "  ours is $(ratio "$3" "$2" 1)x"
}

start_nginx() { # the page in both forms, plain and TLS
	mkdir -p "$D/page" && curl -fs "$METRICS_URL" > "$D/page/metrics" &&
	    gzip -1nc "$D/page/metrics" > "$D/page/metrics.gz" || die "no page"
	PLAIN=127.0.0.1:$(free_udp_port) SECURE=127.0.0.1:$(free_udp_port)
	cat > "$D/nginx.conf" <<-END
	$([ "$(id -u)" -ne 0 ] || echo 'user root;')
	worker_processes 1; daemon off; pid $D/nginx.pid; error_log $D/nginx.err;
	events { worker_connections 512; }
	http {
		access_log off; sendfile on; tcp_nopush on; gzip_static on;
		keepalive_requests 1000000000; open_file_cache max=16;
		client_body_temp_path $D/t1; proxy_temp_path $D/t2;
		fastcgi_temp_path $D/t3; uwsgi_temp_path $D/t4; scgi_temp_path $D/t5;
		default_type "text/plain; version=0.0.4; charset=utf-8";
		server {
			listen $PLAIN; listen $SECURE ssl; root $D/page;
			ssl_certificate $AUTHORITY_DIR/server.crt;
			ssl_certificate_key $AUTHORITY_DIR/server.key;
			ssl_protocols TLSv1.3;
		}
	}
	END
	nginx -c "$D/nginx.conf" -e "$D/nginx.err" > "$D/nginx.out" 2>&1 &
	NGINX_PID=$!
	wait_until 10 curl -fs -o /dev/null "http://$PLAIN/metrics" ||
		die "nginx: $(cat "$D/nginx.err")"
}

start_exporters() {
	NODE=127.0.0.1:$(free_udp_port) EXPORTER=127.0.0.1:$(free_udp_port)
	prometheus-node-exporter --web.listen-address="$NODE" --web.max-requests=0 \
		> "$D/node.err" 2>&1 &
	NODE_PID=$!
	printf 'if_mib: {walk: [1.3.6.1.2.1.2]}\n' > "$D/snmp.yml"
	prometheus-snmp-exporter --config.file="$D/snmp.yml" \
		--web.listen-address="$EXPORTER" > "$D/exporter.err" 2>&1 &
	EXPORTER_PID=$!
	wait_until 20 curl -fs -o /dev/null "http://$NODE/metrics" &&
	    wait_until 20 curl -fs -o /dev/null "http://$EXPORTER/metrics" ||
		die "the exporters do not start: $(cat "$D"/*.err)"
}

plain_rounds() {
	for c in $CONNECTIONS; do
		load ours$c $c "$METRICS_URL"
		load nginx$c $c "http://$PLAIN/metrics"
		load gzip$c $c "$METRICS_URL" -H 'Accept-Encoding: gzip'
		load nginx-gzip$c $c "http://$PLAIN/metrics" -H 'Accept-Encoding: gzip'
		load exporter$c $c "http://$EXPORTER/metrics"
		load node$c $c "http://$NODE/metrics"
	done
}

# Both stopped, with a refresh that waits for its answer.
disturbed() {
	load calm 1 "$METRICS_URL"
	kill -STOP "$SNMPD_PID" "$AUTHORITY_PID"
	"$FCLI" set renew_license > "$D/renew" 2>&1 & waiting=$!
	sleep 0.3
	load disturbed 1 "$METRICS_URL"
	kill -CONT "$SNMPD_PID" "$AUTHORITY_PID"
	wait $waiting
}

tls_rounds() {
	for c in $CONNECTIONS; do
		load tls$c $c "$METRICS_URL"
		load nginx-tls$c $c "https://$SECURE/metrics"
	done
}

repeat() { round=0; while [ $round -lt "$ROUNDS" ]; do "$@"; round=$((round + 1)); done; }
anonymous() { awk '/^RssAnon/ {print $2}' "/proc/$AGENT_PID/status"; }

# fresh NAME HEADER...: the first scrape of a second, 20 of them
fresh() {
	/usr/bin/python3 - "$METRICS_URL" "$@" <<-'END'
	import http.client, sys, time, urllib.parse
	url = urllib.parse.urlsplit(sys.argv[1])
	link = http.client.HTTPConnection(url.hostname, url.port)
	headers = dict(h.split(": ") for h in sys.argv[3:])
	took = []
	for _ in range(20):
	    time.sleep(1.02 - time.time() % 1)
	    begun = time.perf_counter()
	    link.request("GET", "/metrics", headers=headers)
	    size = len(link.getresponse().read())
	    took.append((time.perf_counter() - begun) * 1000)
	took.sort()
	print("  %-34s %9d bytes  p50 %5.1f ms  p99 %5.1f ms" % (
	    sys.argv[2], size, took[10], took[-1]))
	END
}

# The same document under LICENSES names, whose authority is not there.
many() {
	one=$(anonymous)
	stop_pid "$AGENT_PID"; stop_pid "$AUTHORITY_PID"
	i=2
	while [ $i -le "$LICENSES" ]; do
		cp "$LICENSE_FILE" "$D/$i.lic"
		cat <<-END

		[license core-$i]
		license-file = $D/$i.lic
		authority-url = https://127.0.0.1:9
		authority-root = $AUTHORITY_DIR/root.pub
		authority-ca = $AUTHORITY_DIR/ca.crt
		END
		i=$((i + 1))
	done >> "$CONFIG"
	lines=$(grep -c "Serving metrics" "$LOG_FILE")
	"$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 &
	AGENT_PID=$!
	wait_until 120 agent_serves "$lines" || die "no start with $LICENSES licenses"
	METRICS_URL=$(metrics_line)
	curl -fs "$METRICS_URL" > "$D/many"
	[ "$(grep -c '^license_usable{.*} 1$' "$D/many")" = "$LICENSES" ] ||
		die "not every license is there"
	say "bench metrics: $LICENSES licenses in one agent, scrapes a second apart (p99: the worst of 20)"
	fresh "text"
	fresh "OpenMetrics, gzip" "Accept: application/openmetrics-text" "Accept-Encoding: gzip"
	say "  memory: $((($(anonymous) - one) * 1024 / (LICENSES - 1))) bytes a license"
}

LISTEN="127.0.0.1:0
max-connections = 256"
start_all
wait_until 30 usable && wait_until 20 snmp_usable || die "no start"
start_nginx
start_exporters
repeat plain_rounds
repeat disturbed
say "bench metrics: $(wc -c < "$D/page/metrics") bytes, medians of $ROUNDS rounds of $SECONDS_EACH s"
for c in $CONNECTIONS; do
	say " $c connections"
	tell "ours" ours$c ours$c
	tell "nginx, the same bytes in a file" nginx$c ours$c
	tell "snmp_exporter, its own page" exporter$c ours$c
	tell "node_exporter" node$c ours$c
	tell "ours, gzip" gzip$c gzip$c
	tell "nginx, gzip_static" nginx-gzip$c gzip$c
done
say " snmpd stopped, authority hangs: p99 $(column disturbed 2) us," \
	"$(ratio disturbed calm 2)x of undisturbed ($(column calm 2) us)"

# TLS: the same agent, started again.
stop_pid "$AGENT_PID"
LISTEN="127.0.0.1:0
max-connections = 256
tls-cert = $AUTHORITY_DIR/server.crt
tls-key = $AUTHORITY_DIR/server.key"
export CURL_CA_BUNDLE="$AUTHORITY_DIR/ca.crt"
write_config
start_agent || die "the agent does not start with TLS"
repeat tls_rounds
for c in $CONNECTIONS; do
	say " $c connections, TLS, kept alive"
	tell "ours" tls$c tls$c
	tell "nginx" nginx-tls$c tls$c
done

stop_pid "$AGENT_PID"
LISTEN=127.0.0.1:0
write_config
start_agent || die "the agent does not start again"
wait_until 30 usable || die "no license"
curl -fs -o /dev/null "$METRICS_URL"
many

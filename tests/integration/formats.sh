#!/bin/sh
# Goal: `fcli check license --format` as the other monitoring systems read it:
# the lines of a Checkmk local check, and a file that the real node_exporter
# serves: whole at every moment, by the names of /metrics, old when nobody
# writes it, from the files when the agent is down.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/formats.XXXXXX")"
NODE_PID= READER_PID=
finish() {
	stop_pid "$NODE_PID"; stop_pid "$READER_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'formats: %s\n' "$*" >&2
	tail -n 5 "$D/out" "$D/err" "$D/node.err" "$LOG_FILE" >&2
	exit 1
}
PROM=$D/textfile/leaseline.prom
check() { "$FCLI" check license "$@" > "$D/out" 2> "$D/err"; }
write() { check --format textfile --output "$PROM" "$@"; }
written_at() { sed -n 's/^leaseline_textfile_timestamp_seconds //p' "$PROM"; }
parse() { # parse STATE-OF-AGENT STATE-OF-MAIN: what was printed, as Checkmk does
	python3 "$ROOT/tests/integration/packs.py" checkmk < "$D/out" > "$D/parsed" ||
		fail "not the lines of a local check: $(cat "$D/out")"
	grep -q "^Leaseline $1 " "$D/parsed" || fail "agent is not $1: $(cat "$D/parsed")"
	[ -z "$2" ] || grep -q "^License main $2 .*days=" "$D/parsed" ||
		fail "main is not $2: $(cat "$D/parsed")"
}
# node PATTERN: on the page of node_exporter.
node() { curl -fs -m 5 "http://$NODE/metrics" > "$D/node" && grep -q "$1" "$D/node"; }

start_all
wait_until 30 usable || fail "no license"
mkdir "$D/textfile"

check --format checkmk; code=$?
[ $code -eq 0 ] || fail "checkmk: exit $code"
parse 0 0
check --format checkmk -w 400; parse 0 1
check --format checkmk -c 400 main; parse 0 2
check --format checkmk nobody; code=$?
[ $code -eq 3 ] || fail "checkmk, an unknown name: exit $code"
parse 3 ''
check -v || fail "-v: exit $?"
[ "$(wc -l < "$D/out")" -gt 10 ] && ! tail -n +2 "$D/out" | grep -q '|' ||
	fail "-v is not one line and text below"
say "formats: checkmk: the agent and each license are a service; -v"

(umask 077; write) || fail "textfile"
[ "$(stat -c %a "$PROM")" = 644 ] || fail "mode $(stat -c %a "$PROM")"
promtool check metrics < "$PROM" > "$D/promtool" 2>&1 && [ ! -s "$D/promtool" ] ||
	fail "promtool: $(cat "$D/promtool")"
# The names of /metrics, but for what node_exporter has itself.
names() { sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' | sort; }
curl -fs -m 5 "$METRICS_URL" | names | grep -v '^process_' > "$D/of-page"
names < "$PROM" | grep -v '^leaseline_textfile' | diff "$D/of-page" - ||
	fail "other families than /metrics"
NODE=127.0.0.1:$(free_udp_port)
prometheus-node-exporter --collector.disable-defaults --collector.textfile \
	--collector.textfile.directory="$D/textfile" \
	--web.listen-address="$NODE" > "$D/node.err" 2>&1 &
NODE_PID=$!
wait_until 20 node '^license_usable{license="main"} 1$' || fail "node_exporter does not serve it"
node '^node_textfile_scrape_error 0$' || fail "node_exporter has an error with it"
for line in 'license_state{license="main",state="valid"} 1' \
    'leaseline_storage_up 1' leaseline_textfile_timestamp_seconds; do
	grep -qF "$line" "$D/node" || fail "node_exporter has no $line"
done
say "formats: textfile: $(grep -c '^[a-z]' "$PROM") series of /metrics' names through node_exporter, promtool silent"

# A reader in a hurry sees whole files only; a writer that dies leaves one.
(while :; do tail -n 1 "$PROM" | grep -q '^leaseline_textfile_timestamp_seconds [0-9]*$' ||
	echo torn; done) > "$D/torn" 2>&1 &
READER_PID=$!
i=0
while [ $i -lt 40 ]; do write || fail "write $i"; i=$((i + 1)); done
stop_pid "$READER_PID"
[ ! -s "$D/torn" ] || fail "a reader saw half a file"
sum=$(cksum < "$PROM")
# Each call in turn: the files are opened, written, synced, renamed.
died=0
for call in write fsync rename,renameat,renameat2; do
	strace -f -qq -o "$D/strace" -e trace=$call -e inject=$call:signal=KILL \
		"$FCLI" check license --format textfile --output "$PROM" > /dev/null 2>&1
	code=$?
	[ $code -eq 137 ] || fail "not killed at $call: exit $code"
	died=$((died + 1))
	[ "$(cksum < "$PROM")" = "$sum" ] || fail "killed at $call: another file"
	node '^node_textfile_scrape_error 0$' || fail "killed at $call: node_exporter sees the rest"
done
write || fail "the rest of a killed one is in the way"
[ "$(ls -A "$D/textfile")" = leaseline.prom ] || fail "left: $(ls -A "$D/textfile")"
strace -f -qq -o "$D/strace" -e trace=fsync -e inject=fsync:error=EIO \
	"$FCLI" check license --format textfile --output "$PROM" > "$D/out" 2> "$D/err"
[ $? -eq 3 ] && grep -q "as it was" "$D/err" || fail "a failed fsync is not said"
[ "$(ls -A "$D/textfile")" = leaseline.prom ] || fail "left: $(ls -A "$D/textfile")"
say "formats: textfile: whole under 40 writes, $died kills and a failed fsync"

# With the agent down: from the files; with neither: the old one grows old.
before=$(written_at)
stop_pid "$AGENT_PID"
second_later() { [ "$(date +%s)" -gt "$before" ]; }
wait_until 5 second_later
write || fail "no metrics without the agent"
[ "$(written_at)" -gt "$before" ] || fail "the time of the file does not advance"
node '^license_usable{license="main"} 1$' || fail "from the files: not served"
! grep -q '^leaseline_keeper_heartbeat' "$PROM" || fail "a heart beats in files"
check --format checkmk || fail "checkmk without the agent"
parse 1 1
sum=$(cksum < "$PROM")
mv "$CONFIG" "$D/moved"
write; code=$?
[ $code -eq 3 ] && [ "$(cksum < "$PROM")" = "$sum" ] || fail "no answer: exit $code, or another file"
grep -q '^There are no metrics: ' "$D/err" || fail "no answer: $(cat "$D/err")"
check --format checkmk; [ $? -eq 3 ] || fail "checkmk: nobody can say"
parse 3 ''
"$FCLI" check license --format librenms --output "$D/json" 2> "$D/err"
[ $? -eq 3 ] && python3 -c 'import json,sys; d=json.load(open(sys.argv[1]))
sys.exit(d["error"] == 0 or d["data"] != [])' "$D/json" || fail "librenms: nobody can say"
say "formats: from the files without the agent; without both the file stays and grows old"

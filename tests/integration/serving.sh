#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: how the exporter's listener serves: every kind of request, TLS with
# certificates that are renewed, certificates of clients, users and a flood of
# wrong passwords, addresses, rates, clients that only hold on, garbage, socket
# files, sockets of the service manager, and a Prometheus that scrapes it.
# SLOW_CLIENTS, FUZZ: how many.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/serving.XXXXXX")"
PROMETHEUS_PID=
finish() {
	stop_pid "$PROMETHEUS_PID"; stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'serving: %s\n' "$*" >&2
	tail -n 20 "$LOG_FILE" >&2; cat "$D/agent.err" >&2
	exit 1
}
HERE=$(cd "$(dirname "$0")" && pwd)
client() { python3 "$HERE/serving.py" "$@"; }
# Where the Nth socket of the last start is.
address() {
	sed -n 's,.*Serving metrics at https*://\([^/]*\)/.*,\1,p
		s,.*Serving metrics at unix:,,p' "$LOG_FILE" | sed -n "${1:-1}p"
}
configure() { # the lines of [exporter]
	cat > "$CONFIG" <<-END
	[agent]
	state-dir = $D/state
	control-socket = $S/control.sock
	log-file = $LOG_FILE
	[exporter]
	$(say "$1" | sed 's/^[[:blank:]]*//')
	[snmp]
	enabled = no
	[license main]
	source = file
	license-file = $D/license.lic
	authority-root = $AUTHORITY_DIR/root.pub
	END
}
listening() { grep -q "Serving metrics" "$LOG_FILE" && [ -S "$S/control.sock" ]; }
start() {
	: > "$LOG_FILE"
	"$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 &
	AGENT_PID=$!
	wait_until 20 listening || fail "the agent does not start"
}
again() { stop_pid "$AGENT_PID"; configure "$1"; start; }
refuses() { # refuses SENTENCE: a start ends with it
	! "$B/leaselined" -c "$CONFIG" > "$D/out" 2>&1 ||
		fail "it starts where '$1' was expected"
	grep -qF -- "$1" "$D/out" || fail "it says: $(cat "$D/out")"
}
code() { # code CURL-ARGUMENTS: the status; 000: none
	curl -s -m 20 -o "$D/page" -w '%{http_code}' "$@"
}
is() { # is STATUS WHAT CURL-ARGUMENTS
	wanted=$1 of=$2; shift 2
	got=$(code "$@")
	[ "$got" = "$wanted" ] || fail "$of: status $got where $wanted was expected"
}
memory_kb() { awk '/^RssAnon/ { print $2 }' "/proc/$AGENT_PID/status"; }
at_most() { awk "BEGIN { exit !($1 <= $2) }"; }
logged() { grep -qF -- "$1" "$LOG_FILE"; }

init_authority || die "no root keys"
write_config

# --- requests, sockets ---
configure "listen = 127.0.0.1:0
	listen = [::1]:0
	listen = unix:$S/m.sock,mode=0600"
start
A=$(address 1)
client ask "$A" > "$D/out" || fail "$(cat "$D/out")"
say "serving: $(cat "$D/out")"
client ask "$(address 2)" > "$D/out" || fail "IPv6: $(cat "$D/out")"
client ask "$(address 3)" > "$D/out" || fail "socket file: $(cat "$D/out")"
[ "$(stat -c %a "$S/m.sock")" = 600 ] || fail "mode of the socket file"
say "serving: the same over IPv6 and a socket file"

# --- who only holds on, and garbage ---
held=$(client drip "$A")
[ "$held" -le 30 ] || fail "a dripping client stays for $held s"
say "serving: a client that drips a byte a second is closed after $held s"
client ratio "$A" "${SLOW_CLIENTS:-300}" 127.0.0.2 > "$D/out" 2>&1 ||
	fail "slow clients: $(cat "$D/out")"
at_most "$(head -n 1 "$D/out")" 10 || fail "slow clients: $(cat "$D/out")"
say "serving: $(sed -n 2p "$D/out")"
client fuzz "$A" 1000 1 > /dev/null || fail "garbage ends it"
before=$(memory_kb)
client fuzz "$A" "${FUZZ:-3000}" "${SEED:-2}" > "$D/out" || fail "garbage: $(cat "$D/out")"
alive "$AGENT_PID" || fail "garbage ended the agent"
client ask "$A" > "$D/out.ask" || fail "after garbage: $(cat "$D/out.ask")"
growth=$(($(memory_kb) - before))
[ -n "$SANITIZED" ] || [ $growth -le 2048 ] || fail "garbage took $growth KiB"
say "serving: ${FUZZ:-3000} malformed requests ($(cat "$D/out")), memory grew by $growth KiB"
[ -z "$SANITIZED" ] || { stop_pid "$AGENT_PID"; grep -q "Sanitizer\|runtime error" "$D/agent.err" && fail sanitizer; exit 0; }

# --- many places ---
again "listen = 127.0.0.1:0
	max-connections = 1200"
client ratio "$(address)" "${SLOW_CLIENTS:-300}" 127.0.0.2 > "$D/out" 2>&1 ||
	fail "held clients: $(cat "$D/out")"
at_most "$(head -n 1 "$D/out")" 10 || fail "held clients: $(cat "$D/out")"
say "serving: with room for all: $(sed -n 2p "$D/out")"

# --- what cannot be had ---
A=$(address)
configure "listen = $A"
sed -i "s,$S/control.sock,$S/other.sock,; s,$D/state,$D/state2," "$CONFIG"
refuses "cannot listen on $A: Address already in use"
configure "listen = systemd"
sed -i "s,$S/control.sock,$S/other.sock,; s,$D/state,$D/state2," "$CONFIG"
refuses "the service manager handed over no socket"
say "serving: a port that is taken, a socket that was not handed over: one sentence each"

# --- addresses and rates ---
again "listen = 127.0.0.1:0
	allow = 127.0.0.1
	requests-per-second = 5"
A=$(address)
is 200 "an address that may" "http://$A/healthz"
is 000 "an address that may not" --interface 127.0.0.2 "http://$A/healthz"
logged "127.0.0.2 was closed: allow does not have it" || fail "not logged"
seen=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	seen="$seen $(code "http://$A/metrics")"
done
case $seen in
*200*429* | *200*000*) ;;
*) fail "no limit of the rate:$seen" ;;
esac
configure "listen = $A
	allow = 127.0.0.2/32
	requests-per-second = 5"
kill -HUP "$AGENT_PID"
wait_until 10 logged "configuration was read again" || fail "no reload"
may() { [ "$(code --interface 127.0.0.2 "http://$A/healthz")" = 200 ]; }
wait_until 10 may ||
	fail "allow is not reloaded"
is 000 "an address that may not any more" "http://$A/healthz"
say "serving: 429 or a close past the rate; allow closes 127.0.0.2 unread, a reload turns it round"

# --- TLS, users ---
ca() { # ca NAME: a CA
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$D/$1.key" -out "$D/$1.crt" -days 30 -subj "/CN=$1" 2>/dev/null
}
certificate() { # certificate NAME CA USE: signed for loopback
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$D/$1.key.new" -out "$D/$1.req" -subj "/CN=$1" 2>/dev/null &&
	printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%s\n' "$3" > "$D/ext" &&
	openssl x509 -req -in "$D/$1.req" -CA "$D/$2.crt" -CAkey "$D/$2.key" \
	    -CAcreateserial -days 20 -extfile "$D/ext" -out "$D/$1.crt.new" 2>/dev/null &&
	chmod 640 "$D/$1.key.new" && mv "$D/$1.key.new" "$D/$1.key" &&
	mv "$D/$1.crt.new" "$D/$1.crt"
}
ca one; ca two; ca strange
certificate server one serverAuth; certificate client two clientAuth
certificate stranger strange clientAuth; certificate wronguse two serverAuth
htpasswd -cbB -C 10 "$D/users" prom secret 2>/dev/null
chmod 640 "$D/users"
TLS="tls-cert = $D/server.crt
	tls-key = $D/server.key
	users-file = $D/users"
again "listen = 127.0.0.1:0
	listen = unix:$S/m.sock
	$TLS"
A=$(address)
trust="--cacert $D/one.crt"
is 401 "no user" $trust "https://$A/metrics"
grep -q "Name and password" "$D/page" || fail "401 says: $(cat "$D/page")"
is 401 "no user, no path" $trust "https://$A/nothing"
is 200 "health needs no user" $trust "https://$A/healthz"
is 401 "a wrong password" $trust -u prom:wrong "https://$A/metrics"
is 401 "an unknown user" $trust -u other:secret "https://$A/metrics"
is 200 "the right one" $trust -u prom:secret "https://$A/metrics"
is 404 "no path" $trust -u prom:secret "https://$A/nothing"
is 200 "a socket file is plain" --unix-socket "$S/m.sock" -u prom:secret "http://x/metrics"
is 401 "and asks for users" --unix-socket "$S/m.sock" "http://x/metrics"
is 000 "plain HTTP where TLS is" "http://$A/healthz"
is 000 "TLS 1.1" $trust --tls-max 1.1 --ciphers ALL:@SECLEVEL=0 "https://$A/healthz"
is 200 "TLS 1.2" $trust --tls-max 1.2 "https://$A/healthz"
say "serving: TLS 1.2 and 1.3; users; health without"

# --- a renewed certificate, and a bad one; connections stay ---
serial() { # of who answers now
	openssl s_client -connect "$A" < /dev/null 2>/dev/null |
	    openssl x509 -noout -serial 2>/dev/null
}
shows_other() { code $trust "https://$A/healthz" > /dev/null; [ -n "$(serial)" ] && [ "$(serial)" != "$1" ]; }
old=$(serial)
certificate server one serverAuth
wait_until 20 shows_other "$old" || fail "the renewed certificate is not taken"
old=$(serial)
cp "$D/server.key" "$D/good.key"
cp "$D/client.key" "$D/server.key"
bad() { code $trust "https://$A/healthz" > /dev/null; logged "[exporter] tls-cert: $D/server.crt: certificate and key cannot be used"; }
wait_until 20 bad || fail "a bad pair is not said"
for i in 1 2 3; do is 200 "with a bad pair on disk" $trust "https://$A/healthz"; done
[ "$(serial)" = "$old" ] || fail "another certificate is shown"
[ "$(grep -c 'cannot be used' "$LOG_FILE")" = 1 ] || fail "a bad pair is said more than once"
mv "$D/good.key" "$D/server.key"
say "serving: a renewed certificate is taken, a bad pair is said once and the old one stays"

# --- a flood of wrong passwords ---
is 200 "after all that" $trust -u prom:secret "https://$A/metrics"
M=$S/m.sock
set -- $(client times "$M" 100 prom:secret); alone=$1
cpu() { awk '{ print $14 + $15 }' "/proc/$AGENT_PID/stat"; }
before=$(cpu)
client flood "$M" "${FLOOD_S:-6}" > "$D/flood" &
flood=$!
wait_until 20 grep -q . "/proc/$flood/stat"
set -- $(client times "$M" 300 prom:secret) || fail "scrapes fail beside a flood"
[ -n "$1" ] || fail "scrapes fail beside a flood"
beside=$1
"$FCLI" show license_status > /dev/null; "$FCLI" show license > /dev/null 2>&1
[ $? -le 1 ] || fail "the keeper does not answer beside a flood"
wait "$flood"
say "serving: flood of wrong passwords ($(cat "$D/flood")): a scrape with the right one in $beside ms, $alone ms alone; $((($(cpu) - before) * 10)) ms of processor"
grep -q 429: "$D/flood" || fail "a flood is not limited: $(cat "$D/flood")"
at_most "$beside" "$alone * 10 + 20" || fail "a flood delays scrapes"

# --- users change ---
user_is() { [ "$(code --unix-socket "$M" -u "$2" http://x/metrics)" = "$1" ]; }
htpasswd -cbB -C 5 "$D/users" prom2 changed 2>/dev/null
wait_until 30 user_is 200 prom2:changed || fail "the new user is not taken"
wait_until 30 user_is 401 prom:secret || fail "the old user is still taken"
printf 'x:y\n' > "$D/users"
refused_users() { user_is 200 prom2:changed; logged "[exporter] users-file: $D/users: line 1: the password is not hashed by bcrypt"; }
wait_until 30 refused_users || fail "a bad file of users is not said"
user_is 200 prom2:changed || fail "a bad file of users takes the good one away"
htpasswd -cbB -C 5 "$D/users" prom secret 2>/dev/null
chmod 644 "$D/users"
! "$B/leaselined" -n -c "$CONFIG" > /dev/null 2> "$D/out" || fail "users that all may read"
grep -q "chmod o= it" "$D/out" || fail "$(cat "$D/out")"
chmod 640 "$D/users"
say "serving: changed users are taken, bad ones refused by their line, open ones at all"

# --- certificates of clients ---
again "listen = 127.0.0.1:0
	tls-cert = $D/server.crt
	tls-key = $D/server.key
	tls-client-ca = $D/two.crt"
A=$(address)
mutual() { say "--cert $D/$1.crt --key $D/$1.key"; }
is 200 "a client's certificate" $trust $(mutual client) "https://$A/metrics"
is 000 "no certificate" $trust "https://$A/metrics"
is 000 "no certificate, health" $trust "https://$A/healthz"
is 000 "a stranger's" $trust $(mutual stranger) "https://$A/metrics"
is 000 "one that is for servers" $trust $(mutual wronguse) "https://$A/metrics"
cp "$D/strange.crt" "$D/two.crt"
knows() { [ "$(code $trust $(mutual "$1") "https://$A/metrics")" = 200 ]; }
again_knows() { code $trust $(mutual client) "https://$A/metrics" > /dev/null; knows stranger; }
kill -HUP "$AGENT_PID"
wait_until 20 again_knows || fail "another client CA is not taken"
! knows client || fail "the client of the CA before is still taken"
say "serving: certificates of clients: none, a stranger's, a server's are refused in the handshake; the CA is read again"
configure "listen = $A"
! "$FCLI" commit > "$D/out" 2>&1 || fail "TLS went away in a reload"
grep -q "systemctl restart leaselined" "$D/out" || fail "commit says: $(cat "$D/out")"

# --- handed over by the service manager ---
stop_pid "$AGENT_PID"
configure "listen = systemd:metrics"
port=$(free_udp_port)
: > "$LOG_FILE"
systemd-socket-activate -l "127.0.0.1:$port" -l "$S/sd.sock" \
    --fdname=metrics:metrics "$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 &
AGENT_PID=$!
# The manager starts it when somebody comes, who waits and is answered.
first() { [ "$(code "http://127.0.0.1:$port/metrics")" = 200 ]; }
wait_until 20 first || fail "the first client of an activated socket is not answered"
is 200 "a socket file handed over" --unix-socket "$S/sd.sock" "http://x/metrics"
stop_pid "$AGENT_PID"
[ -S "$S/sd.sock" ] || fail "the manager's socket file was removed"
say "serving: two sockets of the service manager; the first client waits and is answered"

# --- a Prometheus ---
certificate server one serverAuth; certificate client two clientAuth
htpasswd -cbB -C 10 "$D/users" prom secret 2>/dev/null
chmod 640 "$D/users"; printf secret > "$D/password"
openssl x509 -in "$D/two.crt" -noout 2>/dev/null || fail "no CA"
ca two; certificate client two clientAuth
configure "listen = 127.0.0.1:0
	$TLS
	tls-client-ca = $D/two.crt"
start
A=$(address)
port=$(free_udp_port)
cat > "$D/prometheus.yml" <<END
scrape_configs:
  - job_name: leaseline
    scrape_interval: 1s
    scheme: https
    tls_config: {ca_file: $D/one.crt, cert_file: $D/client.crt, key_file: $D/client.key}
    basic_auth: {username: prom, password_file: $D/password}
    static_configs: [{targets: ["$A"]}]
END
promtool check config "$D/prometheus.yml" > "$D/out" 2>&1 || fail "$(cat "$D/out")"
prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/tsdb" \
    --web.listen-address="127.0.0.1:$port" > "$D/prometheus.log" 2>&1 &
PROMETHEUS_PID=$!
up() { curl -fs "http://127.0.0.1:$port/api/v1/query?query=license_usable" | grep -q '"license":"main"'; }
wait_until 40 up || fail "Prometheus does not see it: $(tail -n 5 "$D/prometheus.log")"
say "serving: Prometheus $(prometheus --version 2>&1 | awk 'NR == 1 { print $3 }') scrapes it with TLS, a client's certificate and a user"

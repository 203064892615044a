#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the doctor against the real things, broken one at a time: exactly the
# step that is broken fails, says the mend, and is well again when the mend was
# applied. What hangs does not hold him; a community is told to nobody.
. "$(dirname "$0")/lib.sh"
HERE=$(cd "$(dirname "$0")" && pwd)
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/doctor.XXXXXX")"
chmod 700 "$D/state"
BOXES= RIVAL_PID=
finish() {
	for pid in $BOXES $RIVAL_PID; do stop_pid "$pid"; done
	stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'doctor: %s\n' "$*" >&2
	cat "$D/said" "$D/said.err" >&2; tail -n 8 "$LOG_FILE" "$D/snmpd.log" >&2
	exit 1
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# doctor OPTION...: as JSON in $D/said, the exit code in $code.
doctor() {
	$DOCTOR_PREFIX "$FCLI" --json doctor --snmp-target "$SNMP_TARGET" "$@" \
		> "$D/said" 2> "$D/said.err"
	code=$?
	[ -s "$D/said" ] || fail "no answer"
	"$HERE/doctor.py" < "$D/said" > "$D/steps" || fail "the form of the answer"
}
results() { awk -F '\t' -v r="$1" '$2 == r { printf "%s%s", n++ ? " " : "", $1 }' "$D/steps"; }
step() { # step ID KEY
	case $2 in result) n=2;; text) n=3;; mend) n=4;; command) n=5;; esac
	awk -F '\t' -v id="$1" -v n=$n '$1 == id { print $n }' "$D/steps"
}
# says STEP WORDS: text, mend or command of the step.
says() {
	{ step "$1" text; step "$1" mend; step "$1" command; } > "$D/words"
	grep -qF -- "$2" "$D/words" || fail "$WHAT: $1 does not say '$2'"
}
# sick WHAT STEP WORDS-FOUND WORDS-OF-THE-MEND: that step and no other fails.
sick() {
	WHAT=$1
	doctor
	[ "$(results failed)" = "$2" ] ||
		fail "$1: failed are '$(results failed)' and not '$2'"
	[ $code = 1 ] || fail "$1: exit $code"
	says "${2%% *}" "$3"; says "${2%% *}" "$4"
	printf 'doctor: %-34s %-16s %s\n' "$1" "${2%% *}" "$(step "${2%% *}" text | head -n 1)"
}
is_well() { doctor; [ $code = 0 ] && [ -z "$(results failed)" ]; }
well() { wait_until "${2:-20}" is_well || fail "$1: not well again: $(results failed)"; }
type_command() { sh -c "$(step "$1" command)" || fail "the command of $1"; }

# Lines of snmpd's configuration, before a restart at the same port.
restart_snmpd() { # restart_snmpd SED-SCRIPT [LINE]
	stop_pid "$SNMPD_PID"
	sed -i "$1" "$D/snmpd.conf"
	[ -z "$2" ] || say "$2" >> "$D/snmpd.conf"
	rm -f "$S/agentx.sock"
	SNMP_PERSISTENT_DIR=$D/snmp /usr/sbin/snmpd -f -I -smux \
		-Lf "$D/snmpd.log" -C -c "$D/snmpd.conf" \
		-p "$D/snmpd.pid" >> "$D/snmpd.out" 2>&1 &
	SNMPD_PID=$!
	wait_until 10 snmp_answers || fail "snmpd does not start"
}
# set_key KEY VALUE: in the configuration; the doctor reads what is written.
set_key() { sed -i "s,^$1 =.*,$1 = $2," "$CONFIG"; }
restart_agent() { stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"; }

init_authority && SUBSCRIPTION=$(add_subscription) || die "no authority"
start_authority || die "the authority does not start"
start_snmpd || die "snmpd does not start"
write_config
sed -i "s,^agentx-socket,ping-interval-s = 1\n&," "$CONFIG"
sed -i "s,^authority-ca,proxy =\n&," "$CONFIG"
start_agent || die "the agent does not start"
GOOD_URL=$AUTHORITY_URL; GOOD_CA=$AUTHORITY_DIR/ca.crt
well "a fresh installation"
[ "$(results ok | wc -w)" -ge 11 ] || fail "few steps are well: $(results ok)"
says snmp_view "reads this agent's objects"; says authority "its certificate ends 20"
# A warning is a failure only with --strict.
[ -n "$(results warning)" ] && { doctor --strict; [ $code = 1 ] || fail "--strict: exit $code"; }
# Of itself it asks the snmpd of the demo: the wrapper names it.
"$FCLI" doctor > "$D/text" || fail "as text"
grep -q "^ok  *authority  *main: " "$D/text" || fail "the text: $(cat "$D/text")"
say "doctor: $(tail -n 1 "$D/text")"
for bad in "doctor nosuch" "doctor --snmp-target a.b" "doctor --snmp-community-file /nonexistent" \
    "show license --strict" "show license --snmp-target 127.0.0.1" "doctor --nonsense"; do
	"$FCLI" $bad > "$D/said" 2> "$D/said.err"
	[ $? = 2 ] && [ -s "$D/said.err" ] || fail "'fcli $bad' is not wrong usage"
done

# The agent and its files.
chmod 0755 "$D/state"
sick "an open state directory" state_directory "mode 0755" "chmod 0700 $D/state"
type_command state_directory; well "the command"
cp "$CONFIG" "$D/good.conf"
say "nonsense = 1" >> "$CONFIG"
sick "a key that is none" configuration "nonsense" "leaselined -n -c $CONFIG"
mv "$CONFIG" "$D/away.conf"
sick "no configuration" configuration "$CONFIG" "leaseline.conf(5)"
cp "$D/good.conf" "$CONFIG"; well "the configuration"
stop_pid "$AGENT_PID"
sick "the agent is stopped" agent "does not run" "systemctl enable --now leaselined"
start_agent || die "the agent does not start"; well "the start"
kill -STOP "$AGENT_PID"
started=$(now_ms)
WHAT="the agent hangs"; doctor; took=$(($(now_ms) - started))
case " $(results failed) " in *" agent "*) ;; *) fail "a hung agent is not seen: $(results failed)";; esac
says agent "the agent hangs"; says agent "systemctl restart leaselined"
say "doctor: a hung agent is told in $took ms"
kill -CONT "$AGENT_PID"; well "the agent goes on"

# The license file. The state directory stands for /var/lib/leaseline.
printf 'FASTNETMON LICENSE\n' > "$D/foreign"
set_key license-file "$D/foreign"
sick "a file of the vendor's FastNetMon" license_file "is not ours" \
	"license-file = /var/lib/leaseline/main.lic"
"$FCLI" commit > "$D/said" 2>&1; [ $? = 1 ] && grep -q "Not stored at $D/foreign: another program's file is there" "$D/said" ||
	fail "a commit that cannot store its license"
[ "$(cat "$D/foreign")" = "FASTNETMON LICENSE" ] || fail "the foreign file was touched"
set_key license-file "$D/state/main.lic"
"$FCLI" commit > "$D/said" 2>&1 || fail "commit"
well "license-file in the state directory"
set_key license-file "$LICENSE_FILE"; rm -f "$LICENSE_FILE"; "$FCLI" commit > "$D/said" 2>&1 || fail "commit"
well "the license file where it was"
# While the agent is down nobody puts a bad file away.
stop_pid "$AGENT_PID"
cp "$LICENSE_FILE" "$D/held"; sed -i 's/^bandwidth-mbits .*/bandwidth-mbits 90000/' "$LICENSE_FILE"
sick "a license that does not verify" "agent license" "does not run" "systemctl"
says license "signature"
cp "$D/held" "$LICENSE_FILE"; start_agent || die "the agent does not start"; well "the license that was"
# One that a person puts in place; nobody is asked for it.
stop_pid "$AGENT_PID"; mkdir -m 700 "$D/apart"
sed -i '/^authority-url/d; /^authority-ca/d; /^proxy/d; s/^source = .*/source = file/' "$CONFIG"
set_key state-dir "$D/apart"; set_key license-file "$D/sent.lic"; start_agent || die "the agent does not start"
sick "no file of a person's" license_file "no file at $D/sent.lic" "license_hardware_data main"
sed 's/^bandwidth-mbits .*/bandwidth-mbits 90000/' "$D/held" > "$D/sent.lic"; "$FCLI" commit > "$D/said" 2>&1
sick "a file that is not the vendor's" license "is not used" "Put the license that the vendor sent there."
says license "fcli commit"
cp "$D/good.conf" "$CONFIG"; restart_agent; well "the authority's license again"
"$B/leaseline-authority" subscription suspend --dir "$AUTHORITY_DIR" "$SUBSCRIPTION" > "$D/said" 2>&1 || die "suspend"
"$FCLI" set renew_license > "$D/said" 2>&1
sick "a suspended subscription" license "suspended" "Contact the vendor"
"$B/leaseline-authority" subscription reinstate --dir "$AUTHORITY_DIR" "$SUBSCRIPTION" > "$D/said" 2>&1 || die "reinstate"
"$FCLI" commit > "$D/said" 2>&1; well "reinstated"

# The authority: each way in which it cannot be reached, in its own words.
at() { # at URL [CA [PROXY]]
	set_key authority-url "$1"; set_key authority-ca "${2:-$GOOD_CA}"
	set_key proxy "$3"
}
# Below those that the kernel gives to connections: nobody else takes it.
free_tcp_port() {
	python3 -c 'import random, socket
while True:
    port = random.randrange(10000, 32000)
    try:
        socket.socket().bind(("0.0.0.0", port))
        break
    except OSError:
        pass
print(port)'
}
at https://no-such-host.invalid:8443
sick "a name that does not resolve" authority "DNS: " "getent ahosts no-such-host.invalid"
at https://127.0.0.1:$(free_tcp_port)
sick "nobody at the port" authority "TCP: 127.0.0.1 port" "authority-url is right"
says authority "Connection refused"
at https://127.0.0.1:$AUTHORITY_PORT "$GOOD_CA" http://127.0.0.1:$(free_tcp_port)
sick "no proxy at its port" authority "TCP: the proxy 127.0.0.1" "proxy is right"
PROXY_PORT=$(free_tcp_port)
python3 "$HERE/boxes.py" forward 127.0.0.1 $PROXY_PORT "$D/proxy.log" operator:s3cretword > "$D/box" 2>&1 &
BOXES="$BOXES $!"; wait_until 10 test -s "$D/box" || die "no proxy"
at "$GOOD_URL" "$GOOD_CA" http://operator:wr0ngword@127.0.0.1:$PROXY_PORT
sick "a proxy that refuses" authority "refuses with HTTP 407" "user and password"
grep -q wr0ngword "$D/said" && fail "the proxy's password is shown"
set_key proxy http://operator:s3cretword@127.0.0.1:$PROXY_PORT
well "a proxy that lets through"; says authority "through http://operator:***@127.0.0.1:$PROXY_PORT"
"$B/leaseline-authority" init --dir "$D/other" > "$D/init.other" 2>&1 || die "no second authority"
at "$GOOD_URL" "$D/other/ca.crt"
sick "another CA" authority "is not trusted" "authority-ca"
certificate() { # certificate NAME DAYS-AGO SUBJECT-ALT-NAME
	FAKED=$(later 0d); $FAKED FAKETIME=-$2d openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test \
		-addext "subjectAltName=$3" -keyout "$D/$1.key" -out "$D/$1.crt" 2> "$D/openssl.err" || die "$(cat "$D/openssl.err")"
	port=$(free_tcp_port)
	openssl s_server -accept 127.0.0.1:$port -cert "$D/$1.crt" -key "$D/$1.key" -www > "$D/$1.log" 2>&1 &
	BOXES="$BOXES $!"; wait_until 10 curl -ks -o /dev/null https://127.0.0.1:$port/ || die "no TLS server"
}
certificate expired 400 IP:127.0.0.1
at https://127.0.0.1:$port "$D/expired.crt"
sick "an expired certificate" authority "is expired" "tell the vendor"
certificate renamed 1 DNS:license.example.net
at https://127.0.0.1:$port "$D/renamed.crt"
sick "a certificate of another name" authority "another name than 127.0.0.1" "authority-url"
certificate plain 1 IP:127.0.0.1
at https://127.0.0.1:$port "$D/plain.crt"
sick "a server that is no authority" authority "no licensing authority" "authority-url"
at https://127.0.0.1:$SNMP_PORT; at https://127.0.0.1:$(say "$METRICS_URL" | sed "s|.*:\([0-9]*\)/.*|\1|")
sick "a port without TLS" authority "does not speak it" "authority-url"
at "$GOOD_URL"
kill -STOP "$AUTHORITY_PID"
started=$(now_ms)
sick "an authority that hangs" authority "does not answer in time" "TLS"
say "doctor: a hung authority is told in $(($(now_ms) - started)) ms"
kill -CONT "$AUTHORITY_PID"; well "the authority goes on"
requests() { curl -fs --cacert "$GOOD_CA" "$GOOD_URL/metrics" | sed -n 's/^authority_requests_total{[^}]*} //p' | awk '{n += $1} END {print n + 0}'; }
before=$(requests); doctor; doctor
[ "$(requests)" = "$before" ] || fail "the doctor moved a state of the authority"

# SNMP.
BAD_VIEW="rocommunity $SNMP_COMMUNITY 127.0.0.1 -V systemonly"
restart_snmpd "s,^rocommunity .*,$BAD_VIEW\nview systemonly included .1.3.6.1.2.1.1,"
well_connected() { doctor; [ "$(step snmp_connection result)" = ok ]; }
wait_until 20 well_connected || fail "the agent does not connect again"
sick "snmpd without the view" snmp_view "not in this community's view" "view systemonly included $BASE_OID"
MEND=$(step snmp_view mend | sed -n 's/.*"\(view systemonly included [^"]*\)".*/\1/p')
restart_snmpd "" "$MEND"
well "the view"
printf 'wr0ngcommunity\n' > "$D/community"
doctor --snmp-community-file "$D/community"
[ "$(results failed)" = snmp_view ] || fail "a wrong community: $(results failed)"
WHAT="a wrong community"; says snmp_view "the wrong community looks the same"; says snmp_view "--snmp-community-file"
printf '%s\n' "$SNMP_COMMUNITY" > "$D/community"
doctor --snmp-community-file "$D/community"; [ $code = 0 ] || fail "the right community"
restart_snmpd "/^master agentx/d"
sick "snmpd without master agentx" snmp_master "serves no subagents" "master agentx"
restart_snmpd "" "$(step snmp_master command | sed -n "s/^echo '\([^']*\)'.*/\1/p")"
well "master agentx"
python3 -c 'import socketserver, sys
class Stranger(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(10); self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" + 40 * b"x")
socketserver.UnixStreamServer(sys.argv[1], Stranger).serve_forever()' "$S/strange.sock" > "$D/box" 2>&1 &
STRANGER=$!; BOXES="$BOXES $STRANGER"; wait_until 10 test -S "$S/strange.sock" || die "no stranger"
set_key agentx-socket "$S/strange.sock"
sick "another program at agentx-socket" snmp_master "does not speak AgentX" "agentXSocket"
set_key agentx-socket "$S/agentx.sock"; stop_pid "$STRANGER"; well "the master's socket"
stop_pid "$SNMPD_PID"
sick "no snmpd" snmp_master "no snmpd answers at $SNMP_TARGET" "systemctl enable --now snmpd"
restart_snmpd ""; well "snmpd"
kill -STOP "$SNMPD_PID"
sick "a frozen snmpd" snmp_master "snmpd hangs" "systemctl restart snmpd"
kill -CONT "$SNMPD_PID"; well "snmpd goes on" 60
stop_pid "$AGENT_PID"
mkfifo "$D/orders"; mkdir "$D/rival"
"$B/tests/snmp_fixture" "$S/agentx.sock" 1 "$D/rival" < "$D/orders" > "$D/rival/said" 2> "$D/rival/err" &
RIVAL_PID=$!; exec 3> "$D/orders"
wait_until 10 has_line "$D/rival/err" "connected to the AgentX master" || die "no second agent"
start_agent || die "the agent does not start"
refused() { doctor; step snmp_connection text | grep -q "another agent"; }
wait_until 10 refused || fail "the second agent is not seen"
sick "another agent has the subtree" snmp_connection "to another agent" "Stop the other one"
exec 3>&-; stop_pid "$RIVAL_PID"; RIVAL_PID=
well "the other agent ends" 60

# A master of SNMPv3 alone: no community is answered, and a user reads it all.
snmp_answers() { snmpget -v3 -u operator -l authPriv -a SHA-256 -A authpass12 -x AES -X privpass12 -t 1 -r 0 "$SNMP_TARGET" .1.3.6.1.2.1.1.3.0; }
restart_snmpd "s,^rocommunity .*,createUser signer SHA-256 authpass12\nrouser signer auth\ncreateUser guest SHA-256 authpass12 AES privpass12\nview narrow included .1.3.6.1.2.1.1\ncreateUser porter SHA-256 authpass12 AES privpass12\nrouser porter priv -V narrow,"
wait_until 20 well_connected || fail "the agent does not connect again"
user() { # user NAME LEVEL AUTHENTICATION PASSPHRASE PRIVACY PASSPHRASE
	printf 'defSecurityName %s\ndefSecurityLevel %s\ndefAuthType %s\ndefAuthPassphrase %s\ndefPrivType %s\ndefPrivPassphrase %s\n' "$@" > "$D/v3"
	chmod 600 "$D/v3"
}
WHAT="SNMPv3 alone, without a user"; doctor
[ $code = 0 ] && [ "$(step snmp_view result)" = warning ] || fail "$WHAT: $(step snmp_view result)"
says snmp_view "answers SNMPv3, and not the community public: whether a manager reads $BASE_OID was not seen"
says snmp_view "snmpget -v3 -u USER -l authPriv -a SHA-256 -x AES $SNMP_TARGET $BASE_OID.1.1.3.0"
# The command as it is said, with a user's name in it and its file beside.
mkdir -p "$D/home/.snmp"; printf 'defAuthPassphrase authpass12\ndefPrivPassphrase privpass12\n' > "$D/home/.snmp/snmp.conf"
step snmp_view command | sed 's/USER/operator/' > "$D/typed"
env HOME="$D/home" SNMPCONFPATH="$D/home/.snmp" sh "$D/typed" > "$D/typed.out" 2>&1 && grep -q "Gauge32: [0-9]" "$D/typed.out" ||
	fail "the command of snmp_view: $(cat "$D/typed.out")"
user operator authPriv SHA-256 authpass12 AES privpass12
doctor --snmp-v3-file "$D/v3"; [ $code = 0 ] && [ "$(step snmp_view result)" = ok ] || fail "a user: $(step snmp_view text)"
WHAT="a user"; says snmp_view "reads this agent's objects, as a user of SNMPv3"
printf 'doctor: %-34s %-16s %s\n' "authPriv" "snmp_view ok" "$(step snmp_view text)"
# As a person calls it, and not as lib.sh does: the library's own list of MIBs.
DOCTOR_PREFIX="env -u MIBS -u MIBDIRS -u SNMPCONFPATH"
doctor --snmp-v3-file "$D/v3"; [ $code = 0 ] && [ "$(step snmp_view result)" = ok ] || fail "a user, with the library's own list of MIBs"
DOCTOR_PREFIX=
LEASELINE_SNMP_V3_FILE=$D/v3; export LEASELINE_SNMP_V3_FILE
doctor; [ "$(step snmp_view result)" = ok ] || fail "the file of the environment"
unset LEASELINE_SNMP_V3_FILE
refused_user() { # refused_user WHAT WORDS MEND
	WHAT=$1; doctor --snmp-v3-file "$D/v3"
	[ $code = 1 ] && [ "$(results failed)" = snmp_view ] || fail "$1: failed are '$(results failed)'"
	says snmp_view "$2"; says snmp_view "$3"
	grep -qE "authpass|privpass" "$D/said" "$LOG_FILE" && fail "$1: a passphrase is shown"
	printf 'doctor: %-34s %-16s %s\n' "$1" snmp_view "$(step snmp_view text)"
}
user nobody authPriv SHA-256 authpass12 AES privpass12; refused_user "no such user" "knows no SNMPv3 user" "defSecurityName"
user operator authPriv SHA-256 authpassXX AES privpass12; refused_user "a wrong passphrase" "does not take the passphrase" "defAuthPassphrase"
user operator authPriv SHA authpass12 AES privpass12; refused_user "SHA in place of SHA-256" "does not take the passphrase" "defAuthType"
user operator authPriv SHA-256 authpass12 AES privpassXX; refused_user "a wrong passphrase of privacy" "encryption cannot be read" "defPrivPassphrase"
user signer authPriv SHA-256 authpass12 AES privpass12; refused_user "a user without privacy" "without the security level" "defSecurityLevel"
user operator authNoPriv SHA-256 authpass12 AES privpass12; refused_user "too low a level" "may read nothing at this security level" "rouser NAME priv"
user guest authPriv SHA-256 authpass12 AES privpass12; refused_user "a user who may read nothing" "may read nothing" "rouser NAME priv"
user porter authPriv SHA-256 authpass12 AES privpass12; refused_user "a view without the subtree" "not in this user's view" "view systemonly included $BASE_OID"
# Files that are no good are wrong usage, one sentence each.
bad_file() { # bad_file WORDS
	"$FCLI" doctor --snmp-target "$SNMP_TARGET" --snmp-v3-file "$D/v3" > "$D/said" 2> "$D/said.err"
	[ $? = 2 ] && [ "$(wc -l < "$D/said.err")" = 1 ] && grep -qF -- "$1" "$D/said.err" || fail "bad file, '$1'"
}
user operator authPrix SHA-256 authpass12 AES privpass12; bad_file "line 2: Error: Unknown security level"
user operator authPriv SHA-999 authpass12 AES privpass12; bad_file "line 3: Error: Unknown authentication type"
user operator authPriv SHA-256 short AES privpass12; bad_file "passphrase chosen is below the length"
say "mibs ALL" > "$D/v3"; bad_file "has no defSecurityName"
chmod 644 "$D/v3"; bad_file "chmod 0600"; rm "$D/v3"; bad_file "No such file"
user operator authPriv SHA-256 authpass12 AES privpass12
"$FCLI" doctor --snmp-v3-file "$D/v3" --snmp-community-file "$D/community" > "$D/said" 2>&1; [ $? = 2 ] || fail "two managers"
# Where it hangs, it is the master's fault; and where nobody serves agents.
kill -STOP "$SNMPD_PID"; started=$(now_ms); doctor --snmp-v3-file "$D/v3"; kill -CONT "$SNMPD_PID"
[ "$(results failed)" = snmp_master ] || fail "a frozen master of SNMPv3: $(results failed)"
say "doctor: a frozen master of SNMPv3 is told in $(($(now_ms) - started)) ms"
restart_snmpd "/^master agentx/d"
sick "SNMPv3 alone, without master agentx" snmp_master "serves no subagents" "master agentx"
snmp_answers() { [ -n "$(snmpget -v2c -c "$SNMP_COMMUNITY" -t 1 -r 0 -Oqv "$SNMP_TARGET" .1.3.6.1.2.1.1.3.0)" ]; }
restart_snmpd "/^createUser signer/d; /^rouser signer/d; /^createUser guest/d; /^createUser porter/d; /^view narrow/d; s,^rouser porter.*,rocommunity $SNMP_COMMUNITY 127.0.0.1\nmaster agentx,"
well "SNMPv2c again"

# The port of the exporter.
stop_pid "$AGENT_PID"
TAKEN=$(free_tcp_port)
set_key listen 127.0.0.1:$TAKEN
python3 -m http.server --bind 127.0.0.1 --directory "$D/rival" "$TAKEN" > "$D/http.log" 2>&1 &
HTTP_PID=$!; BOXES="$BOXES $HTTP_PID"
wait_until 10 curl -fs -o /dev/null http://127.0.0.1:$TAKEN/ || die "no HTTP server"
sick "the exporter's port is taken" "agent exporter" "does not run" "journalctl"
says exporter "another program of user $(id -un) has this port"; says exporter "ss -ltnp 'sport = :$TAKEN'"
stop_pid "$HTTP_PID"
start_agent || fail "the agent does not start at the port that is free again"
well "the port is free"
set_key listen 0.0.0.0:$TAKEN; restart_agent
well "a listener for all"; [ "$(step exporter result)" = warning ] || fail "an open listener without TLS is no warning"
WHAT="an open listener"; says exporter "Everybody who reaches this address"

# The exporter behind guards. Who shuts the doctor out as it is configured is
# well; the same that does not fit the configuration is not.
guard() { # guard ADDRESS LINES: [exporter] as from the next start
	cp "$D/good.conf" "$CONFIG"; set_key listen "$1$(printf '%s\n' "$2" | sed '/./!d; s/^[[:blank:]]*/\\n/' | tr -d '\n')"
}
restart_doorkeeper() { stop_pid "$AGENT_PID"; $AGENT_PREFIX "$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 &
	AGENT_PID=$!; }
# stands WHAT RESULT WORDS: all is well, and of the exporter is this said.
stands() {
	WHAT=$1; restart_doorkeeper; well "$1"
	[ "$(step exporter result | tr '\n' ' ')" = "$2 " ] || fail "$1: $(step exporter text)"
	says exporter "$3"
	printf 'doctor: %-34s %-16s %s\n' "$1" "exporter $2" "$(step exporter text | head -n 1)"
}
ask() { curl -s -m 5 -o /dev/null -w '%{http_code}' "$@"; }
certify() { # certify NAME DAYS-AGO DAYS [CA]: NAME.crt and .key; a CA's own without one
	FAKED="$(later 0d) FAKETIME=-$2d"
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$D/$1.key" -out "$D/$1.req" 2> "$D/openssl.err" &&
	if [ -n "$4" ]; then
		$FAKED openssl x509 -req -in "$D/$1.req" -CA "$D/$4.crt" -CAkey "$D/$4.key" -CAcreateserial -days "$3" -out "$D/$1.crt"
	else
		$FAKED openssl x509 -req -in "$D/$1.req" -signkey "$D/$1.key" -days "$3" -out "$D/$1.crt"
	fi 2> "$D/openssl.err" || die "$(cat "$D/openssl.err")"
}
certify plant 0 90; certify leaf 0 90 plant; certify old 400 30; certify soon 85 90; certify client 0 90 plant
TLS="tls-cert = $D/leaf.crt
	tls-key = $D/leaf.key"
guard "127.0.0.1:$TAKEN" "$TLS"
stands "TLS of a CA that nobody knows" ok "scrapes https://127.0.0.1:$TAKEN/metrics; its certificate ends 20"
[ "$(ask --cacert "$D/plant.crt" --connect-to "leaf:$TAKEN:127.0.0.1:$TAKEN" "https://leaf:$TAKEN/metrics")" != 000 ] || fail "curl is shut out"
cp "$D/good.conf" "$CONFIG"; set_key listen 127.0.0.1:$TAKEN
sick "TLS that the configuration lost" exporter "does not answer as" "systemctl restart leaselined"
guard "127.0.0.1:$TAKEN" "tls-cert = $D/soon.crt
	tls-key = $D/soon.key"
sick "another certificate than configured" exporter "not the one of tls-cert" "Reload the agent"
stands "a certificate near its end" warning "its certificate ends 20"; says exporter "before that day"
guard "127.0.0.1:$TAKEN" "tls-cert = $D/old.crt
	tls-key = $D/old.key"
restart_doorkeeper; is_expired() { doctor; [ "$(step exporter result)" = failed ]; }; wait_until 20 is_expired
sick "a certificate past its end" exporter "is expired" "tls-cert and tls-key"
guard "127.0.0.1:$TAKEN" "$TLS
	tls-client-ca = $D/plant.crt"
stands "certificates of clients" ok "asks for a client certificate"
[ "$(ask -k "https://127.0.0.1:$TAKEN/metrics")" = 000 ] &&
	[ "$(ask -k --cert "$D/client.crt" --key "$D/client.key" "https://127.0.0.1:$TAKEN/metrics")" = 200 ] || fail "mutual TLS"
htpasswd -nbB -C 5 scraper scrapepass | head -n 1 > "$D/users" || die "no users"
chmod 600 "$D/users"
guard "127.0.0.1:$TAKEN" "users-file = $D/users"
stands "users" ok "asks for user and password"
[ "$(ask "http://127.0.0.1:$TAKEN/metrics") $(ask -u scraper:scrapepass "http://127.0.0.1:$TAKEN/metrics")" = "401 200" ] || fail "users"
guard "127.0.0.1:$TAKEN" ""
sick "users that the configuration lost" exporter "HTTP 401" "systemctl restart leaselined"
stands "users that a restart took away" ok "Prometheus scrapes http:"
guard "127.0.0.1:$TAKEN" "$TLS"
sick "TLS that came without a restart" exporter "without the TLS" "systemctl restart leaselined"
guard "127.0.0.1:$(free_tcp_port)" ""
sick "a listen that came without one" exporter "does not listen there" "systemctl restart leaselined"
guard "127.0.0.1:$TAKEN" "$TLS
	tls-client-ca = $D/plant.crt
	users-file = $D/users
	allow = 127.0.0.0/8"
stands "all of them at once" ok "asks for a client certificate"
guard "127.0.0.1:$TAKEN" "allow = 192.0.2.0/24"
stands "an allow that is for others" skipped "which is not in allow"
guard "127.0.0.1:$TAKEN" "allow = 127.0.0.0/8"
stands "an allow that has this machine" ok "Prometheus scrapes http"
guard "0.0.0.0:$TAKEN" "users-file = $D/users"
stands "passwords without TLS for all" warning "the passwords on their way"
guard "unix:$S/metrics.sock" "$TLS"
stands "a socket file" ok "scrapes unix:$S/metrics.sock"
rm "$S/metrics.sock"
sick "its file is gone" exporter "no answer" "systemctl restart leaselined"
stands "the restart makes it again" ok "scrapes unix:$S/metrics.sock"
cp "$D/good.conf" "$CONFIG"; restart_agent; well "the exporter as it was"

# A FastNetMon of the vendor's beside us, in a mount namespace where its places
# are free: each thing that it leaves is seen by itself, and none is no word.
inside() { nsenter -t "$SPACE_PID" -m -- "$@"; }
make_space() { # /etc, /usr/bin and their like as copies or links, to write in
	mkdir -p "$D/space/log" && unshare -m sh -c '
		set -e; space=$1; mount -t tmpfs tmpfs "$space"; mkdir "$space/log" "$space/bin" "$space/old" "$space/opt"
		cp -a /etc "$space/etc"; rm -rf "$space/etc/fastnetmon"; mkdir "$space/etc/fastnetmon"
		rm -f "$space/etc/systemd/system/fastnetmon.service"
		mount --bind /usr/bin "$space/old"
		for f in /usr/bin/*; do ln -s "$space/old/${f##*/}" "$space/bin/${f##*/}"; done
		rm -f "$space/bin/fcli"; ln -s leaseline "$space/bin/fcli"
		cp -a /usr/lib/systemd/system "$space/units" 2>/dev/null || mkdir "$space/units"
		cp -a /usr/local/bin "$space/local"; rm -f "$space/local/fcli"
		mkdir -p /usr/lib/systemd/system
		for m in etc:/etc bin:/usr/bin log:/var/log opt:/opt units:/usr/lib/systemd/system local:/usr/local/bin; do
			mount --bind "$space/${m%%:*}" "${m#*:}"
		done
		mkdir /var/log/fastnetmon; echo ready > "$space/ready"; exec sleep 3600' sh "$D/space" > "$D/space.err" 2>&1 &
	SPACE_PID=$!; BOXES="$BOXES $SPACE_PID"
	wait_until 20 inside test -s "$D/space/ready"
}
# beside WHAT RESULT WORDS [NOT]: of the step, and no other step changes.
beside() {
	WHAT=$1; doctor
	[ $code = 0 ] && [ "$(step vendor result)" = "$2" ] || fail "$1: $(step vendor result), $(results failed)"
	says vendor "$3"
	[ -z "$4" ] || ! grep -qF -- "$4" "$D/words" || fail "$1: it says '$4'"
	printf 'doctor: %-34s %-16s %s\n' "$1" "vendor $2" "$(step vendor text | head -n 1)"
}
alone() { beside "$1" ok "no FastNetMon of the vendor" "/fcli" > "$D/alone"; }
# part WHAT FILE WORDS: there it is seen, without it nothing is.
part() {
	inside sh -c 'mkdir -p "${1%/*}" && cp /bin/true "$1"' sh "$2" || die "$2 cannot be made"
	beside "$1" "${4:-ok}" "$3"; inside rm "$2"; alone "$1, gone again"
}
if [ "$(id -u)" = 0 ] && make_space; then
	PROGRAM=/opt/fastnetmon/app/bin/fastnetmon; VENDORS=/etc/fastnetmon/license.lic
	stop_pid "$AGENT_PID"; OUR_LOG=$LOG_FILE
	sed "s,^license-file =.*,license-file = $D/state/main.lic," "$D/good.conf" > "$D/apart.conf"
	cp "$D/apart.conf" "$CONFIG"
	AGENT_PREFIX="nsenter -t $SPACE_PID -m --" DOCTOR_PREFIX="nsenter -t $SPACE_PID -m --"
	start_agent || fail "the agent does not start in the namespace"
	well "nothing of the vendor's"; alone "nothing of the vendor's"
	says notifications "'fcli test notification'"
	part "its program" "$PROGRAM" "FastNetMon of the vendor at $PROGRAM"
	part "its unit" /etc/systemd/system/fastnetmon.service "at /etc/systemd/system/fastnetmon.service"
	part "the unit of a package" /usr/lib/systemd/system/fastnetmon.service "at /usr/lib/systemd/system/fastnetmon.service"
	part "its configuration" /etc/fastnetmon/fastnetmon.conf "at /etc/fastnetmon/fastnetmon.conf"
	part "its license" $VENDORS "a license that is not ours at $VENDORS"
	inside cp /bin/sleep "$D/space/fastnetmon"; nsenter -t "$SPACE_PID" -m -- "$D/space/fastnetmon" 600 > "$D/daemon" 2>&1 & VENDOR_PID=$!
	BOXES="$BOXES $VENDOR_PID"; daemon_runs() { [ "$(cat /proc/$VENDOR_PID/comm)" = fastnetmon ]; }
	wait_until 10 daemon_runs || die "no daemon"
	beside "its daemon" ok "in a container? (pid $VENDOR_PID)"
	stop_pid "$VENDOR_PID"; alone "its daemon, stopped"
	# Its command. Ours is a link to leaseline in the one place, nothing in the other.
	inside sh -c 'rm /usr/bin/fcli; cp /bin/true /usr/bin/fcli'
	beside "its fcli" ok "/usr/bin/fcli is not ours and stays, ours is leaseline"
	says notifications "'leaseline test notification'"
	# All of it, each conflict and its mend.
	inside sh -c 'mkdir -p "${1%/*}" && cp /bin/true "$1" && cp /bin/true "${1%/*}/fcli"' sh $PROGRAM
	beside "the whole product, apart from us" ok "at $PROGRAM; /usr/bin/fcli is not ours" "license-file"
	inside ln -s leaseline /usr/local/bin/fcli
	beside "our link before its fcli" warning "whoever types fcli gets ours at /usr/local/bin/fcli"
	inside sh -c "$(step vendor command)" || fail "the command of vendor"
	beside "the command healed it" ok "/usr/local/bin/fcli is not ours"
	inside sh -c 'rm /usr/local/bin/fcli; ln -sf leaseline /usr/bin/fcli'
	beside "our link in the place of its fcli" warning "whoever types fcli gets ours at /usr/bin/fcli"
	inside sh -c "$(step vendor command)"; beside "the command healed it, too" ok "/usr/bin/fcli is not ours"
	set_key license-file $VENDORS
	beside "our license at its path" warning "its license lives at the path of license main"
	says vendor "license-file = /var/lib/leaseline/main.lic in section [license main]"
	inside sh -c 'echo "FASTNETMON LICENSE" > '$VENDORS
	sick "and its license is there" license_file "is not ours" "license-file = /var/lib/leaseline/main.lic"
	says license_file "leaseline commit"; says vendor "its license at $VENDORS is left alone"
	set_key license-file "$D/state/main.lic"
	beside "both licenses" ok "its license at $VENDORS is left alone" "license-file"
	set_key log-file /var/log/fastnetmon/fastnetmon.log
	beside "our log in its log" warning "its log is our log-file too"
	says vendor "log-file = /var/log/leaseline.log in section [agent]"
	# Without these keys the agent stays apart by itself.
	sed -i '/^license-file/d; /^log-file/d' "$CONFIG"; stop_pid "$AGENT_PID"; LOG_FILE=$D/space/log/leaseline.log
	$AGENT_PREFIX "$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 & AGENT_PID=$!
	well "the defaults beside the vendor's"; beside "the defaults beside the vendor's" ok "is left alone" "license-file"
	says license_file "$D/state/main.lic"; inside test -s /var/log/leaseline.log || fail "no log of our own"
	inside grep -q "FASTNETMON LICENSE" $VENDORS || fail "the vendor's license was touched"
	stop_pid "$AGENT_PID"; AGENT_PREFIX= DOCTOR_PREFIX= LOG_FILE=$OUR_LOG
	cp "$D/good.conf" "$CONFIG"; start_agent || die "the agent does not start"; well "without the vendor"
	stop_pid "$SPACE_PID"
else
	say "doctor: a FastNetMon of the vendor's was not tried: that needs root and mount namespaces: $(cat "$D/space.err" 2>&1)"
fi

cp "$D/good.conf" "$CONFIG"; set_key listen 127.0.0.1:$TAKEN

# The clock: a week back.
stop_pid "$AGENT_PID"; AGENT_PREFIX="$(later 0d) FAKETIME=-7d"
start_agent || die "the agent does not start a week ago"
DOCTOR_PREFIX=
sick "the clock went back a week" clock "it went back" "timedatectl set-ntp true"
AGENT_PREFIX=; restart_agent; well "the clock is right"

# Everything hangs at once; the community is seen by nobody meanwhile.
printf 'c0mmunitysecret\n' > "$D/community"
for pid in $AUTHORITY_PID $SNMPD_PID; do kill -STOP "$pid"; done
doctor --snmp-community-file "$D/community" & DOCTOR_PID=$!
seen=0
while alive $DOCTOR_PID; do
	cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -qf "$D/community" && seen=1
	sleep 0.3
done
wait $DOCTOR_PID
[ $seen = 0 ] || fail "the community is in an argument or an environment"
grep -qf "$D/community" "$LOG_FILE" "$D/said" && fail "the community is written down"
kill -STOP "$AGENT_PID"; started=$(now_ms); doctor; took=$(($(now_ms) - started))
for pid in $AUTHORITY_PID $SNMPD_PID $AGENT_PID; do kill -CONT "$pid"; done
for id in agent authority snmp_master; do
	case " $(results failed) " in *" $id "*) ;; *) fail "all hang, but not $id: $(results failed)";; esac
done
[ $took -lt 40000 ] || fail "all hang: $took ms"
say "doctor: agent, authority and snmpd hang: told in $took ms"
well "all go on" 60

# As users who are not root.
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$D"; chmod 644 "$CONFIG"; chmod 755 "$AUTHORITY_DIR"
	other() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	DOCTOR_PREFIX="setpriv --reuid=65534 --regid=65534 --clear-groups"
	well "for any user while the agent runs"
	says state_directory "writable"; says group "you may not"
	stop_pid "$AGENT_PID"
	sick "for any user while it does not" agent "does not run" "systemctl"
	[ "$(step state_directory result)" = skipped ] || fail "a user sees the state directory"
	WHAT="a user"; says state_directory "needs root"
	DOCTOR_PREFIX=
	# An agent without privileges, a master that is root's alone.
	chown -R 65534:65534 "$D/state"; chown 65534 "$LOG_FILE" "$D"
	AGENT_PREFIX="setpriv --reuid=65534 --regid=65534 --clear-groups"
	start_agent || die "the agent does not start without privileges"
	sick "an AgentX socket of root's alone" snmp_master "may not open" "agentXPerms 0660 0755"
	stop_pid "$AGENT_PID"
	doctor; [ "$(step snmp_master result)" = failed ] || fail "root's eyes are not the agent's"
	cp "$CONFIG" "$D/open.conf"; say secret > "$D/password"; chmod 600 "$D/password"
	printf '[license vendor]\nsource = fastnetmon\napi-url = http://127.0.0.1:1\napi-password-file = %s\n' "$D/password" >> "$CONFIG"
	sick "a password that is closed to the agent" configuration "api-password-file: $D/password: Permission denied" \
		"chown root:leaseline $D/password; chmod 0640 $D/password"
	cp "$D/open.conf" "$CONFIG"
	restart_snmpd "" "agentXPerms 0660 0755 root nogroup"
	start_agent || die "the agent does not start again"
	well "agentXPerms"
	# Another program's, closed to us: nobody is told to open it.
	printf 'FASTNETMON LICENSE\n' > "$D/closed"; chmod 600 "$D/closed"; cp "$CONFIG" "$D/open.conf"
	set_key license-file "$D/closed"; "$FCLI" commit > "$D/said" 2>&1
	sick "a foreign file that is closed" license_file "closed to the agent" "license-file = /var/lib/leaseline/main.lic"
	grep -q "chmod" "$D/said" && fail "a foreign file is to be opened"
	"$FCLI" check license > "$D/said" 2>&1
	grep -q "set license-file to a path of our own" "$D/said" || fail "the check's advice: $(cat "$D/said")"
	[ "$(cat "$D/closed")" = "FASTNETMON LICENSE" ] || fail "the closed file was touched"
	cp "$D/open.conf" "$CONFIG"; "$FCLI" commit > "$D/said" 2>&1; well "the license file where it was, again"
	rm -f "$LICENSE_FILE"; chown root "$D"
	sick "a directory that it may not write" license_file "cannot put a license" "chgrp leaseline $D"
else
	say "doctor: not root: what other users see was not tried"
fi
say "doctor: $(printf '%s ok' "$(results ok | wc -w)"); each fault was one step, each mend healed it"

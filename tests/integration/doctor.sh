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
"$FCLI" doctor --snmp-target "$SNMP_TARGET" > "$D/text" || fail "as text"
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
set_key listen "unix:$S/metrics.sock\nallow = 192.0.2.1\nlisten = 127.0.0.1:$TAKEN"
restart_doorkeeper() { stop_pid "$AGENT_PID"; $AGENT_PREFIX "$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 &
	AGENT_PID=$!; }
restart_doorkeeper; well "a socket file, and a door"
[ "$(step exporter result | tr '\n' ' ')" = "ok skipped " ] || fail "a socket file and a door: $(step exporter text)"
WHAT="a door"; says exporter "which is not in allow"; says exporter "scrapes unix:$S/metrics.sock"
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
	restart_snmpd "" "agentXPerms 0660 0755 root nogroup"
	start_agent || die "the agent does not start again"
	well "agentXPerms"
	rm -f "$LICENSE_FILE"; chown root "$D"
	sick "a directory that it may not write" license_file "cannot put a license" "chgrp leaseline $D"
else
	say "doctor: not root: what other users see was not tried"
fi
say "doctor: $(printf '%s ok' "$(results ok | wc -w)"); each fault was one step, each mend healed it"

# SPDX-License-Identifier: ISC
# The real parts on loopback, for `make run` and for the tests: an authority,
# a private snmpd, the agent. Sourced. Everything lives in one directory ($D);
# whatever is started is stopped by its pid.
#
# Expects: B, the directory of the programs. Offers, after start_all: the
# variables of write_env. A test may set before starting:
#   AGENT_PREFIX, AUTHORITY_PREFIX  e.g. $(later 10d)
#   LISTEN, SNMP_ENABLED, SOURCE_LINES  of the configuration
#   AGENTX_SOCKET  where snmpd listens for agents, instead of in $S
#   SNMPD_LINES  more of its configuration
#   AUTHORITY_OPTIONS  of serve; MBITS  of the subscription
#   TRAP_SINK, SNMPD_LINES  of snmpd.conf

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
B=$(cd "${B:-$ROOT/build}" && pwd)
# MIB_ROOT of the build; B may be the test programs' directory below it.
BASE_OID=.$(cat "$B/mib-root" "$B/../mib-root" 2>/dev/null | head -n 1)
SNMP_COMMUNITY=public
export MIBS= SNMPCONFPATH=/nonexistent
AGENT_PID= SNMPD_PID= AUTHORITY_PID=

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
[ "$BASE_OID" != . ] || die "no programs in $B; say make first"

# later OFFSET: a prefix that runs a program with its clocks ahead ("2d").
# The library itself, not faketime(1), which would be the process's parent.
# Elapsed time is told right only to what runs under it from its start.
later() {
	library=$(dpkg -L libfaketime | grep 'MT\.so\.1$')
	say "env LD_PRELOAD=$library FAKETIME=+${1:-0d}"
}

# wait_until SECONDS COMMAND...: until it succeeds; else fails.
wait_until() {
	wait_tenths=$(($1 * 10)); shift
	while ! "$@" >/dev/null 2>&1; do
		wait_tenths=$((wait_tenths - 1))
		[ $wait_tenths -gt 0 ] || return 1
		sleep 0.1
	done
}

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }
has_line() { grep -qF "$2" "$1"; }

# stop_pid PID [SECONDS]: TERM, then KILL; a stopped process is continued.
stop_pid() {
	alive "$1" || return 0
	kill -TERM "$1" 2>/dev/null; kill -CONT "$1" 2>/dev/null
	wait_until "${2:-5}" gone "$1" || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# Sockets have short paths; the directory of a checkout may be long.
make_directory() {
	D=$1
	mkdir -p "$D/state" "$D/snmp"
	chmod 700 "$D"
	S=$D
	[ ${#D} -le 80 ] || { S=$(mktemp -d /tmp/leaseline.XXXXXX); }
	say "$S" > "$D/sockets"
}

free_udp_port() { # also of TCP
	while :; do
		port=$(( ($(od -An -N2 -tu2 /dev/urandom) % 20000) + 20000 ))
		grep -qi ":$(printf %04X $port) " /proc/net/udp /proc/net/tcp || break
	done
	say "$port"
}

# init_authority: keys, certificates, database, one subscription.
init_authority() {
	AUTHORITY_DIR=$D/authority
	"$B/leaseline-authority" init --dir "$AUTHORITY_DIR" \
		> "$D/init.out" 2>&1 || { cat "$D/init.out" >&2; return 1; }
}

add_subscription() {
	"$B/leaseline-authority" subscription add --dir "$AUTHORITY_DIR" \
		--customer "Example ISP" --product "FastNetMon Advanced" \
		--kind production --mbits "${MBITS:-10000}" --billing annual \
		--term-end "${TERM_END:-$(date -u -d '+300 days' +%F)}" \
		--external 127.0.0.1 "$@" | tail -n 1
}

start_authority() {
	rm -f "$D/authority.port"
	$AUTHORITY_PREFIX "$B/leaseline-authority" serve \
		--dir "$AUTHORITY_DIR" \
		--listen "127.0.0.1:${AUTHORITY_PORT:-0}" $AUTHORITY_OPTIONS \
		--port-file "$D/authority.port" >> "$D/authority.log" 2>&1 &
	AUTHORITY_PID=$!
	wait_until 10 test -s "$D/authority.port" ||
		{ cat "$D/authority.log" >&2; return 1; }
	AUTHORITY_URL=$(head -n 1 "$D/authority.port")
	AUTHORITY_PORT=${AUTHORITY_URL##*:}
}

snmp_answers() {
	snmpget -v2c -c "$SNMP_COMMUNITY" -t 1 -r 0 "$SNMP_TARGET" \
		.1.3.6.1.2.1.1.3.0
}

# start_snmpd: on $SNMP_PORT if set (a restart), else on a free port. Nothing
# that is started holds our output: who reads it waits for its end.
start_snmpd() {
	tries=5
	while [ $tries -gt 0 ]; do
		SNMP_PORT=${SNMP_PORT:-$(free_udp_port)}
		SNMP_TARGET=127.0.0.1:$SNMP_PORT
		cat > "$D/snmpd.conf" <<-EOF
		agentAddress udp:$SNMP_TARGET
		rocommunity $SNMP_COMMUNITY 127.0.0.1
		master agentx
		agentXSocket ${AGENTX_SOCKET:-$S/agentx.sock}
		dontLogTCPWrappersConnects yes
		createUser operator SHA-256 authpass12 AES privpass12
		rouser operator priv
		EOF
		say "$SNMPD_LINES" >> "$D/snmpd.conf"
		[ -z "$TRAP_SINK" ] || say "trap2sink $TRAP_SINK public" \
			>> "$D/snmpd.conf"
		SNMP_PERSISTENT_DIR=$D/snmp /usr/sbin/snmpd -f -I -smux \
			-Lf "$D/snmpd.log" -C -c "$D/snmpd.conf" \
			-p "$D/snmpd.pid" >> "$D/snmpd.out" 2>&1 &
		SNMPD_PID=$!
		wait_until 5 snmp_answers && return 0
		stop_pid "$SNMPD_PID"
		SNMP_PORT= tries=$((tries - 1))
	done
	cat "$D/snmpd.out" "$D/snmpd.log" >&2
	return 1
}

write_config() {
	CONFIG=$D/leaseline.conf
	LICENSE_FILE=${LICENSE_FILE:-$D/license.lic}
	LOG_FILE=$D/fastnetmon.log
	cat > "$CONFIG" <<-EOF
	[agent]
	state-dir = $D/state
	control-socket = $S/control.sock
	log-file = $LOG_FILE

	[exporter]
	listen = ${LISTEN:-127.0.0.1:0}

	[snmp]
	enabled = ${SNMP_ENABLED:-yes}
	agentx-socket = $S/agentx.sock

	[license main]
	source = authority
	license-file = $LICENSE_FILE
	authority-url = $AUTHORITY_URL
	authority-root = $AUTHORITY_DIR/root.pub
	authority-ca = $AUTHORITY_DIR/ca.crt
	$SOURCE_LINES
	EOF
	FCLI=$D/fcli
	cat > "$FCLI" <<-EOF
	#!/bin/sh
	LEASELINE_CONTROL_SOCKET='$S/control.sock' LEASELINE_CONFIG='$CONFIG' \\
	LEASELINE_SNMP_TARGET='$SNMP_TARGET' \\
	exec '$B/fcli' "\$@"
	EOF
	chmod +x "$FCLI"
}

metrics_line() {
	sed -n 's/.*Serving metrics at \(http.*\)/\1/p' "$LOG_FILE" | tail -n 1
}

# start_agent: waits until it serves; not until it has a license.
start_agent() {
	started_lines=$(grep -c "Serving metrics" "$LOG_FILE" 2>/dev/null)
	$AGENT_PREFIX "$B/leaselined" -c "$CONFIG" >> "$D/agent.err" 2>&1 &
	AGENT_PID=$!
	wait_until 10 agent_serves "${started_lines:-0}" ||
		{ cat "$D/agent.err" "$LOG_FILE" >&2; return 1; }
	METRICS_URL=$(metrics_line)
}

agent_serves() {
	[ "$(grep -c "Serving metrics" "$LOG_FILE")" -gt "$1" ] &&
	    curl -fs -m 2 -o /dev/null "$(metrics_line)"
}

start_all() {
	init_authority && SUBSCRIPTION=$(add_subscription) &&
	    [ -n "$SUBSCRIPTION" ] || die "the authority cannot be set up"
	start_authority || die "the authority does not start"
	start_snmpd || die "snmpd does not start"
	write_config
	start_agent || die "the agent does not start"
}

stop_all() {
	stop_pid "$AGENT_PID"; stop_pid "$SNMPD_PID"; stop_pid "$AUTHORITY_PID"
	AGENT_PID= SNMPD_PID= AUTHORITY_PID=
	[ -z "$S" ] || [ "$S" = "$D" ] || rm -rf "$S"
}

write_env() {
	AUTHORITY=$B/leaseline-authority
	# The user of start_snmpd, in the form of snmp.conf(5).
	SNMP_V3_USER=operator SNMP_V3_FILE=$D/snmp_v3/snmp.conf
	mkdir -p "${SNMP_V3_FILE%/*}"
	(umask 077; cat > "$SNMP_V3_FILE" <<-EOF
	defVersion        3
	defSecurityName   $SNMP_V3_USER
	defSecurityLevel  authPriv
	defAuthType       SHA-256
	defAuthPassphrase authpass12
	defPrivType       AES
	defPrivPassphrase privpass12
	EOF
	)
	for name in METRICS_URL SNMP_TARGET SNMP_COMMUNITY SNMP_V3_USER \
	    SNMP_V3_FILE AUTHORITY_URL AUTHORITY AUTHORITY_DIR SUBSCRIPTION FCLI LICENSE_FILE LOG_FILE \
	    CONFIG AGENT_PID SNMPD_PID AUTHORITY_PID; do
		eval "value=\$$name"
		say "$name='$value'"
	done > "$D/env"
}

snmp() { # snmp SUB-OID: the bare value of a scalar or cell
	snmpget -v2c -c "$SNMP_COMMUNITY" -t 2 -r 1 -Oqv "$SNMP_TARGET" \
		"$BASE_OID.$1"
}

usable() { "$FCLI" show license; }
# SNMP has the license too, not only an answering master.
snmp_usable() { [ "$(snmp 1.2.10.0)" = 1 ]; }

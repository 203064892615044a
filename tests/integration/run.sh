#!/bin/sh
# Goal: the whole product in a minute: an authority with one subscription, a
# private snmpd and the agent, on free loopback ports, in build/run;
# PROMETHEUS=1: and a Prometheus and an Alertmanager with what is shipped.
#
# run.sh start   start, show, and stop on Ctrl-C (DETACH=1: leave it running)
# run.sh stop    stop what a detached start left
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/integration/prometheus.sh"
RUN=$ROOT/build/run

stop_run() {
	[ -f "$RUN/env" ] || return 1
	(
		. "$RUN/env"
		for pid in $PROMETHEUS_PID $ALERTMANAGER_PID $AGENT_PID \
		    $SNMPD_PID $AUTHORITY_PID; do
			# A pid may belong to somebody else by now.
			tr '\0' ' ' 2>/dev/null < "/proc/$pid/cmdline" |
				grep -qF "$RUN" || continue
			stop_pid "$pid"
			say "stopped $(case $pid in
				"$AGENT_PID") echo leaselined;;
				"$SNMPD_PID") echo snmpd;;
				"$PROMETHEUS_PID") echo prometheus;;
				"$ALERTMANAGER_PID") echo alertmanager;;
				*) echo leaseline-authority;; esac) ($pid)"
		done
	)
	sockets=$(cat "$RUN/sockets" 2>/dev/null)
	case $sockets in /tmp/leaseline.*) rm -rf "$sockets";; esac
	rm -f "$RUN/env"
}

show() {
	say "\$ $*"
	"$@" 2>&1 | sed 's/^/    /'
	say
}

get() { # get NAME SUB-OID
	printf '    %-30s %s\n' "$1" "$(snmp "$2")"
}

show_prometheus() {
	say "\$ promtool query instant $PROMETHEUS_URL 'license_action_deadline_timestamp_seconds - time()'"
	promtool query instant "$PROMETHEUS_URL" \
		'license_action_deadline_timestamp_seconds - time()' |
		sed 's/^/    /'
	say "Targets, rules and alerts: $PROMETHEUS_URL/alerts"
	say "Who hears of them:         $ALERTMANAGER_URL"
	say
}

# What is shipped, but that nobody listens at the example's webhooks.
run_prometheus() {
	start_alertmanager -e '/webhook_configs:/,/url:/d' &&
	    start_prometheus || die "no Prometheus"
	wait_until 60 is_up || die "Prometheus does not reach its targets"
	{
		for name in PROMETHEUS_URL PROMETHEUS_PID ALERTMANAGER_URL \
		    ALERTMANAGER_PID; do
			eval "value=\$$name"
			say "$name='$value'"
		done
	} >> "$D/env"
}

show_all() {
	say; say "Leaseline is running in build/run. Try:"; say
	show "$FCLI" show license
	say "\$ snmpget -v2c -c $SNMP_COMMUNITY $SNMP_TARGET OID"
	say "  (OIDs below $BASE_OID; names in mibs/LEASELINE-MIB.txt)"
	get leaselineState.0 1.2.9.0
	get leaselineDaysRemaining.0 1.2.11.0
	get leaselineTermDaysRemaining.0 1.2.17.0
	get leaselineActionDaysRemaining.0 1.2.20.0
	get leaselineBandwidthMbits.0 1.2.23.0
	get leaselineRefreshLastResult.0 1.2.25.0
	say
	say "\$ curl -s $METRICS_URL | grep -E 'usable|deadline|_limit_'"
	curl -s "$METRICS_URL" | grep -E '^license.*(usable|deadline|_limit_)' |
		sed 's/^/    /'
	say
	show "$FCLI" set renew_license
	say "\$ tail -n 5 $LOG_FILE"
	tail -n 5 "$LOG_FILE" | sed 's/^/    /'
	say
	[ -z "$PROMETHEUS_PID" ] || show_prometheus
	say "Also: $FCLI show license_status"
	say "      snmpwalk -v2c -c $SNMP_COMMUNITY $SNMP_TARGET $BASE_OID"
	say "      $B/leaseline-authority subscription suspend --dir" \
		"$AUTHORITY_DIR $SUBSCRIPTION"
	say "The variables are in build/run/env."
}

start_run() {
	stop_run
	rm -rf "$RUN"
	make_directory "$RUN"
	chmod 700 "$D/state"
	trap 'stop_prometheus; stop_all' EXIT
	trap 'exit 130' INT TERM
	start_all
	wait_until 30 usable || { cat "$LOG_FILE" >&2; die "no license came"; }
	wait_until 20 snmp_usable || die "SNMP does not show the license"
	write_env
	[ -z "$PROMETHEUS" ] || run_prometheus
	show_all
	if [ -n "$DETACH" ]; then
		trap - EXIT
		say "Running; 'make stop' ends it."
		exit 0
	fi
	say "Ctrl-C ends it."
	while alive "$AGENT_PID"; do sleep 1 & wait $!; done
	die "the agent ended: see $LOG_FILE"
}

case $1 in
start) start_run ;;
stop) stop_run || say "Nothing runs in build/run." ;;
*) die "usage: run.sh start|stop" ;;
esac

# SPDX-License-Identifier: ISC
# A fleet of real agents on loopback, each a machine of its own (directory,
# machine key, port), with licenses in every state that a license has, and one
# authority; "watched" has an SNMP master, "vendor" a FastNetMon that keeps its
# license itself and says what bandwidth is in use. Sourced after lib.sh and make_directory. Offers start_fleet,
# stop_fleet; turn NAME, after which $FCLI and $METRICS_URL are of that agent;
# FLEET, the names; FLEET_GRACE, no where a rebind could not be refused.

FLEET='' FLEET_TOP=$D FLEET_GRACE=yes FLEET_BOXES=''
AUTHORITY_DIR=$D/authority
. "$(dirname "$0")/fakeclock.sh"
FLEET_CLOCK=$CLOCK
DEAD_URL=https://127.0.0.1:9

# turn NAME: what lib.sh does from here on is done to that agent.
turn() {
	D=$FLEET_TOP/$1 S=$FLEET_TOP/$1 NAME=$1
	CONFIG=$D/leaseline.conf LICENSE_FILE=$D/license.lic
	LOG_FILE=$D/fastnetmon.log FCLI=$D/fcli
	mkdir -p "$D/state" "$D/snmp"; chmod 700 "$D" "$D/state"
	eval "AGENT_PID=\$pid_$NAME METRICS_URL=\$url_$NAME"
}
# boot NAME: starts it, with SOURCE_LINES, AUTHORITY_URL and AGENT_PREFIX.
boot() {
	turn "$1"
	write_config
	start_agent || die "$1 does not start"
	eval "pid_$1=$AGENT_PID url_$1=$METRICS_URL"
	case " $FLEET " in *" $1 "*) ;; *) FLEET="$FLEET $1" ;; esac
}
halt() { turn "$1"; stop_pid "$AGENT_PID"; eval "pid_$1="; }
boot_alone() { # boot_alone NAME: where nobody answers
	served_at=$AUTHORITY_URL AUTHORITY_URL=$DEAD_URL
	boot "$1"
	AUTHORITY_URL=$served_at
}

sold() { $FAKE "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" > "$FLEET_TOP/sold" 2>&1 ||
	die "$*: $(cat "$FLEET_TOP/sold")"; }
# buy NAME DAYS [OPTION...]: the agent of that name gets it: its coupon.
buy() {
	turn "$1"
	end=$(date -u -d "@$(($($FAKE date +%s) + $2 * 86400))" +%F)
	shift 2
	case " $* " in *" --billing "* | *" --kind trial "*) ;; *) set -- "$@" --billing annual ;; esac
	case " $* " in *" --kind "*) ;; *) set -- "$@" --kind production ;; esac
	sold subscription add --customer "Example ISP" --product "FastNetMon Advanced" \
		--mbits 100000 --term-end "$end" --coupon "$@"
	eval "id_$NAME=$(tail -n 1 "$FLEET_TOP/sold")"
	SOURCE_LINES="coupon = $(sed -n 's/^coupon //p' "$FLEET_TOP/sold")"
}
licensed() { wait_until 30 usable || die "$NAME has no license: $("$FCLI" show license_status)"; }
# customer NAME DAYS [OPTION...]: bought, started, and in use.
customer() { buy "$@"; boot "$1"; licensed; }
# then_alone NAME: it goes on without the authority.
then_alone() { halt "$1"; SOURCE_LINES=; boot_alone "$1"; }
renew() { turn "$1"; "$FCLI" set renew_license > "$D/renewed" 2>&1; }
authority_at() { CLOCK=$FLEET_CLOCK; write_clock "$1"; }

start_fleet() {
	SNMP_ENABLED=no AUTHORITY_PREFIX=$FAKE AGENT_PREFIX=$FAKE
	authority_at -20d
	sold init
	start_authority || die "the authority does not start"
	fleet_of_the_past
	authority_at +0
	fleet_of_the_past_goes_on
	AGENT_PREFIX=
	fleet_of_today
	fleet_without_license
	fleet_offline
	fleet_clock
	fleet_hardware
	fleet_vendor
}

# Nobody extends what these have: they are started again without the authority.
fleet_of_the_past() {
	customer lapsed 300; halt lapsed
	customer over 15; halt over
	authority_at -10d; customer starving 300; halt starving
	authority_at -6d; customer short 300; halt short
	authority_at -3d; customer overdue 300; halt overdue
}
fleet_of_the_past_goes_on() {
	SOURCE_LINES=
	for name in lapsed starving short overdue; do boot_alone $name; done
	boot over
}

fleet_of_today() {
	for name in annual1 annual2 annual3 annual4 annual5; do
		customer $name 300
	done
	turn watched; start_snmpd || die "snmpd does not start"
	SNMP_ENABLED=yes; customer watched 300; SNMP_ENABLED=no
	customer gone 300
	customer monthly 25 --billing monthly
	customer automatic 300 --renews auto
	customer trial 10 --kind trial
	customer trialends 4 --kind trial
	customer soon 20
	customer now 3
	customer suspended 300
	sold subscription suspend "$id_suspended"; renew suspended
	customer cancelled 300
	sold subscription cancel "$id_cancelled" --now; renew cancelled
}

fleet_without_license() {
	# At this address one of its own product would take another's over.
	SOURCE_LINES="product = Nothing Sold"; boot missing; SOURCE_LINES=
	boot_alone unanswered
	turn stranger; cp "$FLEET_TOP/annual1/license.lic" "$LICENSE_FILE"
	boot_alone stranger
	turn tampered; sed 's/^bandwidth-mbits .*/bandwidth-mbits 900000/' \
		"$FLEET_TOP/annual1/license.lic" > "$LICENSE_FILE"
	boot_alone tampered
}

# issue NAME [OPTION...]: an offline license for that agent, to standard output.
issue() {
	turn "$1"; shift
	"$FCLI" show license_hardware_data > "$D/hw_data.lic"
	$FAKE "$B/leaseline-authority" offline issue --dir "$AUTHORITY_DIR" \
		"$@" "$D/hw_data.lic" 2> "$D/issue.err" || die "$(cat "$D/issue.err")"
}
fleet_offline() {
	tomorrow=$(date -u -d "+2 days" +%F)
	for name in offline notyet; do
		buy $name 300 --checked yes; SOURCE_LINES=; boot_alone $name
		eval "bought=\$id_$name"
		issue $name --subscription "$bought" > "$D/issued.lic"
		issue $name --subscription "$bought" --not-before "$tomorrow" > "$D/next.lic"
	done
	turn offline
	cp "$D/issued.lic" "$LICENSE_FILE"; "$FCLI" commit > "$D/committed" 2>&1
	licensed
	cp "$D/next.lic" "$LICENSE_FILE.next"; "$FCLI" commit >> "$D/committed" 2>&1
	turn notyet
	cp "$D/next.lic" "$LICENSE_FILE"; "$FCLI" commit > "$D/committed" 2>&1
}

# A week back, and nobody to ask.
fleet_clock() {
	AGENT_PREFIX=
	CLOCK=$FLEET_TOP/its_clock; write_clock +0
	AGENT_PREFIX=$(printf %s "$STEPPED" | sed "s,$FLEET_CLOCK,$CLOCK,")
	customer stepped 300
	then_alone stepped
	write_clock -604800
	CLOCK=$FLEET_CLOCK AGENT_PREFIX=
	"$FCLI" show license > /dev/null
}

# More processors, time and again: the rebind is refused.
fleet_hardware() {
	turn rebind
	echo 0-7 > "$D/present"
	cat > "$D/machine" <<-END
	#!/bin/sh
	mount --bind '$D/present' /sys/devices/system/cpu/present && exec "\$@"
	END
	chmod +x "$D/machine"
	if ! unshare -m --propagation private "$D/machine" true 2> /dev/null; then
		FLEET_GRACE=no
		return
	fi
	AGENT_PREFIX="unshare -m --propagation private $D/machine"
	customer rebind 300
	AGENT_PREFIX=
	for cpus in 8 9 10 11 12; do
		echo 0-$cpus > "$D/present"; "$FCLI" commit > "$D/committed" 2>&1
	done
}

box() { # box NAME WORD...: a server of a test, until the fleet stops
	box_says=$D/$1.port; shift
	python3 "$@" > "$box_says" 2>&1 &
	FLEET_BOXES="$FLEET_BOXES $!"
}
# Five minutes of its page go by, so that there is a mean, and end now.
fleet_vendor() {
	turn vendor
	mkdir "$D/api"
	(umask 077; say "s3cret word" > "$D/password")
	say "{\"expiration_date\": \"$(date -u -d '+13 days' +%F)\",
		\"licensed_bandwidth\": 10000, \"issuer_type\": \"automatic\"}" \
		> "$D/api/license.json"
	echo "bits 6000000000 1000000000" > "$D/mode"
	box api "$ROOT/tests/integration/fastnetmon_api.py" "$D/api"
	box page "$ROOT/tests/integration/fastnetmon.py" "$D/mode" "$D/net"
	wait_until 10 test -s "$D/api/port" -a -s "$D/page.port" ||
		die "no FastNetMon: $(cat "$D/api.port" "$D/page.port")"
	write_config
	sed -i '/^\[license main\]/,$d' "$CONFIG"
	printf '%s\n' "[license main]" "source = fastnetmon" \
		"api-url = http://127.0.0.1:$(cat "$D/api/port")" \
		"api-password-file = $D/password" \
		"bandwidth-from = http://127.0.0.1:$(cat "$D/page.port")/metrics" \
		>> "$CONFIG"
	CLOCK=$FLEET_TOP/vendors_clock; write_clock -420
	AGENT_PREFIX=$(printf %s "$FAKE" | sed "s,$FLEET_CLOCK,$CLOCK,")
	start_agent || die "vendor does not start"
	AGENT_PREFIX=
	pid_vendor=$AGENT_PID url_vendor=$METRICS_URL FLEET="$FLEET vendor"
	licensed
	for behind in 385 350 315 280 245 210 175 140 105 70 35 0; do
		beat_due=$(($(date +%s) - behind)); write_clock "-$behind"
		wait_until 10 beaten || die "vendor: no beat"
	done
	CLOCK=$FLEET_CLOCK
}
beaten() {
	poke
	[ "$(metric leaseline_keeper_heartbeat_timestamp_seconds)" -ge "$beat_due" ]
}

stop_fleet() {
	for box in $FLEET_BOXES; do stop_pid "$box"; done
	for name in $FLEET; do eval "kill -TERM \$pid_$name" 2> /dev/null; done
	for name in $FLEET; do halt $name; done
	stop_pid "$AUTHORITY_PID"; stop_pid "$SNMPD_PID"; AUTHORITY_PID= SNMPD_PID=
	D=$FLEET_TOP S=$FLEET_TOP
}

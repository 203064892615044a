# SPDX-License-Identifier: ISC
# What happens to the agents in a real Zabbix: the parts of zabbix_lane.sh,
# which sources this. Each leaves its agent as it was, but for the time.

healthy() {
	zabbix host "$LANE-snmp3" "Leaseline by SNMP" 127.0.0.1 "$SNMP_PORT" \
		snmp3 $quick "{\$LEASELINE.DISCOVERY}=5s"
	zabbix discover "$LANE-snmp3"
	same="state@main=valid usable@main=yes severity@main=ok
		reason@main=none kind@main=production mode@main=online
		source@main=authority action.days@main=300
		action.warning.days@main=30 action.critical.days@main=7
		bandwidth@main=10000000000 refresh.result@main=ok
		refresh.refusal@main=none binding.changed@main=none
		rebinds.allowed@main=3 id@main=$SUBSCRIPTION
		expiry@main=$(metric license_expiry_timestamp_seconds)
		lease.end@main=$(metric license_lease_end_timestamp_seconds)
		term.end@main=$(metric license_term_end_timestamp_seconds)
		clock.trust=trusted storage.up=yes licenses=1
		licenses.usable=1 licenses.critical=0"
	zabbix values "$LANE-snmp" $same worst.name=main state=valid \
		action.days=300 zabbix[host,snmp,available]=yes
	zabbix values "$LANE-snmp3" $same
	zabbix values "$LANE-http" $same agentx.up=yes health=200
	for face in snmp http; do
		zabbix graphs "$LANE-$face" "License main: days to act" \
			"License main: bandwidth"
	done
	zabbix unsupported "$LANE-snmp3"
	mended
}

# The thresholds are the agent's: the license is the same, 300 days are left.
thresholds() {
	configure "threshold-action-warning-d = 400"
	problems "WARNING license main needs a person soon"
	configure "threshold-action-warning-d = 400" \
		"threshold-action-critical-d = 350"
	problems "HIGH license main needs a person now"
	configure
	mended
}

term() {
	admin subscription set "$SUBSCRIPTION" --term-end "$(in_days 20)"
	must_renew
	problems "WARNING license main needs a person soon"
	admin subscription set "$SUBSCRIPTION" --term-end "$(in_days 3)"
	must_renew
	problems "HIGH license main needs a person now"
	admin subscription extend "$SUBSCRIPTION" --to "$(in_days 300)"
	must_renew
	mended
}

suspension() {
	admin subscription suspend "$SUBSCRIPTION"
	! renew || fail "renewed while suspended"
	problems "DISASTER license main is not usable"
	values state@main=suspended refresh.result@main=refused
	admin subscription reinstate "$SUBSCRIPTION"
	commit
	mended
}

storage() {
	echo "another program's" > "$D/theirs"
	mv "$D/theirs" "$LICENSE_FILE"
	"$FCLI" commit > "$D/renew" 2>&1
	problems "WARNING license main cannot be stored"
	rm "$LICENSE_FILE"
	commit
	mended
	# The state may be written again before the license is.
	in_passing "WARNING license main cannot be stored"
	mv "$D/state" "$D/state.away"
	renew
	problems "WARNING the state cannot be written"
	mv "$D/state.away" "$D/state"
	must_renew
	mended
}

# No scalar of the MIB tells of it.
configuration() {
	echo "nonsense = 1" >> "$CONFIG"
	! "$FCLI" commit > "$D/renew" 2>&1 || fail "nonsense was read"
	problems_by http "WARNING the configuration was not taken over"
	problems_by snmp
	write_config; commit
	mended
}

# Out of the configuration, out of sight: also one with a problem.
retired() {
	write_config
	cat >> "$CONFIG" <<-EOT

	[license old]
	source = authority
	product = Old Product
	license-file = $D/old.lic
	authority-url = $AUTHORITY_URL
	authority-root = $AUTHORITY_DIR/root.pub
	authority-ca = $AUTHORITY_DIR/ca.crt
	EOT
	"$FCLI" commit > "$D/renew" 2>&1
	problems "DISASTER license old is not usable"
	values licenses=2 refresh.refusal@old=no_subscription
	write_config; commit
	mended
	zabbix gone "$LANE-snmp" old; zabbix gone "$LANE-http" old
}

stepped_clock() {
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	write_clock -604800; poke
	problems "WARNING the clock of the machine is not believed"
	values clock.trust=stepped_back
	write_clock +0; poke
	mended
	start_authority || fail "the authority does not start"
}

# with_state FROM: the agent goes on with that state and without its license.
with_state() {
	stop_pid "$AGENT_PID"
	rm -rf "$D/state" "$LICENSE_FILE"
	cp -a "$1" "$D/state"
	start_agent_again
}

unanswered() {
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	cp -a "$D/state" "$D/before"
	mkdir -m 700 "$D/new"
	with_state "$D/new"
	problems "WARNING license main was never answered"
	start_authority || fail "the authority does not start"
	with_state "$D/before"
	rm -rf "$D/before"
	must_renew
	mended
}

keep_state() { stop_pid "$AGENT_PID"; rm -rf "$1"; cp -a "$D/state" "$1"; }

# Two machines use one license: a snapshot goes on, what it was made of too.
clone() {
	cp -a "$D/state" "$D/one"
	must_renew; keep_state "$D/two"
	with_state "$D/one"; must_renew; keep_state "$D/one"
	with_state "$D/two"; must_renew; keep_state "$D/two"
	with_state "$D/one"
	! renew || fail "a clone was refreshed"
	problems "WARNING license main is not bound to this machine as it is"
	values reason@main=clone
	admin machine list
	admin machine clear-clone "$(sed -n 's/^\([^ ]*=\) .*/\1/p' "$D/admin")"
	commit
	mended
}

# Behind a NAT the authority sees another address; then that one is approved.
address() {
	direct=$AUTHORITY_URL port=$(free_udp_port)
	/usr/bin/python3 "$HERE/boxes.py" nat 127.0.0.1 "$port" 127.0.0.9 \
		127.0.0.1 "$AUTHORITY_PORT" > "$D/nat" 2>&1 & BOXES="$BOXES $!"
	wait_until 10 test -s "$D/nat" || fail "no NAT: $(cat "$D/nat")"
	AUTHORITY_URL=https://127.0.0.1:$port
	write_config; "$FCLI" commit > "$D/renew" 2>&1
	! renew || fail "refreshed from another address"
	problems "WARNING license main is not bound to this machine as it is"
	values reason@main=address_changed \
		refresh.refusal@main=address_changed usable@main=yes
	admin subscription approve-address "$SUBSCRIPTION" --external 127.0.0.9
	commit
	mended
	admin subscription approve-address "$SUBSCRIPTION" --external 127.0.0.1
	AUTHORITY_URL=$direct; write_config; commit
	must_renew
}

# The product goes on for now, and the license is over all the same.
expired_warn() {
	admin subscription set "$SUBSCRIPTION" --on-expiry warn
	must_renew
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	set_clock "+40 days"; poke
	problems "HIGH license main needs a person now"
	values state@main=expired usable@main=yes
	admin subscription set "$SUBSCRIPTION" --on-expiry stop
	start_authority || fail "the authority does not start"
	must_renew
	mended
}

machine() { echo "0-$(($1 - 1))" > "$D/present"; }
before_hardware() {
	machine 8
	[ -n "$ZABBIX_INSIDE" ] && mount --bind "$D/present" \
	    /sys/devices/system/cpu/present ||
		fail "a file of /sys cannot be stood in for"
}

hardware() {
	for cpus in 9 10 11 12 13; do
		machine $cpus; "$FCLI" commit > "$D/renew" 2>&1
	done
	problems "HIGH license main: the rebind to changed hardware was refused"
	values reason@main=rebind_refused refresh.refusal@main=hardware_limit \
		binding.changed@main=logical_cpus rebinds.used@main=3
	admin subscription approve-hardware "$SUBSCRIPTION"
	commit
	mended
}

# Looked at once it may be a mistake; ten minutes later it is not.
offline() {
	admin subscription set "$SUBSCRIPTION" --checked yes
	"$FCLI" show license_hardware_data > "$D/hw_data.lic" ||
		fail "no data of the hardware"
	$FAKE "$B/leaseline-authority" offline issue --dir "$AUTHORITY_DIR" \
		"$D/hw_data.lic" > "$D/offline.lic" 2> "$D/admin" ||
		fail "not issued: $(cat "$D/admin")"
	cp "$D/offline.lic" "$LICENSE_FILE"
	commit
	values mode@main=offline severity@main=ok binding.changed@main=none
	mended
	cp "$D/present" "$D/licensed"
	machine 16; look 605
	problems "WARNING license main is not bound to this machine as it is"
	values reason@main=hardware_mismatch usable@main=yes \
		binding.changed@main=logical_cpus
	look 605
	problems "DISASTER license main is not usable"
	values state@main=hardware_mismatch
	cat "$D/licensed" > "$D/present"; look 605
	mended
}

# FastNetMon's page says what is in use; the thresholds are the agent's.
bandwidth() {
	echo "bits 6000000000 1000000000" > "$D/mode"
	/usr/bin/python3 "$HERE/fastnetmon.py" "$D/mode" "$D/net" \
		> "$D/page.port" 2>&1 & BOXES="$BOXES $!"
	wait_until 10 test -s "$D/page.port" || fail "no page"
	from="bandwidth-from = http://127.0.0.1:$(cat "$D/page.port")/metrics"
	configure "$from"; look 31
	values bandwidth.used@main=6000000000 severity@main=ok
	mended
	configure "$from" "threshold-bandwidth-warning-pct = 50"
	problems "WARNING license main is near its bandwidth"
	echo "bits 1000000000 11000000000" > "$D/mode"; look 301
	problems "HIGH license main is over its bandwidth"
	values bandwidth.used@main=11000000000 usable@main=yes
	echo "bits 6000000000 1000000000" > "$D/mode"; look 301
	problems "WARNING license main is near its bandwidth"
	echo "bits 4000000000 1000000000" > "$D/mode"; look 301
	mended
	configure
}

# ask_fastnetmon: license main is now what FastNetMon says of its own.
ask_fastnetmon() {
	rm -f "$D/vendor/port"
	/usr/bin/python3 "$HERE/fastnetmon_api.py" "$D/vendor" \
		> "$D/vendor/out" 2>&1 & VENDOR=$!
	BOXES="$BOXES $VENDOR"
	wait_until 10 test -s "$D/vendor/port" || fail "no FastNetMon"
	sed -i '/^\[license main\]/,$d' "$CONFIG"
	printf '%s\n' "[license main]" "source = fastnetmon" \
		"api-url = http://127.0.0.1:$(cat "$D/vendor/port")" \
		"api-password-file = $D/vendor/password" >> "$CONFIG"
	commit
}

# FastNetMon is gone for more than an hour: what it said is in force, and old.
old_data() {
	mkdir "$D/vendor"
	say "{\"expiration_date\": \"$(in_days 13)\",
		\"licensed_bandwidth\": 10000}" > "$D/vendor/license.json"
	(umask 077; say "s3cret word" > "$D/vendor/password")
	ask_fastnetmon
	values source@main=fastnetmon severity@main=ok usable@main=yes
	mended
	stop_pid "$VENDOR"
	look 3700
	problems "WARNING license main is shown from old data"
	values reason@main=data_stale "data.age@main=3[789]??" usable@main=yes \
		refresh.result@main=connect
	ask_fastnetmon
	values severity@main=ok source@main=fastnetmon
	mended
	configure
	values source@main=authority severity@main=ok
	mended
}

# It is shown for five minutes; by SNMP a notification tells of it.
test_alert() {
	"$FCLI" test notification > "$D/renew" 2>&1 || fail "$(cat "$D/renew")"
	problems_by http "INFO a person asked for a test alert"
	zabbix values "$LANE-snmp" \
		"snmptrap[\"${BASE_OID#.}.0.[0-9]+\"]=*${BASE_OID}.0.15*"
	problems_by snmp
	look 301
	mended
}

# Time goes on and nobody extends the lease; from here on it only goes on. Days
# are left out here, and what they would have shown may be seen in passing.
days_pass() {
	in_passing "WARNING license main needs a person soon"
	stop_pid "$AUTHORITY_PID"; AUTHORITY_PID=
	while read -r days problem; do
		set_clock "+$days days"; poke
		problems "$problem"
	done <<-EOT
	2 WARNING license main is not being refreshed
	6 HIGH license main has not been refreshed for long
	10 HIGH license main needs a person now
	15 DISASTER license main is not usable
	EOT
	start_authority || fail "the authority does not start"
	must_renew
	mended
	zabbix values "$LANE-snmp" \
		"snmptrap[\"${BASE_OID#.}.0.[0-9]+\"]=*${BASE_OID}.0.[346]*"
}

# /healthz goes by elapsed time, which has to move, too.
hung_keeper() {
	mkfifo "$D/hold"
	/usr/bin/python3 "$HERE/hang.py" "$AGENT_PID" \
		< "$D/hold" > "$D/held" 2>&1 &
	holder=$!
	exec 4> "$D/hold"
	wait_until 10 has_line "$D/held" held || fail "$(cat "$D/held")"
	# Three heartbeats of 30 s are missed at once.
	write_clock "+$(($(cat "$CLOCK") + 120))"
	problems "HIGH the agent hangs"
	exec 4>&-
	wait "$holder"
	mended
}

# Without snmpd HTTP goes on, and says so.
no_snmpd() {
	stop_pid "$SNMPD_PID"
	WITHIN=240 problems_by snmp "WARNING SNMP does not answer"
	problems_by http "WARNING SNMP does not reach the agent"
	start_snmpd || fail "snmpd does not start again"
	WITHIN=120 mended
}

# Its page needs a certificate that the server trusts, and a password.
before_agent() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$D/page.key" -out "$D/page.crt" -days 30 \
		-subj "/CN=Leaseline" -addext subjectAltName=IP:127.0.0.1 \
		> "$D/openssl" 2>&1 || fail "no certificate: $(cat "$D/openssl")"
	say page-password | htpasswd -ciBC 5 "$D/users" zabbix 2> "$D/openssl" ||
		fail "no users: $(cat "$D/openssl")"
	chmod 600 "$D/users" "$D/page.key"
	LISTEN="$LISTEN
tls-cert = $D/page.crt
tls-key = $D/page.key
users-file = $D/users"
	mkdir "$D/curl"; export CURL_HOME="$D/curl"
	say "cacert = $D/page.crt" > "$D/curl/.curlrc"
	say "user = zabbix:page-password" >> "$D/curl/.curlrc"
	quick="$quick {\$LEASELINE.SCHEME}=https {\$LEASELINE.USER}=zabbix
		{\$LEASELINE.PASSWORD}=page-password"
}

# Its licenses stay: that nobody answers for them says nothing of them.
no_agent() {
	stop_pid "$AGENT_PID"
	WITHIN=120 problems "WARNING the agent is silent"
	values usable@main=yes
	start_agent || fail "the agent does not start"
	WITHIN=120 mended
}

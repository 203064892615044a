# SPDX-License-Identifier: ISC
# A whole Zabbix on loopback, of Debian's packages, without their services: a
# PostgreSQL cluster of its own on a private socket, the server, the frontend
# for its API. Sourced after lib.sh. PostgreSQL does not run as root: then all
# of it is nobody's. Offers start_zabbix, stop_zabbix, zabbix_log;
# ZABBIX_API, once it runs; ZABBIX_TRAPS, a file that it reads traps from;
# ZABBIX_CA, a directory of the certificates that it trusts.

ZABBIX_PID= ZABBIX_SQL_PID= ZABBIX_WEB_PID=
ZABBIX_SHARE=/usr/share/zabbix-server-pgsql
# A prefix and not a function: in the background a function has a shell's pid.
AS_NOBODY=
[ "$(id -u)" != 0 ] || AS_NOBODY="setpriv --reuid=65534 --regid=65534 \
	--clear-groups --no-new-privs"

# The server takes none above 32767.
low_port() {
	while port=$(free_udp_port); [ "$port" -gt 32767 ]; do :; done
	say "$port"
}

zabbix_sql() { $AS_NOBODY psql -q -X -h "$Z" -U zabbix -v ON_ERROR_STOP=1 "$@"; }
sql_answers() { zabbix_sql -d postgres -c 'select 1'; }

# Some 170000 rows, a statement each: many at a time are as one to psql, the
# database is the same. A statement ends outside of quotes.
many_at_a_time() {
	awk "{ quotes += gsub(/'/, \"&\") }"'
		/;$/ && quotes % 2 == 0 && ++n % 200 { sub(/;$/, "\\;") }
		{ print } END { print ";" }'
}

# Nothing here outlives the test: no write waits for the disk.
start_sql() {
	sql=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	$AS_NOBODY "$sql/initdb" -D "$Z/sql" -U zabbix --auth=trust --no-sync \
		--no-locale -E UTF8 > "$Z/initdb.log" 2>&1 ||
		{ cat "$Z/initdb.log" >&2; return 1; }
	$AS_NOBODY "$sql/postgres" -D "$Z/sql" -k "$Z" -c listen_addresses= \
		-c fsync=off -c full_page_writes=off \
		-c synchronous_commit=off > "$Z/sql.log" 2>&1 &
	ZABBIX_SQL_PID=$!
	wait_until 30 sql_answers || { cat "$Z/sql.log" >&2; return 1; }
	zabbix_sql -d postgres -c 'create database zabbix' || return 1
	{ zcat "$ZABBIX_SHARE/schema.sql.gz" "$ZABBIX_SHARE/images.sql.gz"
	  zcat "$ZABBIX_SHARE/data.sql.gz" | many_at_a_time; } |
		zabbix_sql -1 -d zabbix > "$Z/load.log" 2>&1 &&
	# Without it a plan of the frontend's takes minutes.
	zabbix_sql -d zabbix -c analyze ||
		{ tail -n 5 "$Z/load.log" >&2; return 1; }
}

# Everything that waits, in seconds where it is minutes.
write_zabbix_config() {
	cat > "$Z/server.conf" <<-EOT
	ListenIP=127.0.0.1
	ListenPort=$(low_port)
	LogType=console
	PidFile=$Z/server.pid
	SocketDir=$Z
	DBHost=$Z
	DBName=zabbix
	DBUser=zabbix
	StartPollers=10
	StartPollersUnreachable=6
	StartPingers=0
	StartDiscoverers=0
	StartHTTPPollers=0
	StartTrappers=1
	StartAlerters=1
	StartDBSyncers=2
	StartPreprocessors=1
	CacheUpdateFrequency=2
	Timeout=1
	UnreachablePeriod=3
	UnreachableDelay=1
	UnavailableDelay=2
	StartSNMPTrapper=1
	SNMPTrapperFile=$ZABBIX_TRAPS
	SSLCALocation=$ZABBIX_CA
	EOT
}

# The frontend's configuration has one place, and it is not ours.
start_frontend() {
	cp -r /usr/share/zabbix "$Z/web"
	chmod -R a+rX "$Z/web"
	sed -i "s|'/etc/zabbix/zabbix.conf.php'|'$Z/zabbix.conf.php'|" \
		"$Z/web/include/classes/core/CConfigFile.php"
	cat > "$Z/zabbix.conf.php" <<-EOT
	<?php
	\$DB['TYPE'] = 'POSTGRESQL';
	\$DB['SERVER'] = '$Z';
	\$DB['PORT'] = '0';
	\$DB['DATABASE'] = 'zabbix';
	\$DB['USER'] = 'zabbix';
	\$DB['PASSWORD'] = '';
	\$DB['SCHEMA'] = '';
	\$DB['ENCRYPTION'] = false;
	\$DB['DOUBLE_IEEE754'] = true;
	\$ZBX_SERVER = '127.0.0.1';
	\$ZBX_SERVER_PORT = '$(sed -n 's/^ListenPort=//p' "$Z/server.conf")';
	\$ZBX_SERVER_NAME = '';
	\$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
	EOT
	port=$(free_udp_port)
	ZABBIX_WEB=http://127.0.0.1:$port
	ZABBIX_API=$ZABBIX_WEB/api_jsonrpc.php
	# One request at a time would be one lane at a time.
	PHP_CLI_SERVER_WORKERS=6 $AS_NOBODY php -d max_execution_time=300 \
		-d memory_limit=512M -d post_max_size=16M -d session.save_path="$Z" \
		-S "127.0.0.1:$port" -t "$Z/web" > "$Z/web.log" 2>&1 &
	ZABBIX_WEB_PID=$!
	wait_until 10 api_answers || { cat "$Z/web.log" >&2; return 1; }
}
api_answers() {
	curl -fs -m 10 -H 'Content-Type: application/json-rpc' -d \
	    '{"jsonrpc":"2.0","method":"apiinfo.version","params":[],"id":1}' \
	    "$ZABBIX_API" | grep -q '"result":"6\.0'
}

zabbix_log() { tail -n "${1:-40}" "$Z/server.log"; }

start_zabbix() {
	Z=$(mktemp -d /tmp/zabbix.XXXXXX)
	[ "$(id -u)" != 0 ] || chown 65534:65534 "$Z"
	ZABBIX_TRAPS=$Z/traps
	ZABBIX_CA=$Z/ca
	$AS_NOBODY touch "$ZABBIX_TRAPS"
	mkdir "$ZABBIX_CA"
	write_zabbix_config
	start_sql || return 1
	$AS_NOBODY /usr/sbin/zabbix_server -f -c "$Z/server.conf" \
		> "$Z/server.log" 2>&1 &
	ZABBIX_PID=$!
	wait_until 60 has_line "$Z/server.log" "server #0 started" ||
		{ zabbix_log >&2; return 1; }
	start_frontend
}

# The server first: without its database it does not end.
stop_zabbix() {
	# Its workers do not end with it.
	workers=
	[ -z "$ZABBIX_WEB_PID" ] ||
		workers=$(ps -o pid= --ppid "$ZABBIX_WEB_PID")
	[ -z "$workers" ] || kill -TERM $workers 2> /dev/null
	for pid in $ZABBIX_WEB_PID $workers; do stop_pid "$pid"; done
	stop_pid "$ZABBIX_PID" 30
	if alive "$ZABBIX_SQL_PID"; then
		kill -INT "$ZABBIX_SQL_PID"
		stop_pid "$ZABBIX_SQL_PID" 30
	fi
	ZABBIX_PID= ZABBIX_SQL_PID= ZABBIX_WEB_PID=
	[ -z "$Z" ] || [ -n "$KEEP" ] || rm -rf "$Z"
}

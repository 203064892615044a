#!/bin/sh
# Goal: the Debian packages that the build and the tests need; nothing when
# they are there. Arguments: sets of packages: build run prometheus check
# nms zabbix browser bench deb packages.
build="gcc make libc6-dev git ca-certificates libsnmp-dev
	libcurl4-openssl-dev libssl-dev libmicrohttpd-dev libgnutls28-dev
	libcrypt-dev libcpuid-dev zlib1g-dev
	libsqlite3-dev libjansson-dev libinih-dev"
run="snmpd snmp curl"
prometheus="prometheus prometheus-alertmanager python3"
check="clang libclang-rt-14-dev libcmocka-dev snmpd snmp snmptrapd curl
	smitools apache2-utils openssl prometheus prometheus-alertmanager prometheus-node-exporter
	prometheus-snmp-exporter monitoring-plugins-standard faketime strace mandoc systemd procps python3 iproute2
	python3-icalendar python3-yaml python3-pysnmp4 python3-pysmi patch
	python3-prometheus-client python3-jsonschema"
nms="nodejs npm"
browser="chromium chromium-driver python3-selenium fonts-dejavu-core"
zabbix="zabbix-server-pgsql zabbix-frontend-php postgresql php-cli php-pgsql"
bench="wrk nginx-light prometheus-node-exporter prometheus-snmp-exporter
	snmpd python3"
deb="debhelper dpkg-dev libcmocka-dev"
packages="debootstrap lintian"

want=
for set; do
	eval "want=\"\$want \$$set\""
done
missing=
for package in $want; do
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
		grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "deps: run as root, or install sudo:$missing" >&2
		exit 1
	}
	as_root=sudo
fi
echo "Installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	--no-install-recommends $missing >/dev/null

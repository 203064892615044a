#!/bin/sh
# SPDX-License-Identifier: ISC
# `make install` and `make uninstall`. Below PREFIX everything is ours; /etc and
# /var are the administrator's: only what is not there is put there, and
# nothing is taken away. Uses B (the programs), PREFIX and DESTDIR.
cd "$(dirname "$0")/.." || exit 1
to=$DESTDIR$PREFIX
config=$DESTDIR/etc/leaseline/leaseline.conf
share=share/leaseline
example=share/doc/leaseline/example

# Mode, file, place below PREFIX. $B may be a path with a space. What tells
# the MIB's root is taken as the build made it.
files() {
	cat <<-END
	755 B/leaselined                      sbin/leaselined
	755 B/leaseline-authority             sbin/leaseline-authority
	755 B/fcli                            bin/leaseline
	644 agent/leaselined.8                share/man/man8/leaselined.8
	644 agent/leaseline.conf.5            share/man/man5/leaseline.conf.5
	644 license/fcli/fcli.1               share/man/man1/leaseline.1
	644 license/authority/leaseline-authority.8 share/man/man8/leaseline-authority.8
	644 agent/leaselined.service          lib/systemd/system/leaselined.service
	644 agent/leaselined.socket           lib/systemd/system/leaselined.socket
	644 agent/leaseline.sysusers          lib/sysusers.d/leaseline.conf
	644 license/authority/leaseline-authority.service lib/systemd/system/leaseline-authority.service
	644 license/authority/leaseline-authority.sysusers lib/sysusers.d/leaseline-authority.conf
	644 agent/leaseline.tmpfiles          lib/tmpfiles.d/leaseline.conf
	644 agent/snmpd-leaseline.conf        $share/snmpd-leaseline.conf
	755 agent/example/leaseline-follow    $example/leaseline-follow
	644 agent/example/leaseline-follow@.service $example/leaseline-follow@.service
	644 agent/example/leaseline-follow@.path $example/leaseline-follow@.path
	644 agent/example/leaseline-follow@.timer $example/leaseline-follow@.timer
	644 agent/example/product.conf        $example/product.conf
	644 agent/example/README              $example/README
	644 mibs/LEASELINE-MIB.txt            share/snmp/mibs/LEASELINE-MIB.txt
	644 mibs/LEASELINE-CAPABILITY-MIB.txt share/snmp/mibs/LEASELINE-CAPABILITY-MIB.txt
	644 exporter/status.schema.json $share/status.schema.json
	644 dashboards/prometheus/leaseline.rules.yml $share/prometheus/leaseline.rules.yml
	644 dashboards/prometheus/prometheus.example.yml $share/prometheus/prometheus.example.yml
	644 dashboards/alertmanager/alertmanager.example.yml $share/alertmanager/alertmanager.example.yml
	644 dashboards/runbooks.md $share/runbooks.md
	644 dashboards/grafana/fleet.json $share/grafana/fleet.json
	644 dashboards/grafana/license.json $share/grafana/license.json
	644 dashboards/grafana/authority.json $share/grafana/authority.json
	644 dashboards/grafana/leaseline.yaml $share/grafana/leaseline.yaml
	644 dashboards/snmp_exporter/generator.yml $share/snmp_exporter/generator.yml
	644 dashboards/snmp_exporter/leaseline.yml $share/snmp_exporter/leaseline.yml
	644 dashboards/snmp_exporter/leaseline-0.21.yml $share/snmp_exporter/leaseline-0.21.yml
	644 dashboards/snmp_exporter/leaseline-snmp.rules.yml $share/snmp_exporter/leaseline-snmp.rules.yml
	644 dashboards/snmp_exporter/prometheus.example.yml $share/snmp_exporter/prometheus.example.yml
	644 dashboards/nagios/leaseline.cfg $share/nagios/leaseline.cfg
	644 dashboards/nagios/leaseline.icinga2.conf $share/nagios/leaseline.icinga2.conf
	644 dashboards/librenms/leaseline.yaml $share/librenms/leaseline.yaml
	644 dashboards/librenms/snmpd-leaseline-extend.conf $share/librenms/snmpd-leaseline-extend.conf
	644 dashboards/zabbix/leaseline_by_snmp.yaml $share/zabbix/leaseline_by_snmp.yaml
	644 dashboards/zabbix/leaseline_by_http.yaml $share/zabbix/leaseline_by_http.yaml
	755 dashboards/zabbix/zabbix_traps.sh $share/zabbix/zabbix_traps.sh
	END
}

# The vendor's own command has this name: ours are symbolic links, so that
# they can be told from it.
aliases='bin/fcli:leaseline share/man/man1/fcli.1:leaseline.1'

is_strange() { # a file that we did not make?
	{ [ -e "$1" ] || [ -L "$1" ]; } && [ "$(readlink "$1")" != "$2" ]
}

put_aliases() {
	for f in "$DESTDIR/usr/bin/fcli" "$to/bin/fcli"; do
		if is_strange "$f" leaseline; then
			echo "$f is not ours and stays; use: leaseline"
			return
		fi
	done
	for alias in $aliases; do
		[ ! -e "$to/${alias%:*}" ] && [ -e \
			"$(dirname "$to/${alias%:*}")/${alias#*:}" ] || continue
		ln -s "${alias#*:}" "$to/${alias%:*}" || exit 1
	done
}

put_config() {
	[ ! -e "$config" ] || return 0
	install -D -m 640 agent/leaseline.conf.example "$config" || exit 1
	[ -z "$as_root" ] || chgrp leaseline "$config"
}

# User, group and directories; needs no running systemd.
prepare_machine() {
	command -v systemd-sysusers >/dev/null || {
		echo "Without systemd: make the user and group leaseline, and" \
			"what $PREFIX/lib/tmpfiles.d/leaseline.conf lists"
		as_root=
		return
	}
	systemd-sysusers "$to/lib/sysusers.d/leaseline.conf" \
		"$to/lib/sysusers.d/leaseline-authority.conf" &&
	systemd-tmpfiles --create "$to/lib/tmpfiles.d/leaseline.conf" || exit 1
	[ ! -d /run/systemd/system ] || systemctl daemon-reload
}

install_all() {
	as_root=
	[ -n "$DESTDIR" ] || [ "$(id -u)" -ne 0 ] || as_root=yes
	files | while read -r mode file place; do
		case $file in
		B/*) file=$B/${file#B/} ;;
		mibs/* | dashboards/* | agent/snmpd-*) file=$B/packs/$file ;;
		esac
		install -D -m "$mode" "$file" "$to/$place" || exit 1
	done || exit 1
	sed -i "s,/usr/sbin/,$PREFIX/sbin/," \
		"$to/lib/systemd/system/leaselined.service" \
		"$to/lib/systemd/system/leaseline-authority.service"
	sed -i "s,/usr/bin/leaseline,$PREFIX/bin/leaseline,; s,/usr/$share/,$PREFIX/$share/," \
		"$to/$share/nagios/"* "$to/$share/librenms/"* \
		"$to/$share/grafana/leaseline.yaml"
	sed -i "s,: dashboards/runbooks.md,: $PREFIX/$share/runbooks.md," \
		"$to/$share/prometheus/leaseline.rules.yml" \
		"$to/$share/snmp_exporter/leaseline-snmp.rules.yml"
	put_aliases
	[ -z "$as_root" ] || prepare_machine
	put_config
	cat <<-END
	Next: edit /etc/leaseline/leaseline.conf, then
	  systemctl enable --now leaselined
	For SNMP:
	  cp $PREFIX/$share/snmpd-leaseline.conf /etc/snmp/snmpd.conf.d/leaseline.conf
	  systemctl restart snmpd && chmod 0755 /var/agentx
	Then: leaseline doctor
	END
}

uninstall_all() {
	for alias in $aliases; do
		is_strange "$to/${alias%:*}" "${alias#*:}" ||
			rm -f "$to/${alias%:*}"
	done
	files | while read -r mode file place; do
		rm -f "$to/$place"
	done
	for d in "$to/$share/"*/ "$to/$share" "$to/$example" "$to/${example%/*}"; do
		[ ! -d "$d" ] || rmdir "$d"
	done
	echo "Left: /etc/leaseline, /var/lib/leaseline, and the user leaseline"
}

case $1 in
install) install_all ;;
uninstall) uninstall_all ;;
*) echo "usage: install.sh install|uninstall" >&2; exit 2 ;;
esac

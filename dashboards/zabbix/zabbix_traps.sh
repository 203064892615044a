#!/bin/sh
# SPDX-License-Identifier: ISC
# Hands an SNMP notification to a Zabbix server. On the server's machine, in
# snmptrapd.conf, with snmptrapd -On and the server's SNMPTrapperFile:
#   traphandle default /usr/local/bin/zabbix_traps.sh /var/log/zabbix/traps
read -r name
read -r address
address=${address#*\[}
printf '%s ZBXTRAP %s\n%s\n' "$(date '+%F %T')" "${address%%\]*}" "$(cat)" \
	>> "$1"

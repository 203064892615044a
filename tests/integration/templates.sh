#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: what the Zabbix templates name exists and is called what the MIB, the
# metrics and the enumerations are; a planted mistake of each kind is found.
exec /usr/bin/python3 "$(dirname "$0")/templates.py"

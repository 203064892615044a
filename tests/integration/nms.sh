#!/bin/sh
# Goal: Debian's Nagios and Icinga 2, unpacked below build/ and nowhere else: no
# daemon is installed. Prints the directory; 77 when they cannot be had.
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$root/build/nms
skip() { printf 'nms: skipped: %s\n' "$*" >&2; exit 77; }

mkdir -p "$root/build" && exec 9> "$root/build/nms.lock" && flock 9 || exit 1
if [ ! -d "$tools" ]; then
	rm -rf "$tools.new" && mkdir -p "$tools.new" && cd "$tools.new" || exit 1
	for package in nagios4-core nagios4-common icinga2-bin icinga2-common \
	    libboost-context1.74.0 libboost-coroutine1.74.0 \
	    libboost-thread1.74.0; do
		apt-get download "$package" > /dev/null 2>&1 ||
			skip "Debian's package $package cannot be fetched"
		dpkg -x "$package"_*.deb . || skip "$package cannot be unpacked"
	done
	rm ./*.deb && mv "$tools.new" "$tools" || exit 1
fi
printf '%s\n' "$tools"

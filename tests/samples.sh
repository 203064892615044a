#!/bin/sh
# Goal: whoever pastes a configuration from README gets one that leaselined
# takes. Each indented block with a [section] of leaseline.conf(5) is parsed by
# `leaselined -n`; the files it names are made up. Argument: the directory of
# the programs.
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail() { printf 'samples: %s\n' "$*" >&2; exit 1; }

# extract FILE TO: one file for each sample.
extract() {
	awk -v to="$2" '
	!/^    / && !/^$/ { inside = 0 }
	/^    \[(license [a-z]+|exporter|agent|snmp|stats)\]$/ && !inside {
		inside = 1; file = to "/" ++count ".conf"
	}
	inside { print substr($0, 5) > file }' "$1"
}
takes() { # takes SAMPLE: leaselined does, with files that are there
	sed "s,/etc/leaseline/,$work/etc/,g" "$1" > "$work/pasted.conf"
	grep -q '^\[license' "$1" || printf '%s\n' '[license main]' \
		'authority-url = https://authority.example:8443' \
		"authority-root = $work/etc/root.pub" >> "$work/pasted.conf"
	"$b/leaselined" -n -c "$work/pasted.conf" > "$work/out" 2> "$work/said"
}

b=$1
mkdir "$work/etc" "$work/samples" "$work/broken" || exit 1
"$b/leaseline-authority" init --dir "$work/authority" \
	--root "$work/root.pem" > "$work/said" 2>&1 ||
	{ cat "$work/said" >&2; fail "no certificates"; }
cp "$work/authority/root.pub" "$work/authority/ca.crt" "$work/etc"
cp "$work/authority/server.crt" "$work/etc/exporter.crt"
cp "$work/authority/server.key" "$work/etc/exporter.key"
printf '%s\n' 'prometheus:$2y$10$c7Sxg1rwzjkY.wGTld4d..y.RsLZUtLBeNVjS4uYwWxkM8t0afW/G' \
	> "$work/etc/users"
echo secret > "$work/etc/fastnetmon.password"
chmod 600 "$work/etc/"*

extract "$root/README.md" "$work/samples"
count=0
for sample in "$work/samples"/*.conf; do
	[ -f "$sample" ] || fail "README has no sample"
	takes "$sample" || { cat "$sample" "$work/said" >&2
		fail "leaselined does not take this sample of README"; }
	count=$((count + 1))
done
# It would see a comment that is not on a line of its own.
sed 's/^    \(listen\|api-url\|authority-url\) = .*/& # why/' "$root/README.md" > "$work/README"
extract "$work/README" "$work/broken"
for sample in "$work/broken"/*.conf; do
	! takes "$sample" || { cat "$sample" >&2; fail "a broken sample is taken"; }
done
[ $count -ge 3 ] || fail "only $count samples are found"
echo "samples: leaselined takes $count configurations of README, and none of them broken"

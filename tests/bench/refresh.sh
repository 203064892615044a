#!/bin/sh
# What a refresh costs the authority with a fleet of each size of the arguments,
# and as a multiple of the first: flat is the goal. Each has at most LIMIT_S and
# a database of its own below TMPDIR (440 bytes a machine), which goes in any
# case. Printed, never judged. B is the directory of the programs.
LIMIT_S=${LIMIT_S:-3600}
D= PID=
finish() {
	[ -z "$PID" ] || { kill -TERM "$PID" 2>/dev/null; wait "$PID"; }
	[ -z "$D" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
die() { printf 'bench refresh: %s\n' "$*" >&2; exit 1; }

first=
for machines; do
	D=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX") || exit 1
	free=$(df --output=avail -k "$D" | tail -n 1)
	[ "$free" -gt $((machines / 1000 * 600)) ] ||
		die "$machines machines want $((machines / 1000000 * 600)) MB in ${TMPDIR:-/tmp} (TMPDIR=)"
	"$B/leaseline-authority" init --dir "$D/a" > "$D/log" 2>&1 ||
		die "$(cat "$D/log")"
	# Its signal reaches the whole group: the authority, too.
	timeout "$LIMIT_S" "$B/tests/bench/refresh" "$B/leaseline-authority" \
		"$D/a" "$machines" 10000 > "$D/said" 2> "$D/log" & PID=$!
	wait "$PID"; code=$?; PID=
	[ $code -ne 124 ] || die "$machines machines: not done after $LIMIT_S s (LIMIT_S=)"
	[ $code -eq 0 ] || die "$machines machines: $(tail -n 3 "$D/log")"
	each=$(sed -n 's/.*server CPU \([0-9]*\) us each.*/\1/p' "$D/said")
	cat "$D/said"
	[ -z "$first" ] || awk "BEGIN {printf \"  %.2f of what it costs with $smallest machines; database %d MB\\n\",
		$each / $first, $(du -sk "$D/a" | cut -f 1) / 1024}"
	first=${first:-$each} smallest=${smallest:-$machines}
	rm -rf "$D"; D=
done

#!/bin/sh
# Goal: the simulation finds every bug of tests/sim/planted, and the seed that
# it prints replays it. Each patch is one plausible mistake in shipped code;
# it is applied to a copy, and lives are lived until an invariant breaks:
#   found within PLANTED_YEARS machine-years, or it fails;
#   two replays of the seed break the same at the same instant;
#   the program without the bug lives the same life unbroken.
# usage: planted.sh PROGRAM [PATCH...]; B, O: directories of the build
years=${PLANTED_YEARS:-4000}
program=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1

# What broke, whose, when and how; not the years, which a replay has not.
broken() { sed -n '/^sim: BROKEN/,/^  after/p' "$1" | grep -v '^  after'; }

say() {
	printf '%s\n' "$2" > "$1/line"
	[ "$3" = good ] && touch "$1/good"
	exit 0
}

build() {
	for file in $(sed -n 's/^+++ b\///p' "$2"); do
		mkdir -p "$1/$(dirname "$file")" && cp "$file" "$1/$file" ||
			return 1
	done
	patch -s -p1 -F0 -d "$1" < "$2" > "$1/log" 2>&1 ||
		say "$1" "planted $name: THE PATCH DOES NOT APPLY (fuzz 0)"
	make -s "$1/life" > "$1/log" 2>&1 ||
		say "$1" "planted $name: DOES NOT BUILD: $(grep -m1 error "$1/log")"
}

replay() { "$1" replay light none "$seed" > "$2" 2>&1; }

try() {
	name=$(basename "$1" .patch)
	dir=$B/planted/$name
	rm -rf "$dir"
	mkdir -p "$dir"
	build "$dir" "$1"
	timeout 60 "$dir/life" light none "$years" > "$dir/search" 2>&1
	broken "$dir/search" > "$dir/first"
	[ -s "$dir/first" ] ||
		say "$dir" "planted $name: NOT FOUND in $years machine-years"
	invariant=$(sed -n 's/^sim: BROKEN \([A-Z]*\):.*/\1/p' "$dir/first")
	seed=$(sed -n 's/^  after .* \([0-9]*\)$/\1/p' "$dir/search")
	after=$(sed -n 's/^  after \([0-9]*\) .*/\1/p' "$dir/search")
	for n in 1 2; do
		replay "$dir/life" "$dir/replay$n"
		broken "$dir/replay$n" | cmp -s - "$dir/first" ||
			say "$dir" "planted $name: seed $seed, $invariant: REPLAY $n DIFFERS"
	done
	replay "$program" "$dir/honest" ||
		say "$dir" "planted $name: seed $seed BREAKS WITHOUT THE BUG, TOO"
	say "$dir" "$(printf 'planted %-44s %-9s seed %-4s after %s machine-years' \
		"$name:" "$invariant" "$seed" "$after")" good
}

if [ "$2" = --one ]; then
	try "$3"
fi
shift
[ $# -gt 0 ] || set -- tests/sim/planted/*.patch
[ -e "$1" ] || { echo "planted: there is no patch $1"; exit 1; }
start=$(date +%s)
rm -rf "$B/planted"
printf '%s\n' "$@" | xargs -P 2 -n 1 tests/sim/planted.sh "$program" --one
failed=0
for patch; do
	dir=$B/planted/$(basename "$patch" .patch)
	cat "$dir/line" 2> /dev/null || echo "planted $patch: no word of it"
	[ -e "$dir/good" ] || failed=$((failed + 1))
done
echo "planted: $(($# - failed)) of $# bugs found within $years machine-years" \
	"each and replayed twice from the seed, in $(($(date +%s) - start)) s"
[ "$failed" = 0 ]

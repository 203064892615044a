#!/bin/sh
# Goal: run each unit test program given; all of the output of one that fails,
# the reason of what was skipped, a count at the end. Some wait for a second to
# pass, so as many run at a time as there are processors.
if [ "$1" = --one ]; then
	timeout 300 "$3" > "$2/${3##*/}" 2>&1
	echo $? > "$2/${3##*/}.end"
	exit 0
fi
outputs=$(mktemp -d "${TMPDIR:-/tmp}/unit.XXXXXX") || exit 1
trap 'rm -rf "$outputs"' EXIT
printf '%s\n' "$@" |
	xargs -P "${LEASELINE_JOBS:-$(nproc)}" -n 1 "$0" --one "$outputs"
failed=0 passed=0
for program; do
	out=$outputs/${program##*/}
	code=$(cat "$out.end") || code=1
	n=$(grep -c '^\[       OK \]' "$out")
	passed=$((passed + n))
	sed -n "s/^skipped: /unit ${program##*/}: SKIPPED: /p" "$out"
	[ "$code" -ne 0 ] || [ "$n" -gt 0 ] || code=1
	if [ "$code" -ne 0 ]; then
		failed=$((failed + 1))
		cat "$out"
		echo "unit ${program##*/}: FAILED ($code)"
	fi
done
echo "unit: $# programs, $passed passed, $failed failed"
[ $failed -eq 0 ]

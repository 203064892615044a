#!/bin/sh
# Goal: run each unit test program given; all of the output of one that fails,
# the reason of what was skipped, a count at the end.
failed=0 passed=0
for program; do
	out=$("$program" 2>&1)
	code=$?
	n=$(printf '%s\n' "$out" | grep -c '^\[       OK \]')
	passed=$((passed + n))
	printf '%s\n' "$out" |
		sed -n "s/^skipped: /unit $(basename "$program"): SKIPPED: /p"
	[ $code -ne 0 ] || [ "$n" -gt 0 ] || code=1
	if [ $code -ne 0 ]; then
		failed=$((failed + 1))
		printf '%s\n' "$out"
		echo "unit $(basename "$program"): FAILED ($code)"
	fi
done
echo "unit: $# programs, $passed passed, $failed failed"
[ $failed -eq 0 ]

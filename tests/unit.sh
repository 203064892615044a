#!/bin/sh
# Goal: run each unit test program given; print one line each, all of the
# output of one that fails.
failed=0
for program; do
	out=$("$program" 2>&1) || { failed=1; printf '%s\n' "$out"; }
	printf '%s\n' "$out" | sed -n 's/^\[==========\] .*: \(.*\) run\..*/\1/p;' |
	    head -1 | sed "s|^|unit $(basename "$program"): |"
done
exit $failed

#!/bin/sh
# Goal: the lives of a plan on two cores, with what they showed; the first
# broken invariant, with its seed, ends it.
# usage: check.sh PROGRAM PLAN
out=$(mktemp -d "${TMPDIR:-/tmp}/lives.XXXXXX") || exit 1
trap 'rm -rf "$out"' EXIT
trap 'kill $first $second 2>/dev/null; exit 130' INT TERM
"$1" plan "$2" 0 2 > "$out/0" 2>&1 & first=$!
"$1" plan "$2" 1 2 > "$out/1" 2>&1 & second=$!
failed=0
wait $first || failed=1
wait $second || failed=1
cat "$out/0" "$out/1"
exit $failed

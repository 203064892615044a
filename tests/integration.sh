#!/bin/sh
# Goal: run the integration tests named; one line each, all of the output of
# one that fails. Exit 77 of a test is said, with its reason, and counted. They
# mostly wait, so several run at a time (INTEGRATION_JOBS); one that measures
# runs alone, at the end.
root=$(cd "$(dirname "$0")/.." && pwd)
B=$(cd "$B" && pwd); export B O
mkdir -p "$O/log"

run_one() {
	case $1 in
	# These stand on the test programs beside the shipped ones.
	snmp | snmp_memory | master | dropin) beside=$B/tests ;;
	*) beside=$B ;;
	esac
	start=$(date +%s)
	B=$beside "$root/tests/integration/$1.sh" > "$O/log/$1.log" 2>&1
	echo "$? $(($(date +%s) - start))" > "$O/log/$1.end"
}

tell_one() {
	log=$O/log/$1.log
	read -r code took < "$O/log/$1.end"
	case $code in
	0) passed=$((passed + 1)); echo "integration $1: passed in $took s" ;;
	77) skipped=$((skipped + 1))
	    echo "integration $1: SKIPPED: $(tail -n 1 "$log")" ;;
	*) failed=$((failed + 1)); fell="$fell $1"; cat "$log"
	   echo "integration $1: FAILED ($code) after $took s" ;;
	esac
	# Figures, and a part that was not tried, are said of one that passed.
	grep -E "^ *($1|/metrics|fcli)[: ]" "$log" | sed 's/^/    /'
}

if [ "$1" = --one ]; then
	run_one "$2"
	exit 0
fi

passed=0 failed=0 skipped=0 fell='' together='' alone=''
for name; do
	rm -f "$O/log/$name.end"
	case $name in
	freeze) alone="$alone $name" ;;
	*) together="$together $name" ;;
	esac
done
[ -z "$together" ] || printf '%s\n' $together |
	xargs -P "${INTEGRATION_JOBS:-4}" -n 1 "$0" --one
for name in $together; do tell_one "$name"; done
for name in $alone; do run_one "$name"; tell_one "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
# Said again at the end: a build machine keeps the last lines of a log.
for name in $fell; do
	echo "integration $name FAILED; the end of its output:"
	tail -n 25 "$O/log/$name.log"
done
[ $failed -eq 0 ]

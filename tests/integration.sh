#!/bin/sh
# Goal: run the integration tests named; one line each, all of the output of
# one that fails. Exit 77 of a test is said, with its reason, and counted.
root=$(cd "$(dirname "$0")/.." && pwd)
passed=0 failed=0 skipped=0
B=$(cd "$B" && pwd); export B
mkdir -p "$O/log"
for name; do
	log=$O/log/$name.log
	start=$(date +%s)
	case $name in
	# These stand on the test programs beside the shipped ones.
	snmp | dropin) beside=$B/tests ;;
	*) beside=$B ;;
	esac
	B=$beside "$root/tests/integration/$name.sh" > "$log" 2>&1
	code=$?
	took=$(($(date +%s) - start))
	case $code in
	0) passed=$((passed + 1)); echo "integration $name: passed in $took s" ;;
	77) skipped=$((skipped + 1))
	    echo "integration $name: SKIPPED: $(tail -n 1 "$log")" ;;
	*) failed=$((failed + 1)); cat "$log"
	   echo "integration $name: FAILED ($code) after $took s" ;;
	esac
	case $name in agree | tamper | crash | freeze | snmp)
		grep -E "^ *(agree|tamper|crash|freeze|snmp|/metrics|fcli)[: ]" "$log" |
			sed 's/^/    /' ;;
	*) # A part that was not tried is said also of one that passed.
	   grep -E "^$name: not root" "$log" | sed 's/^/    /' ;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]

#!/bin/sh
# Goal: `fcli check license` keeps the contract of monitoring plugins: exit 0 1
# 2 3, one line, perfdata, a bound; and with --usable it says no only when the
# license is known not to be usable: nobody who could say stops no product.
. "$(dirname "$0")/lib.sh"
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/check.XXXXXX")"
finish() { stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'check: %s\n' "$*" >&2
	cat "$D/out" "$D/err" "$LOG_FILE" >&2
	exit 1
}
authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR" > "$D/authority.out" 2>&1; }

number='-?[0-9]+'
range="@?($number|~)?:?($number)?"
perfdata="[A-Za-z0-9._-]+=$number(s|%)?(;($range)?(;($range)?)?)?"
# expect CODE PATTERN WORD...: exit code, and one line that is a plugin's.
expect() {
	want=$1 pattern=$2; shift 2
	"$FCLI" check license "$@" > "$D/out" 2> "$D/err"; code=$?
	[ $code -eq "$want" ] || fail "$*: exit $code instead of $want"
	[ "$(wc -l < "$D/out")" -eq 1 ] || fail "$*: not one line"
	grep -qE "^LEASELINE (OK|WARNING|CRITICAL|UNKNOWN) - [^|]+( \|( $perfdata)+)?$" "$D/out" ||
		fail "$*: not a plugin's line"
	grep -qE -- "$pattern" "$D/out" || fail "$*: no '$pattern'"
	[ ! -s "$D/err" ] || fail "$*: words on standard error"
}
# usable CODE PATTERN WORD...: the same of --usable; "" on stderr: nothing.
product() {
	want=$1 pattern=$2; shift 2
	"$FCLI" check license --usable "$@" > "$D/out" 2> "$D/err"; code=$?
	[ $code -eq "$want" ] || fail "--usable $*: exit $code instead of $want"
	if [ -n "$pattern" ]; then
		grep -q -- "$pattern" "$D/err" || fail "--usable $*: no '$pattern'"
	else
		[ ! -s "$D/err" ] || fail "--usable $*: words on standard error"
	fi
}

init_authority && SUBSCRIPTION=$(add_subscription) && start_authority ||
	die "the authority does not start"
stop_pid "$AUTHORITY_PID"
write_config
start_agent || die "the agent does not start"
expect 1 'WARNING - main: No license is installed'
product 0 'NOBODY CAN SAY.*not answered yet'
start_authority && "$FCLI" set renew_license > /dev/null || fail "no license"
expect 0 'OK - main: Production license.*; 300 days to act.* \| days=300;30:;7: expiry_days=14 lease_days=14 term_days=300 refresh_age=[0-9]+s;129600;432000$'
expect 0 'days=300;200:;7:' -w 200 main
expect 1 'WARNING - .*\(warning range 301:\)' -w 301
expect 2 'CRITICAL - .*days=300;400:;@299:300$|days=300;400:;@299:300 ' -w 400 -c @299:300
expect 0 'OK - 1 license.*main.days=300;' --all
product 0 ''
product 0 '' main
product 0 '' --all
say "check: ok, and by the days of who asks: $(cat "$D/out")"

expect 3 "UNKNOWN - .*'-x'" -x
expect 3 "UNKNOWN - .*'soon'" -w soon
expect 3 "UNKNOWN - .*no license 'other'" other
product 0 "NOBODY CAN SAY.*no license 'other'" other
product 0 "NOBODY CAN SAY.*'-x'" -x
"$FCLI" check license -h > "$D/out" 2>&1; [ $? -eq 3 ] || fail "-h looks well"
"$FCLI" check license -V > "$D/out" 2>&1; [ $? -eq 3 ] || fail "-V looks well"

kill -STOP "$AGENT_PID"
start=$(date +%s)
expect 3 'UNKNOWN - .*does not answer' -t 1
product 0 'NOBODY CAN SAY.*does not answer' -t 1
took=$(($(date +%s) - start))
kill -CONT "$AGENT_PID"
[ $took -le 5 ] || fail "-t 1, twice: $took s"
say "check: wrong words and an agent that hangs are UNKNOWN, and no reason to stop; $took s for two"

authority subscription suspend "$SUBSCRIPTION" || fail "not suspended"
"$FCLI" set renew_license > /dev/null 2>&1
expect 2 'CRITICAL - main: License suspended: '
expect 2 'CRITICAL - main: License suspended: ' -w 1 -c 0
product 1 ''
stop_pid "$AGENT_PID"
expect 2 'CRITICAL - main: License suspended: .*agent is not running'
product 1 'the agent is not running'
authority subscription reinstate "$SUBSCRIPTION" || fail "not reinstated"
start_agent || fail "no restart"
"$FCLI" commit > /dev/null || fail "no commit"
product 0 ''
stop_pid "$AGENT_PID"
expect 1 'WARNING - main: .*The agent is not running'
product 0 'the agent is not running'
# One line says so, with the socket; what the files are like is in the answer.
mv "$LICENSE_FILE" "$D/kept.lic"
printf 'leaseline-license 1\nbad\n' > "$LICENSE_FILE"
"$FCLI" show license > "$D/out" 2> "$D/err"
[ "$(wc -l < "$D/err")" = 1 ] || fail "log lines: $(cat "$D/err")"
grep -q "nobody answers at $S/control.sock: the agent is not running" "$D/err" ||
	fail "the socket is not named: $(cat "$D/err")"
"$FCLI" --socket /nonexistent set renew_license > "$D/out" 2> "$D/err"
[ $? = 3 ] && grep -q "nobody answers at /nonexistent, and this needs" "$D/err" ||
	fail "the socket is not named: $(cat "$D/err")"
mv "$D/kept.lic" "$LICENSE_FILE"
say "check: suspended is critical and no, with the agent and from the files"

cp "$CONFIG" "$D/good.conf"
echo "nonsense" > "$CONFIG"
expect 3 'UNKNOWN - '
product 0 'NOBODY CAN SAY'
rm "$CONFIG"
expect 3 'UNKNOWN - '
product 0 'NOBODY CAN SAY'
cp "$D/good.conf" "$CONFIG"
mv "$AUTHORITY_DIR/root.pub" "$D/root.pub"
expect 3 'UNKNOWN - .*root'
product 0 'NOBODY CAN SAY.*root'
mv "$D/root.pub" "$AUTHORITY_DIR/root.pub"
if [ "$(id -u)" -eq 0 ]; then
	# Who may not read the files cannot say.
	chmod 711 "$D"
	su -s /bin/sh nobody -c "'$FCLI' check license" > "$D/out" 2> "$D/err"
	[ $? -eq 3 ] && grep -q '^LEASELINE UNKNOWN - the agent does not answer at its control socket, .*Permission denied' "$D/out" ||
		fail "as nobody: $(cat "$D/out")"
	su -s /bin/sh nobody -c "'$FCLI' check license --usable" > "$D/out" 2> "$D/err" ||
		fail "as nobody, --usable"
	grep -q "NOBODY CAN SAY" "$D/err" || fail "as nobody: not said"
else
	echo "check: not root: unreadable files were not tried"
fi
# Nobody can say is no: exit codes of the line in a unit's ExecCondition=.
condition() { sh -c "'$1' check license --usable; test \$? -ne 1"; }
condition /nonexistent/leaseline 2> /dev/null || fail "without the program a product stays down"
condition "$FCLI" > /dev/null 2>&1 || fail "the condition says no"
say "check: no configuration, no root, no right, no program: UNKNOWN, and the product may run"

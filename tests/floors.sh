#!/bin/sh
# Goal: the house rules that a machine can see: no include climbs, a roof is
# included by nobody, floor 1 is pure, one third-party library in one file,
# no banned call, files and functions of a size, planted bugs that apply.
cd "$(dirname "$0")/.." || exit 1
sources=$(find license exporter agent -name '*.[ch]' | sort)
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT

report() { tee -a "$failed"; }

awk '
function floor(path) {
	if (path ~ /^license\/base\//) return 0
	if (path ~ /^license\/[^\/]*$/) return 1
	if (path ~ /^license\/keeper\//) return 2
	if (path ~ /^exporter\//) return 3
	if (path ~ /^(agent|license\/fcli|license\/authority)\//) return 4
	return 9
}
function room(path) { sub(/\/[^\/]*$/, "", path); return path }
/^#[ \t]*include[ \t]*"/ {
	split($0, part, "\""); to = part[2]
	if (to !~ /\//)
		print FILENAME ":" FNR ": include \"" to "\": write it from the root"
	else if (floor(to) > floor(FILENAME))
		print FILENAME ":" FNR ": include \"" to "\": it climbs"
	else if (floor(to) == 4 && room(to) != room(FILENAME))
		print FILENAME ":" FNR ": include \"" to "\": a roof"
}' $sources | report

# Library, the files that may include it. net-snmp has four: what is asked,
# the session, the socket, which replaces one of its own transports, and a
# manager of SNMPv3 in a process of its own;
# libmicrohttpd two: the listener, and what it sends.
while read -r header files; do
	grep -n "#[ ]*include <$header" $sources | while IFS=: read -r file line _; do
		case " $files " in *" $file "*) ;;
		*) printf '%s:%s: <%s> belongs to %s\n' "$file" "$line" \
			"$header" "$files" ;;
		esac
	done
done <<'EOF' | report
curl/ license/keeper/client.c
openssl/ license/verify.c license/sign.c license/authority/certificate.c license/keeper/tls_time.c
libcpuid/ license/keeper/inspect.c
microhttpd license/base/http.c license/base/http_answer.c
zlib license/base/gzip.c
gnutls/ license/base/tls.c
crypt.h exporter/password.c
net-snmp/ agent/snmp.c agent/session.c agent/transport.c agent/poll_user.c
sqlite3 license/authority/sqlite.c license/authority/sqlite.h
jansson license/json.c license/fastnetmon.c license/authority/output.c
ini.h license/base/conf.c
EOF

grep -nE '\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|strtok|gmtime|mktime|gets|alloca)\(' \
	$sources | report
grep -nE '\b(clock_gettime|gettimeofday|time)\(' $sources |
	grep -v '^license/base/clock.c:' | report
grep -nE '\b(clock_[a-z]+|open|fopen|read|write|socket|connect|unlink|rename|stat|file_[a-z]+|log_[a-z]+)\(' \
	$(find license -maxdepth 1 -name '*.c') | report

awk '
FNR == 1 { open = 0 }
/^{/ { open = FNR }
/^}/ { if (open && FNR - open > 60)
	print FILENAME ":" open ": a function of " FNR - open " lines"; open = 0 }
' $(printf '%s\n' $sources | grep '\.c$') | report
wc -l $sources | awk '$2 != "total" && $1 > 500 {
	print $2 ": " $1 " lines: two rooms in one?" }' | report
# The word for what is issued is spelled one way.
grep -nE '\b[Ll]icence' $sources README.md 2>/dev/null | report
# A bug that cannot be planted any more shows nothing.
for patch in tests/sim/planted/*.patch; do
	patch -s -p1 -F0 --dry-run < "$patch" > /dev/null ||
		echo "$patch: it does not apply (fuzz 0): plant the bug again"
done | report
grep -rnIE '/(work|farm)/' --exclude-dir=.git --exclude=.git --exclude-dir=build . |
	report
[ ! -s "$failed" ] || exit 1
echo "floors: $(printf '%s\n' $sources | wc -l) files keep the house rules"

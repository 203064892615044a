#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: the vendor's keys, on the shipped programs: a new signer while machines
# ask, with the root here and with it off line; agents need nothing; a signer
# that is retired, one that is revoked, what that ends and what it does not.
. "$(dirname "$0")/lib.sh"
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/keys.XXXXXX")"
finish() { [ -z "$asking" ] || kill "$asking" 2>/dev/null; stop_all; [ -n "$KEEP" ] || rm -rf "$D"; }
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
	printf 'keys: %s\n' "$*" >&2
	tail -n 20 "$LOG_FILE" >&2; tail -n 20 "$D/authority.log" >&2
	cat "$D/err" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
key() { # key WORD...: what is printed goes to $D/out
	"$B/leaseline-authority" key "$@" --dir "$AUTHORITY_DIR" \
		> "$D/out" 2> "$D/err"
}
must() { key "$@" || fail "key $*: exit $?"; }
no() { # no SENTENCE WORD...: exit 1, and it says that
	sentence=$1; shift
	key "$@"; code=$?
	equal "the exit code of key $*" $code 1
	grep -qF -- "$sentence" "$D/err" || fail "key $* says: $(cat "$D/err")"
}
named() { must list; awk -v s="$1" '$2 == s { print $1; exit }' "$D/out"; }
signer() { sed -n 's/^signer //p' "$LICENSE_FILE"; }
sequence() { sed -n 's/^sequence //p' "$LICENSE_FILE"; }
renew() { "$FCLI" set renew_license > "$D/renew" 2>&1; }
signs() { renew && [ "$(signer)" = "$1" ]; }
the_state() {
	curl -fs -m 5 "$METRICS_URL" |
	    sed -n 's/^license_state{license="main",state="\([a-z_]*\)"} 1$/\1/p'
}
is() { [ "$(the_state)" = "$1" ]; }
counted() { # counted RESULT: of the authority
	curl -fs -m 5 --cacert "$AUTHORITY_DIR/ca.crt" \
		"$AUTHORITY_URL/metrics" |
	    sed -n "s/^authority_requests_total{result=\"$1\"} //p"
}
revoked_list() {
	curl -s -m 5 --cacert "$AUTHORITY_DIR/ca.crt" \
		-o "$D/list" -w '%{http_code}' "$AUTHORITY_URL/v1/revoked"
}
serves() { [ "$(revoked_list)" = "$1" ]; }

# It looks every 5 s by itself; the first rotation below shows that.
hup() { kill -HUP "$AUTHORITY_PID"; }

SNMP_ENABLED=no
init_authority && SUBSCRIPTION=$(add_subscription) ||
	die "the authority cannot be set up"
start_authority || die "the authority does not start"
write_config
start_agent || die "the agent does not start"
wait_until 30 usable || fail "no license came"
first=$(signer)
equal "the signer of key list" "$(named signing)" "$first"
[ "$(revoked_list)" = 404 ] || fail "a list where nothing was revoked"

# One command while machines ask.
( i=0
  while [ ! -e "$D/enough" ]; do
	renew || cat "$D/renew" >> "$D/lost"
	curl -fs -m 5 -o /dev/null --cacert "$AUTHORITY_DIR/ca.crt" \
		"$AUTHORITY_URL/readyz" || echo "readyz" >> "$D/lost"
	i=$((i + 1)); echo $i > "$D/asked"; sleep 0.4
  done ) > /dev/null 2>&1 &
asking=$!
must rotate
second=$(named signing)
[ "$second" != "$first" ] || fail "nothing was rotated"
equal "the signer before" "$(named retired)" "$first"
new_signer() { [ "$(signer)" = "$second" ]; }
wait_until 10 new_signer || fail "the service does not take the new signer"
: > "$D/enough"; wait "$asking"; asking=
[ ! -e "$D/lost" ] || fail "while it was rotated: $(cat "$D/lost")"
equal "answers without a signature" "$(counted unavailable)" 0
equal "restarts of the agent" "$(grep -c 'leaselined.* started' "$LOG_FILE")" 1
is valid || fail "the license is $(the_state)"
say "keys: rotated while $(cat "$D/asked") refreshes went through"

# The root is on another machine: three steps, by two files.
mkdir "$D/vault"
mv "$AUTHORITY_DIR/root.pem" "$D/vault/root.pem"
no "key certify FILE --root ROOT.pem" rotate
no "no signer waits" rotate --certificate "$D/vault/root.pem"
must rotate --request
cp "$D/out" "$D/signer.req"
equal "the request" "$(head -n 1 "$D/signer.req")" "leaseline-signer 1"
must rotate --request
diff "$D/out" "$D/signer.req" || fail "the same request is another"
waiting=$(named waiting)
no "is not what" certify "$LICENSE_FILE" --root "$D/vault/root.pem"
must certify "$D/signer.req" --root "$D/vault/root.pem"
cp "$D/out" "$D/signer.cert"
grep -q "signer $waiting" "$D/err" || fail "what the root signs is not shown"
sed 's/^signer-until 20./signer-until 209/' "$D/signer.cert" > "$D/longer"
no "not by the root" rotate --certificate "$D/longer"
equal "the signer meanwhile" "$(named signing)" "$second"
# A crash between the certificate and the secret: it is as if it were done.
cp "$AUTHORITY_DIR/signer.crt" "$D/signer.crt"
cp "$D/signer.cert" "$AUTHORITY_DIR/signer.crt"
equal "the signer after a crash" "$(named signing)" "$waiting"
hup; wait_until 10 signs "$waiting" || fail "half a change is not read as whole"
cp "$D/signer.crt" "$AUTHORITY_DIR/signer.crt"
hup; wait_until 10 signs "$second" || fail "the one before does not come back"
must rotate --certificate "$D/signer.cert"
third=$(named signing)
equal "the new signer" "$third" "$waiting"
hup; wait_until 10 signs "$third" || fail "the certified signer is not taken"
for f in signer.pem ca.key server.key authority.db; do
	equal "the mode of $f" "$(stat -c %a "$AUTHORITY_DIR/$f")" 600
done
equal "secrets in a log" \
	"$(cat "$D"/*.log "$D/out" "$D/err" | grep -c 'PRIVATE KEY')" 0

# The first signer was stolen.
no "signs now" revoke "$third" --root "$D/vault/root.pem" --yes
no "the root's secret is not here" revoke "$first" --yes
must revoke "$first" --request
cp "$D/out" "$D/list.req"
must certify "$D/list.req" --root "$D/vault/root.pem"
cp "$D/out" "$D/list.cert"
no "nothing was revoked yet" revoke "$first" --certificate "$D/list.cert"
no "not the list that follows" revoke "$second" --certificate "$D/list.cert"
must revoke "$first" --certificate "$D/list.cert" --yes
grep -q "ends no offline license" "$D/out" || fail "revoke says: $(cat "$D/out")"
equal "its state" "$(named revoked)" "$first"
no "revoked already" revoke "$first" --root "$D/vault/root.pem" --yes
hup; wait_until 10 serves 200 || fail "the list is not served"
cmp "$D/list" "$AUTHORITY_DIR/leaseline-revoked" || fail "another list is served"
knows() { renew; [ -s "$D/state/main.revoked" ]; }
wait_until 10 knows || fail "the agent does not fetch the list"
equal "what the license announces" "$(sed -n 's/^revocations //p' "$LICENSE_FILE")" 1
cmp "$D/list" "$D/state/main.revoked" || fail "the agent keeps another list"
is valid || fail "the license is $(the_state)"
stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start again"
wait_until 10 is valid || fail "after a restart the license is $(the_state)"
say "keys: revoked with the root off line; the agent has the list"

# An offline license of the third, which is stolen too.
"$FCLI" show license_hardware_data > "$D/hw_data.lic"
if grep -q '^memory-mib' "$D/hw_data.lic"; then
	sold=$("$B/leaseline-authority" subscription add --dir "$AUTHORITY_DIR" \
		--customer Offline --product "FastNetMon Advanced" \
		--kind production --mbits 100000 --billing annual \
		--term-end "$(date -u -d '+300 days' +%F)" \
		--checked yes --external 127.0.0.9 | tail -n 1)
	sleep 2 # of two licenses the one that was issued later counts
	"$B/leaseline-authority" offline issue --dir "$AUTHORITY_DIR" \
		--subscription "$sold" "$D/hw_data.lic" > "$D/off.lic" \
		2> "$D/err" || fail "offline issue"
	cp "$D/off.lic" "$LICENSE_FILE.new" && mv "$LICENSE_FILE.new" "$LICENSE_FILE"
	"$FCLI" commit > "$D/renew" 2>&1
	offline_in_force() { curl -fs -m 5 "$METRICS_URL" | grep -q '^license_info{.*mode="offline"'; }
	wait_until 10 offline_in_force || fail "the offline license is not taken"
	equal "its signer" "$(signer)" "$third"

	must rotate --root "$D/vault/root.pem"
	no "nothing was revoked yet" revoke "$third" --root "$D/vault/root.pem"
	grep -q "^$sold " "$D/out" || fail "what it ends is not told: $(cat "$D/out")"
	must revoke "$third" --root "$D/vault/root.pem" --yes
	grep -q "^$sold " "$D/out" || fail "what it ends is not told: $(cat "$D/out")"
	sleep 1; is valid || fail "offline, without the list: $(the_state)"
	cp "$AUTHORITY_DIR/leaseline-revoked" "$LICENSE_FILE.revoked"
	wait_until 10 is invalid || fail "with the list it is $(the_state)"
	usable > "$D/line" && fail "it is usable"
	[ ! -e "$LICENSE_FILE.revoked" ] || fail "the list is still there"
	"$FCLI" show license_status | grep -q "signer was revoked" ||
		fail "nobody is told why"
	stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start again"
	is invalid || fail "after a restart it is $(the_state)"
	"$FCLI" show license_hardware_data > "$D/hw_data.lic"
	"$B/leaseline-authority" offline issue --dir "$AUTHORITY_DIR" \
		--subscription "$sold" "$D/hw_data.lic" > "$D/off.lic" \
		2> "$D/err" || fail "offline issue again"
	cp "$D/off.lic" "$LICENSE_FILE"
	wait_until 10 is valid || fail "by the new signer it is $(the_state)"
	say "keys: a revoked signer ended its offline license, a new one is in force"
else
	say "keys: no offline license: the memory of this machine is not known"
fi

# Retired: nothing is issued, and it is said; then a short-lived one.
last=$(named signing)
no "--yes" retire "$last"
must retire "$last" --yes
says() { grep -q "$1" "$D/authority.log"; }
hup; wait_until 10 says "there is no signer: nothing is issued" ||
	fail "the log does not say that there is no signer"
[ -z "$(curl -s --cacert "$AUTHORITY_DIR/ca.crt" "$AUTHORITY_URL/metrics" |
    grep ^authority_signer_until)" ] || fail "a metric of no signer"
must rotate --root "$D/vault/root.pem" --until "$(date -u -d '+20 days' +%F)"
hup; wait_until 10 says "the signer's time is over on" || fail "a near end is not said"
curl -s --cacert "$AUTHORITY_DIR/ca.crt" "$AUTHORITY_URL/metrics" |
	grep -q '^authority_signer_until_timestamp_seconds 1' ||
	fail "there is no metric of the signer's end"
must list; grep -q "key rotate, soon" "$D/out" || fail "key list: $(cat "$D/out")"
"$B/leaseline-authority" key list --dir "$AUTHORITY_DIR" --json |
	python3 -m json.tool > /dev/null || fail "key list --json is not JSON"
"$B/leaseline-authority" key rotate --request --certificate x \
	--dir "$AUTHORITY_DIR" 2> "$D/err"; equal "wrong usage" $? 2
for event in key-rotate key-revoke key-retire; do
	"$B/leaseline-authority" events --dir "$AUTHORITY_DIR" |
		grep -q " $event " || fail "no event $event"
done
say "keys: ok"

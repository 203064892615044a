#!/bin/sh
# SPDX-License-Identifier: ISC
# Goal: addresses as they are met in the field, in a network of its own: a
# pool, an IPv6 /64, a machine that moves before and after it was approved, a
# NAT, reverse proxies and what is forged through them, the agent behind an
# HTTP proxy. Refused or not, the lease in hand runs on.
[ "$(id -u)" = 0 ] || { echo "not root: it makes network namespaces"; exit 77; }
if [ -z "$ADDRESS_INSIDE" ]; then
	unshare -n -m true 2>/dev/null ||
		{ echo "this kernel lets nobody make a namespace here"; exit 77; }
	ADDRESS_INSIDE=1 exec unshare -n -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
mkdir -p /run/netns && mount -t tmpfs none /run/netns || die "no /run/netns"
ip link set lo up
SNMP_ENABLED=no
make_directory "$(mktemp -d "${TMPDIR:-/tmp}/address.XXXXXX")"
CLIENT=$B/tests/lease_client
BOXES=
finish() {
	for pid in $BOXES; do stop_pid "$pid"; done
	stop_all
	[ -n "$KEEP" ] || rm -rf "$D"
}
trap finish EXIT
trap 'exit 130' INT TERM
fail() {
	printf 'address: %s\n' "$*" >&2
	tail -n 15 "$LOG_FILE" "$D/authority.log" >&2
	exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1 is '$2' where '$3' was expected"; }
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"; }
told() { printf 'address: %-34s %s\n' "$1" "$2"; }

# The internet is a bridge; the machine "m" is on it with what it is given.
# Its own address: else it takes one of a port, and neighbors lose it.
ip link add net0 address 02:00:00:00:00:01 type bridge && ip link set net0 up || die "no bridge"
for a in 198.51.100.1 198.51.100.30 198.51.100.40 198.51.100.41 203.0.113.1 10.0.0.1; do
	ip addr add $a/24 dev net0
done
for a in a b; do ip addr add 2001:db8:$a::1/64 dev net0 nodad; done
machine() { # machine NAME: a namespace on the bridge
	ip netns add "$1" && ip link add "v$1" type veth peer name eth0 netns "$1" &&
		ip link set "v$1" master net0 up || die "no machine $1"
	ip -n "$1" link set lo up; ip -n "$1" link set eth0 up
}
# at NAME ADDRESS...: the machine has these addresses and no other.
at() {
	name=$1; shift
	ip -n "$name" addr flush dev eth0 scope global
	for a; do ip -n "$name" addr add "$a" dev eth0 $(case $a in *:*) echo nodad;; esac); done
	ip -n "$name" route replace default via 198.51.100.1 2>/dev/null ||
		ip -n "$name" route replace default via 203.0.113.1 2>/dev/null
	return 0
}
machine m; machine other

authority() { "$B/leaseline-authority" "$@" --dir "$AUTHORITY_DIR"; }
sell() { authority subscription add --customer "Example ISP" --product "FastNetMon Advanced" \
	--kind production --mbits 10000 --billing annual \
	--term-end "$(date -u -d '+300 days' +%F)" "$@" | tail -n 1; }
start() { # start the authority: OPTION...
	stop_pid "$AUTHORITY_PID"
	rm -f "$D/ports"
	"$B/leaseline-authority" serve --dir "$AUTHORITY_DIR" --listen "198.51.100.1:8443" \
		--listen "[2001:db8:a::1]:8443" \
		--port-file "$D/ports" "$@" >> "$D/authority.log" 2>&1 &
	AUTHORITY_PID=$!
	wait_until 10 test -s "$D/ports" || die "the authority does not start: $(cat "$D/authority.log")"
}
agent_serves() { "$FCLI" show license_status > /dev/null 2>&1; [ $? -le 1 ] && alive "$AGENT_PID" && [ -S "$S/control.sock" ]; }
# agent URL [LINE...]: a machine that was never seen, in "m".
agent() {
	AUTHORITY_URL=$1; SOURCE_LINES=$2
	stop_pid "$AGENT_PID"
	rm -rf "$D/state" "$D/license.lic"; mkdir -m 700 "$D/state"
	write_config
	AGENT_PREFIX="ip netns exec m $AGENT_ENV"
	start_agent || fail "the agent does not start"
}
again() { stop_pid "$AGENT_PID"; start_agent || fail "the agent does not start"; }
renew() { "$FCLI" set renew_license > "$D/said" 2>&1; }
renewed() { renew || fail "$1: not refreshed: $(cat "$D/said")"; told "$1" "refreshed"; }
json() { "$FCLI" --json show license | python3 -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1]) or "")' "$1"; }
# refused WHAT: address_changed, on every side, and the license goes on.
refused() {
	renew && fail "$1: refreshed"
	says "$D/said" "is not assigned to it"
	"$FCLI" show license > "$D/line" || fail "$1: not usable: $(cat "$D/line")"
	equal "$1: reason" "$(json reason)" address_changed
	told "$1" "refused, usable"
}
key() { authority machine list --subscription "$1" | sed -n 's/^\([^ ]*=\) .*live.*/\1/p'; }
assigned() { authority subscription show "$1" | sed -n 's/^addresses  *//p'; }
seen() { authority machine show "$(key "$1")" | sed -n 's/^external_address  *//p'; }
events() { authority events --subscription "$1" | grep -c " $2 "; }

AUTHORITY_DIR=$D/authority
"$B/leaseline-authority" init --dir "$AUTHORITY_DIR" --name 198.51.100.1 --name 2001:db8:a::1 \
	--name 198.51.100.40 --name 198.51.100.41 --name 10.0.0.1 > "$D/init.out" 2>&1 || die "$(cat "$D/init.out")"
start
V4=https://198.51.100.1:8443
V6="https://[2001:db8:a::1]:8443"

# A pool: it moves inside as it likes.
POOL=$(sell --external 198.51.100.0/24)
at m 198.51.100.10/24
agent $V4
wait_until 15 usable || fail "the pool: no license"
equal "the address seen" "$(json address_ipv4)" 198.51.100.10
at m 198.51.100.11/24; again
renewed "elsewhere in the pool"
equal "the address seen" "$(seen "$POOL")" 198.51.100.11
# A second address, and even another source, is no move.
at m 198.51.100.11/24 198.51.100.12/24
ip -n m route replace 198.51.100.0/24 dev eth0 src 198.51.100.12; again
renewed "a second address is the source"
equal "internal address" "$(json internal_address)" 198.51.100.11

# It moves away: refused on both sides in words, then approved.
at m 203.0.113.10/24; again
refused "another network"
"$FCLI" show license_status > "$D/status"
says "$D/status" "seen at 203.0.113.10 (internal address 203.0.113.10)"
says "$D/status" "Ask the vendor to approve this machine's new address"
says "$LOG_FILE" "is not refreshed: the address of this machine changed. Ask the"
says "$LOG_FILE" "The authority refuses main: address_changed: This machine is seen at 203.0.113.10"
authority events --subscription "$POOL" > "$D/events"
says "$D/events" "assigned 198.51.100.0/24 internal 198.51.100.10; seen 203.0.113.10"
says "$D/events" "approve-address --external 203.0.113.10"
authority machine show "$(key "$POOL")" > "$D/machine"
says "$D/machine" "subscription approve-address"
says "$D/machine" "address_changed"
renew; equal "one event of one address" "$(events "$POOL" refuse-address-changed)" 1
authority subscription approve-address "$POOL" --external 203.0.113.10 > /dev/null
renewed "approved after"
equal "reason" "$(json reason)" none
equal "assigned" "$(assigned "$POOL")" "203.0.113.10/32 internal 203.0.113.10"

# Approved ahead: both are good until the first refresh from the new one.
authority subscription approve-address "$POOL" --external 203.0.113.77 > /dev/null
renewed "approved ahead, from the old one"
says_both=$(assigned "$POOL")
equal "assigned" "$says_both" "203.0.113.10/32 internal 203.0.113.10, 203.0.113.77/32 (approved, not used yet)"
at m 203.0.113.77/24; again
renewed "approved ahead, from the new one"
equal "assigned" "$(assigned "$POOL")" "203.0.113.77/32 internal 203.0.113.77"
at m 203.0.113.10/24; again
refused "back to the old one"
stop_pid "$AGENT_PID"
authority subscription cancel --now "$POOL" > /dev/null

# IPv6: the /64 counts, whatever the host's part is. What is sent comes from a
# privacy address of the kernel's, which changes; the machine says its own.
private() { # private ADDRESS: with a new privacy address beside it
	at m && ip -n m addr add "$1/64" dev eth0 nodad mngtmpaddr valid_lft 86400 preferred_lft 80000
	wait_until 5 sends_privately "$1" || die "the kernel makes no privacy address"
}
sends_privately() { ip -n m route get 2001:db8:a::1 | grep -o 'src [^ ]*' > "$D/src" && ! grep -qF "src $1" "$D/src"; }
ip netns exec m sysctl -qw net.ipv6.conf.eth0.use_tempaddr=2 net.ipv6.conf.eth0.accept_dad=0
SIX=$(sell --external 2001:db8:a::10)
private 2001:db8:a::10
agent "$V6"
wait_until 15 usable || fail "IPv6: no license: $("$FCLI" show license_status)"
equal "assigned" "$(assigned "$SIX")" "2001:db8:a::/64 internal 2001:db8:a::10"
equal "the address seen" "src $(seen "$SIX")" "$(cat "$D/src")"
private 2001:db8:a::10; again
renewed "another privacy address"
equal "the address seen" "src $(seen "$SIX")" "$(cat "$D/src")"
equal "internal address" "$(json internal_address)" 2001:db8:a::10
ip netns exec m sysctl -qw net.ipv6.conf.eth0.use_tempaddr=0
at m 2001:db8:a::beef/64; again
renewed "another host in the /64"
equal "the address seen" "$(seen "$SIX")" "2001:db8:a::beef"
at m 2001:db8:b::10/64
ip -n m -6 route replace 2001:db8:a::/64 dev eth0; ip route replace 2001:db8:b::/64 dev net0; again
refused "another /64"
stop_pid "$AGENT_PID"
authority subscription cancel --now "$SIX" > /dev/null

# A NAT: two machines at one external address, told apart by the internal.
python3 "$ROOT/tests/integration/boxes.py" nat 10.0.0.1 8443 198.51.100.30 198.51.100.1 8443 > "$D/nat" 2>&1 & BOXES="$BOXES $!"
wait_until 5 test -s "$D/nat" || die "no NAT"
ask() { # ask KEY INTERNAL [SEQUENCE]: through the NAT: "STATUS what is read"
	"$CLIENT" make "$D/$1.pem" "product=FastNetMon Advanced" "internal-address=$2" ${3:+"sequence=$3"} > "$D/request"
	post https://10.0.0.1:8443
}
post() { # post URL [CURL-OPTION...]: of $D/request
	url=$1; shift
	status=$(curl -s -m 10 -o "$D/answer" -w '%{http_code}' --cacert "$AUTHORITY_DIR/ca.crt" "$@" \
		-H 'Content-Type: text/plain' --data-binary "@$D/request" "$url/v1/lease")
	say "$status $("$CLIENT" read "$AUTHORITY_DIR/root.pub" "$D/request" "$D/answer" "$status" | cut -d' ' -f1-2)"
}
ONE=$(sell --external 198.51.100.30 --internal 10.0.0.5)
TWO=$(sell --external 198.51.100.30 --internal 10.0.0.6)
equal "behind the NAT, one" "$(ask one 10.0.0.5)" "200 license 1"
equal "behind the NAT, two" "$(ask two 10.0.0.6)" "200 license 1"
equal "behind the NAT, one again" "$(ask one 10.0.0.5 1)" "200 license 2"
equal "behind the NAT, a third" "$(ask three 10.0.0.7)" "403 refusal unknown_machine"
equal "behind the NAT, one as two" "$(ask one 10.0.0.6 2)" "403 refusal address_changed"
equal "the address seen" "$(seen "$TWO")" 198.51.100.30
equal "nobody took another's" "$(events "$ONE" take-over)$(events "$TWO" take-over)" 00
told "two behind one NAT" "each its own, a third unknown"

# Reverse proxies: first trusted by nobody, then both.
reverse() { python3 "$ROOT/tests/integration/boxes.py" reverse "$1" 8443 "$AUTHORITY_DIR/server.crt" \
	"$AUTHORITY_DIR/server.key" "$AUTHORITY_DIR/ca.crt" "$2" 8443 > "$D/box.$1" 2>&1 & BOXES="$BOXES $!"
	wait_until 5 test -s "$D/box.$1" || die "no proxy $1"; }
reverse 198.51.100.41 198.51.100.1
reverse 198.51.100.40 198.51.100.41
at m 198.51.100.10/24; at other 198.51.100.66/24
MOVED=$(sell --external 198.51.100.10)
agent https://198.51.100.41:8443
wait_until 15 has_line "$LOG_FILE" "seen at 198.51.100.41" || fail "a proxy nobody trusts: $(cat "$LOG_FILE")"
says "$D/authority.log" "198.51.100.41 sends X-Forwarded-For and is no --trusted-proxy"
start --trusted-proxy 198.51.100.40 --trusted-proxy 198.51.100.41/32
renewed "through one proxy"
equal "the address seen" "$(seen "$MOVED")" 198.51.100.10
sed -i 's/198.51.100.41:8443/198.51.100.40:8443/' "$CONFIG"; again
renewed "through two proxies"
equal "the address seen" "$(seen "$MOVED")" 198.51.100.10
says "$LOG_FILE" "External IP address of this server: 198.51.100.10"
stop_pid "$AGENT_PID"

# Another machine claims that address: to no proxy, through one, through two.
forge() { # forge URL HEADER...: a new key asks from "other"
	rm -f "$D/thief.pem"
	"$CLIENT" make "$D/thief.pem" "product=FastNetMon Advanced" "internal-address=198.51.100.10" > "$D/request"
	url=$1; shift
	status=$(ip netns exec other curl -s -m 10 -o "$D/answer" -w '%{http_code}' --cacert "$AUTHORITY_DIR/ca.crt" \
		"$@" -H 'Content-Type: text/plain' --data-binary "@$D/request" "$url/v1/lease")
	equal "forged ($*)" "$status $(sed -n 's/^external-address //p' "$D/answer") $(sed -n 's/^reason //p' "$D/answer")" \
		"403 198.51.100.66 unknown-machine"
}
for url in $V4 https://198.51.100.41:8443 https://198.51.100.40:8443; do
	forge $url -H "X-Forwarded-For: 198.51.100.10"
	forge $url -H "X-Forwarded-For: 198.51.100.10, 198.51.100.40, 198.51.100.41"
	forge $url -H "X-Forwarded-For: 198.51.100.10" -H "X-Forwarded-For: 198.51.100.41"
	forge $url -H "X-Forwarded-For: [::1]:80, unknown, <x>, 198.51.100.10:1,, ,"
	forge $url -H "Forwarded: for=198.51.100.10" -H "X-Real-IP: 198.51.100.10"
done
forge $V4 -H "X-Forwarded-For: $(python3 -c 'print("198.51.100.10, " * 400)')"
equal "nobody took it over" "$(events "$MOVED" take-over)" 0
told "16 forged headers" "each seen at its true address"

# The agent behind an HTTP proxy that wants a password.
forward() { python3 "$ROOT/tests/integration/boxes.py" forward 198.51.100.30 "$1" "$D/proxy.log" $2 > "$D/box.$1" 2>&1 & BOXES="$BOXES $!"
	wait_until 5 test -s "$D/box.$1" || die "no HTTP proxy"; }
forward 3128 operator:s3cretword; forward 3129
BEHIND=$(sell --external 198.51.100.30 --internal 198.51.100.10)
AGENT_ENV="env no_proxy=* NO_PROXY=* https_proxy=http://198.51.100.30:1"
agent $V4 "proxy = http://operator:s3cretword@198.51.100.30:3128"
wait_until 15 usable || fail "behind a proxy: no license"
says "$D/proxy.log" "198.51.100.10 198.51.100.1:8443 passed"
equal "the address seen" "$(seen "$BEHIND")" 198.51.100.30
"$B/leaselined" -n -c "$CONFIG" > "$D/echo" || fail "-n: $(cat "$D/echo")"
says "$D/echo" "proxy = http://operator:***@198.51.100.30:3128"
tr '\0' ' ' < /proc/$AGENT_PID/cmdline > "$D/cmdline"
sed -i 's/s3cretword@/wr0ngword@/' "$CONFIG"
"$FCLI" commit > "$D/said" 2>&1 && fail "a wrong password is taken"
says "$D/proxy.log" "refused"
usable > /dev/null || fail "a proxy's refusal ended the lease"
says "$D/said" "407"
"$FCLI" show license_status > "$D/status"
grep -lE 's3cretword|wr0ngword' "$LOG_FILE" "$D/said" "$D/status" "$D/echo" "$D/cmdline" "$D/agent.err" "$D/authority.log" &&
	fail "the proxy's password is shown"
AGENT_ENV="env https_proxy=http://198.51.100.30:3129"
sed -i 's/^proxy = .*/proxy = environment/' "$CONFIG"
AGENT_PREFIX="ip netns exec m $AGENT_ENV"; again
before=$(wc -l < "$D/proxy.log")
renewed "an HTTP proxy of the environment"
[ "$(wc -l < "$D/proxy.log")" -gt "$before" ] || fail "the environment's proxy was not used"
told "an HTTP proxy with a password" "used, and the password shown nowhere"
say "address: a machine that moves is refused in words, keeps its lease, and is let in by one command"
